/** Recognises scripts that do nothing but run other scripts: `npm run a & npm run b`, concurrently, npm-run-all. */
import { shellCommands } from "./shell-words.ts";

/** Scripts that run side by side; steps follow one another. */
export type ScriptStep = readonly string[];

/** How deep scripts that run scripts are followed. */
const MAX_DEPTH = 8;

/** The scripts of a package, and whether what they do with docker compose is done by services of their own. */
export interface ScriptWorld {
  readonly scripts: ReadonlyMap<string, string>;
  /** Then steps that only bring up the project's containers are left out. */
  readonly hasCompose: boolean;
}

/** The steps of a script that only runs other scripts of the same package, or null where it does anything else itself. */
export function scriptSteps(name: string, world: ScriptWorld): readonly ScriptStep[] | null {
  const steps = stepsOf(world.scripts.get(name) ?? "", world);
  return steps === null || steps.length === 0 ? null : expand(steps, world, new Set([name]), 0);
}

function expand(
  steps: readonly ScriptStep[],
  world: ScriptWorld,
  above: ReadonlySet<string>,
  depth: number,
): readonly ScriptStep[] | null {
  const result: ScriptStep[] = [];
  for (const step of steps) {
    const members: string[] = [];
    for (const name of step) {
      // A script that runs itself is nothing to take apart.
      if (above.has(name) || depth > MAX_DEPTH) return null;
      const inner = stepsOf(world.scripts.get(name) ?? "", world);
      // It does nothing but bring up containers.
      if (inner?.length === 0) continue;
      const expanded = inner === null ? null : expand(inner, world, new Set([...above, name]), depth + 1);
      if (expanded === null) members.push(name);
      else if (expanded.length === 1) members.push(...(expanded[0] ?? []));
      else if (step.length === 1) result.push(...expanded);
      // Steps inside one of several parallel branches have no place in one list of steps; the branch stays whole.
      else members.push(name);
    }
    if (members.length > 0) result.push([...new Set(members)]);
  }
  return result;
}

function stepsOf(text: string, { scripts, hasCompose }: ScriptWorld): readonly ScriptStep[] | null {
  const commands = shellCommands(text)?.filter(
    (command) => !(command.words.length === 1 && command.words[0] === "wait"),
  );
  if (commands === undefined || commands.length === 0) return null;
  const operators = new Set(commands.slice(0, -1).map((command) => command.operator));
  if (commands.at(-1)?.operator === "&") operators.add("&");
  if (operators.has("||") || operators.has("|")) return null;
  const parallel = operators.has("&");
  if (parallel && operators.size > 1) return null;
  const steps: ScriptStep[] = [];
  for (const { words } of commands) {
    if (hasCompose && isComposeUp(words)) continue;
    const found = runsOf(words, scripts);
    if (found === null) return null;
    steps.push(...found);
  }
  return parallel ? [steps.flat()] : steps;
}

/** `docker compose up …` of the project's own file: what it starts is detected as services. */
export function isComposeUp(words: readonly string[]): boolean {
  const [program, ...rest] = words;
  const isCompose = program === "docker-compose" || (program === "docker" && rest[0] === "compose");
  return isCompose && rest.includes("up") && !rest.includes("-f") && !rest.some((word) => word.startsWith("--file"));
}

/** What one command runs, where it runs scripts of this package and nothing else. */
function runsOf(words: readonly string[], scripts: ReadonlyMap<string, string>): readonly ScriptStep[] | null {
  const [program = "", ...rest] = words;
  if (program === "concurrently" || program === "conc") return concurrentlyRuns(rest, scripts);
  if (program === "run-p" || program === "run-s" || program === "npm-run-all" || program === "npm-run-all2") {
    return npmRunAllRuns(program, rest, scripts);
  }
  const name = scriptReference(words, scripts);
  return name === null ? null : [[name]];
}

const runners = new Set(["npm", "pnpm", "yarn", "bun"]);

