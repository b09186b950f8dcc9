/** Recognises scripts that do nothing but run other scripts: `npm run a & npm run b`, concurrently, npm-run-all. */
import { scriptReference } from "./script-reference.ts";
import { keyParts, scriptKey, type ScriptBook } from "./script-book.ts";
import { matching, plainRun, type ScriptRun } from "./script-patterns.ts";
import { isMovableWrapper, wrapperLength } from "./secret-wrappers.ts";
import { bareCommand, shellCommands } from "./shell-words.ts";

/** Scripts that run side by side; steps follow one another. */
export type ScriptStep = readonly ScriptRun[];

/** How deep scripts that run scripts are followed, and how many of them for one. */
const MAX_DEPTH = 8;
const MAX_EXPANDED = 1_000;

/** The scripts of a project, and whether what they do with docker compose is done by services of their own. */
export interface ScriptWorld {
  readonly book: ScriptBook;
  /** Then steps that only bring up the project's containers are left out. */
  readonly hasCompose: boolean;
}

/** The steps of a script that only runs other scripts of the project, or null where it does anything else itself. */
export function scriptSteps(key: string, world: ScriptWorld): readonly ScriptStep[] | null {
  const steps = stepsOf(key, world);
  return steps === null || steps.length === 0 ? null : expand(steps, world, new Set([key]), { left: MAX_EXPANDED });
}

function expand(
  all: readonly ScriptStep[],
  world: ScriptWorld,
  above: ReadonlySet<string>,
  budget: { left: number },
): readonly ScriptStep[] | null {
  const result: ScriptStep[] = [];
  for (const step of all) {
    const members: ScriptRun[] = [];
    for (const run of step) {
      // A script that runs itself is nothing to take apart.
      budget.left -= 1;
      if (above.has(run.key) || above.size > MAX_DEPTH || budget.left < 0) return null;
      const steps = stepsOf(run.key, world);
      // It does nothing but bring up containers.
      if (steps?.length === 0) continue;
      const expanded = steps === null ? null : expand(steps, world, new Set([...above, run.key]), budget);
      const inner = expanded?.map((part) => part.map((one) => inWrapper(one, run.wrapper))) ?? null;
      const leaves = inner?.flat().some((one) => leavesWrapper(one, keyParts(run.key).folder)) === true;
      const wrapped = leaves ? null : inner;
      if (wrapped === null) members.push(run);
      else if (wrapped.length === 1) members.push(...(wrapped[0] ?? []));
      else if (step.length === 1) result.push(...wrapped);
      // Steps inside one of several parallel branches have no place in one list of steps; the branch stays whole.
      else members.push(run);
    }
    if (members.length > 0) result.push(once(members));
  }
  return result;
}

function once(runs: readonly ScriptRun[]): readonly ScriptRun[] {
  return [...new Map(runs.map((run) => [run.key, run])).values()];
}

/** A script in a wrapper that already has one inside keeps both, the outer one in front. */
function inWrapper(run: ScriptRun, wrapper: readonly string[]): ScriptRun {
  return wrapper.length === 0 ? run : { ...run, wrapper: [...wrapper, ...run.wrapper] };
}

function stepsOf(key: string, { book, hasCompose }: ScriptWorld): readonly ScriptStep[] | null {
  const commands = shellCommands(book.texts.get(key) ?? "")?.filter(
    (command) => !(command.words.length === 1 && command.words[0] === "wait"),
  );
  if (commands === undefined || commands.length === 0) return null;
  let { folder } = keyParts(key);
  const moves = (words: readonly string[]) => words[0] === "cd" && words.length === 2;
  const operators = new Set(commands.slice(0, -1).map((command) => command.operator));
  if (commands.at(-1)?.operator === "&") operators.add("&");
  if (operators.has("||") || operators.has("|")) return null;
  const parallel = operators.has("&");
  if (parallel && operators.size > 1) return null;
  const steps: ScriptStep[] = [];
  for (const { words } of commands) {
    if (hasCompose && isComposeUp(words)) continue;
    if (moves(words) && !parallel) {
      const next = book.folderAt(folder, words[1] ?? "");
      if (next === null) return null;
      folder = next;
      continue;
    }
    const found = runsOf(words, book, folder);
    if (found === null || found.flat().some((run) => leavesWrapper(run, folder))) return null;
    steps.push(...found);
  }
  return parallel ? [once(steps.flat())] : steps;
}

/** A wrapper that reads a file of its folder cannot be put in front of a script in another one. */
function leavesWrapper({ key, wrapper }: ScriptRun, folder: string): boolean {
  return wrapper.length > 0 && keyParts(key).folder !== folder && !isMovableWrapper(wrapper);
}

/** `docker compose up …` of the project's own file: what it starts is detected as services. */
export function isComposeUp(words: readonly string[]): boolean {
  const [program, ...rest] = words;
  const isCompose = program === "docker-compose" || (program === "docker" && rest[0] === "compose");
  return isCompose && rest.includes("up") && !rest.includes("-f") && !rest.some((word) => word.startsWith("--file"));
}