/** The script that `npm run NAME` and its relatives name; null where arguments or another folder change its meaning. */
export function scriptReference(words: readonly string[], scripts: ReadonlyMap<string, string>): string | null {
  const [program = "", ...rest] = words;
  if (program === "node" && rest[0] === "--run" && rest.length === 2) return known(rest[1], scripts);
  if (!runners.has(program)) return null;
  const quiet = new Set(["--silent", "-s", "--quiet", "-q"]);
  const plain = rest.filter((word) => !quiet.has(word));
  if (plain.length === 2 && (plain[0] === "run" || plain[0] === "run-script")) return known(plain[1], scripts);
  if (plain.length !== 1) return null;
  // `npm start` is a script; `npm install` is not. The others run any script by its bare name.
  return program === "npm" && plain[0] !== "start" ? null : known(plain[0], scripts);
}

function known(name: string | undefined, scripts: ReadonlyMap<string, string>): string | null {
  return name !== undefined && scripts.has(name) ? name : null;
}

/** Options of concurrently that are followed by a value. */
const concurrentlyValues = new Set(
  (
    "-n --names -c --prefix-colors -p --prefix -s --success -l --prefix-length -m --max-processes -t --timestamp-format " +
    "--restart-tries --restart-after --hide --default-input-target --name-separator --kill-signal --kill-timeout"
  ).split(" "),
);

function concurrentlyRuns(
  words: readonly string[],
  scripts: ReadonlyMap<string, string>,
): readonly ScriptStep[] | null {
  const members: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word.startsWith("-")) {
      if (concurrentlyValues.has(word)) index += 1;
      continue;
    }
    const short = /^(?:npm|pnpm|yarn|bun|node):(.+)$/.exec(word)?.[1];
    const names = short === undefined ? referenced(word, scripts) : matching(short, scripts);
    if (names === null) return null;
    members.push(...names);
  }
  return members.length === 0 ? null : [members];
}

function referenced(text: string, scripts: ReadonlyMap<string, string>): readonly string[] | null {
  const commands = shellCommands(text);
  const only = commands?.length === 1 ? commands[0] : undefined;
  const name = only === undefined ? null : scriptReference(only.words, scripts);
  return name === null ? null : [name];
}

function npmRunAllRuns(
  program: string,
  words: readonly string[],
  scripts: ReadonlyMap<string, string>,
): readonly ScriptStep[] | null {
  const steps: string[][] = [];
  let parallel = program === "run-p";
  let group: string[] | null = null;
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
      const names = matching(word, scripts);
      if (names === null) return null;
      if (!parallel) steps.push(...names.map((name) => [name]));
      else if (group === null) steps.push((group = [...names]));
      else group.push(...names);
    }
  }
  return steps.length === 0 ? null : steps;
}

/** The scripts that a name or a pattern means: `*` stands for anything but a colon, `**` for anything. */
function matching(pattern: string, scripts: ReadonlyMap<string, string>): readonly string[] | null {
  if (scripts.has(pattern)) return [pattern];
  if (!/^[\w:.@/*-]+$/.test(pattern) || !pattern.includes("*")) return null;
  const expression = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^:]*" : part.replaceAll(/[.\\]/g, "\\$&")))
    .join("");
  const names = [...scripts.keys()].filter((name) => new RegExp(`^${expression}$`).test(name));
  return names.length === 0 ? null : names;
}

/** Every script that a text mentions as one it runs, however it does that. Used to start nothing twice. */
export function mentionedScripts(text: string, scripts: ReadonlyMap<string, string>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: string, depth: number) => {
    for (const { words } of shellCommands(part) ?? []) {
      for (const name of runsOf(words, scripts)?.flat() ?? []) found.add(name);
      for (const word of words) {
        if (word.includes(" ") && depth < 2) visit(word, depth + 1);
        const short = /^(?:npm|pnpm|yarn|bun):(.+)$/.exec(word)?.[1];
        for (const name of short === undefined ? [] : (matching(short, scripts) ?? [])) found.add(name);
      }
      const run = words.findIndex((word) => word === "run" || word === "run-script");
      const name = runners.has(words[0] ?? "") && run > 0 ? known(words[run + 1], scripts) : null;
      if (name !== null) found.add(name);
    }
  };
  visit(text, 0);
  return found;
}