/** What one command runs, where it runs scripts of this project and nothing else. */
function runsOf(words: readonly string[], book: ScriptBook, folder: string): readonly ScriptStep[] | null {
  const length = wrapperLength(words);
  if (length > 0) {
    const wrapper = words.slice(0, length);
    const inner = runsOf(words.slice(length), book, folder);
    return inner?.map((step) => step.map((run) => inWrapper(run, wrapper))) ?? null;
  }
  const [program = "", ...rest] = words;
  if (program === "concurrently" || program === "conc") return concurrentlyRuns(rest, book, folder);
  if (program === "run-p" || program === "run-s" || program === "npm-run-all" || program === "npm-run-all2") {
    return npmRunAllRuns(program, rest, book, folder);
  }
  const key = scriptReference(words, book, folder);
  return key === null ? null : [[plainRun(key)]];
}

/** Options of concurrently that are followed by a value. */
export const concurrentlyValues: ReadonlySet<string> = new Set(
  (
    "-n --names -c --prefix-colors -p --prefix -s --success -l --prefix-length -m --max-processes -t --timestamp-format " +
    "--restart-tries --restart-after --hide --default-input-target --name-separator --kill-signal --kill-timeout"
  ).split(" "),
);

function concurrentlyRuns(words: readonly string[], book: ScriptBook, folder: string): readonly ScriptStep[] | null {
  const members: ScriptRun[] = [];
  const seen = new Set<string>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word.startsWith("-")) {
      if (concurrentlyValues.has(word)) index += 1;
      continue;
    }
    if (seen.has(word)) continue;
    seen.add(word);
    const short = /^(?:npm|pnpm|yarn|bun|node):(.+)$/.exec(word)?.[1];
    const runs = short === undefined ? referenced(word, book, folder) : matching(short, book, folder);
    if (runs === null) return null;
    members.push(...runs);
  }
  return members.length === 0 ? null : [once(members)];
}

/** What a quoted member runs: one script, perhaps after a change of folder. */
function referenced(text: string, book: ScriptBook, folder: string): readonly ScriptRun[] | null {
  const commands = shellCommands(text);
  if (commands === null || commands.length === 0 || commands.length > 2) return null;
  let place = folder;
  const [first, second] = commands;
  if (second !== undefined) {
    if (first?.words[0] !== "cd" || first.words.length !== 2 || first.operator !== "&&") return null;
    const moved = book.folderAt(folder, first.words[1] ?? "");
    if (moved === null) return null;
    place = moved;
  }
  const found = runsOf((second ?? first)?.words ?? [], book, place);
  return found?.length === 1 ? (found[0] ?? null) : null;
}

function npmRunAllRuns(
  program: string,
  words: readonly string[],
  book: ScriptBook,
  folder: string,
): readonly ScriptStep[] | null {
  const steps: ScriptRun[][] = [];
  let parallel = program === "run-p";
  let group: ScriptRun[] | null = null;
  for (const word of words) {
    if (["-p", "--parallel", "-s", "--serial", "--sequential"].includes(word)) {
      // On run-p and run-s, `-s` means silent.
      if (program.startsWith("npm-run-all")) parallel = word === "-p" || word === "--parallel";
      group = null;
    } else if (/^-[lnrcs]+$/.test(word) || /^--(print|continue|npm|race|silent)/.test(word)) {
      continue;
    } else if (word.startsWith("-")) {
      return null;
    } else {
      const runs = matching(word, book, folder);
      if (runs === null) return null;
      if (!parallel) steps.push(...runs.map((run) => [run]));
      else if (group === null) steps.push((group = [...runs]));
      else group.push(...runs);
    }
  }
  return steps.length === 0 ? null : steps;
}

const mentions = new WeakMap<ScriptBook, Map<string, ReadonlySet<string>>>();

/** Every script that a script mentions as one it runs, however it does that, by key. Used to start nothing twice. */
export function mentionedScripts(key: string, book: ScriptBook): ReadonlySet<string> {
  const known = mentions.get(book) ?? new Map<string, ReadonlySet<string>>();
  mentions.set(book, known);
  const found = known.get(key) ?? mentionedInText(book.texts.get(key) ?? "", book, keyParts(key).folder);
  known.set(key, found);
  return found;
}

/** The same for a text that is run in a folder. */
export function mentionedInText(text: string, book: ScriptBook, from = ""): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: string, depth: number) => {
    let folder: string | null = from;
    for (const { words } of shellCommands(part) ?? []) {
      if (words[0] === "cd" && folder !== null) folder = book.folderAt(folder, words[1] ?? "");
      if (folder === null) continue;
      for (const { key } of runsOf(words, book, folder)?.flat() ?? []) found.add(key);
      // Also with options that nobody knows here, so that it is not taken apart: what it names, it runs.
      const [program = "", ...names] = bareCommand(words).words;
      for (const name of /^(?:run-[ps]|npm-run-all2?)$/.test(program) ? names : []) {
        for (const { key } of matching(name, book, folder) ?? []) found.add(key);
      }
      for (const word of words) {
        if (word.includes(" ") && depth < 2) visit(word, depth + 1);
        const short = /^(?:npm|pnpm|yarn|bun):(.+)$/.exec(word)?.[1];
        for (const { key } of short === undefined ? [] : (matching(short, book, folder) ?? [])) found.add(key);
      }
      // `npm run NAME -- --more`: whatever else stands there, it runs NAME.
      const run = words.findIndex((word) => word === "run" || word === "run-script");
      const key = scriptKey(folder, words[run + 1] ?? "");
      if (run > 0 && /^(?:npm|pnpm|yarn|bun)$/.test(words[0] ?? "") && book.texts.has(key)) found.add(key);
    }
  };
  visit(text, 0);
  return found;
}
