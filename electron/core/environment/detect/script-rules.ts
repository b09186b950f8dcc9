/**
 * Which scripts of a project keep running while one works on it. The rules, and why, stand in docs/environment.md; the aim is
 * that nothing is started that its author would not have started to work on the project.
 */
import { keyParts, scriptKey, type ScriptBook } from "./script-book.ts";
import { isComposeUp, mentionedInText, mentionedScripts, scriptSteps, type ScriptWorld } from "./script-parts.ts";
import type { ScriptRun } from "./script-patterns.ts";
import { workspaceRuns } from "./script-runners.ts";
import { isTaskName } from "./script-tasks.ts";
import { programOf, shellCommands } from "./shell-words.ts";

export interface ScriptChoice {
  /** Scripts that keep running, in the order of the file. */
  readonly services: readonly ScriptRun[];
  /** Scripts that bring up containers themselves while the containers are services of their own. */
  readonly composeRunners: readonly string[];
}

/** What the other sources of the folder already bring, and a script must not start again. */
export interface OtherSources {
  /** The folder's containers are services of their own. */
  readonly hasCompose: boolean;
  readonly hasProcfile: boolean;
  /** The commands of lists of processes, such as a development Procfile. */
  readonly procfile: readonly string[];
  /** Scripts that are services although one of those commands is the same. */
  readonly wanted: ReadonlySet<string>;
}

type Scripts = ReadonlyMap<string, string>;

/** Scripts that are looked at, and services that are made of them: more is no list that somebody wrote. */
const MAX_SCRIPTS = 1_000;
const MAX_SERVICES = 50;

/** Scripts that are the whole of development, most telling first. */
const rootNames = ["dev", "dev:all", "develop", "start:dev", "start", "serve"];
/** `dev:NAME` with one of these is another way to run `dev`, or no server at all. */
const variants = new Set(
  (
    "debug inspect turbo turbopack webpack https ssl host expose lan network prod production staging test e2e ci docker " +
    "compose clean reset setup install build all verbose mock mocks offline once force profile trace deps stop down kill " +
    "tunnel remote preview open wait check lint format generate codegen migrate seed"
  ).split(" "),
);
/** Servers that projects call by their trade. */
const trades = [
  "server",
  "api",
  "backend",
  "web",
  "client",
  "frontend",
  "worker",
  "workers",
  "queue",
  "scheduler",
  "jobs",
];

/** Chooses from the scripts of the project's own package.json; what they run may stand in others. `tasks`: run anyway. */
export function chooseScripts(book: ScriptBook, others: OtherSources, tasks: ReadonlySet<string>): ScriptChoice {
  const scripts: Scripts = new Map([...book.own].slice(0, MAX_SCRIPTS));
  const root = rootScript(scripts, others.hasProcfile);
  const composed = root === null ? null : partsOf(root, { book, hasCompose: others.hasCompose }, tasks);
  let services: readonly ScriptRun[];
  if (composed !== null) {
    // The author says what development is made of: these and no others.
    services = composed;
  } else {
    const names = root === null || (root !== "dev" && devParts(scripts).length > 0) ? [] : [root];
    for (const name of [...devParts(scripts), ...tradeNames(scripts)].slice(0, MAX_SERVICES)) {
      if (!names.includes(name) && !isCovered(name, names, book)) names.push(name);
    }
    services = names.filter((name) => !isRunBy(name, names, book)).map((key) => ({ key, wrapper: [] }));
  }
  services = services.filter(({ key }) => others.wanted.has(key) || !isInList(key, book, others.procfile));
  if (others.hasCompose) services = services.filter(({ key }) => !onlyRunsCompose(book.texts.get(key) ?? ""));
  const runners = services.filter(({ key }) => runsCompose(book.texts.get(key) ?? ""));
  const order = [...scripts.keys()];
  const place = ({ key }: ScriptRun) => (order.indexOf(key) < 0 ? order.length : order.indexOf(key));
  return {
    services: [...services].sort((a, b) => place(a) - place(b)).slice(0, MAX_SERVICES),
    composeRunners: others.hasCompose ? runners.map(({ key }) => key) : [],
  };
}

/** The script that is the whole of a package's development, or null. */
export function rootScript(scripts: Scripts, hasProcfile: boolean): string | null {
  return rootNames.find((name) => isRoot(name, scripts) && !(hasProcfile && runsProcfile(scripts.get(name)))) ?? null;
}

const closures = new WeakMap<ScriptBook, Map<string, ReadonlySet<string>>>();

/** Everything that a script runs, however deep, by key. */
export function runClosure(key: string, book: ScriptBook): ReadonlySet<string> {
  const known = closures.get(book) ?? new Map<string, ReadonlySet<string>>();
  closures.set(book, known);
  const found = known.get(key) ?? closureOf(key, book);
  known.set(key, found);
  return found;
}

function closureOf(key: string, book: ScriptBook): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [key];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const inner = [...mentionedScripts(next, book)];
    for (const { words } of shellCommands(book.texts.get(next) ?? "") ?? []) {
      inner.push(...(workspaceRuns(words, book) ?? []));
    }
    for (const found of inner) {
      if (seen.has(found) || seen.size > MAX_SCRIPTS) continue;
      seen.add(found);
      queue.push(found);
    }
  }
  return seen;
}

function isRoot(name: string, scripts: Scripts): boolean {
  const text = scripts.get(name);
  if (text === undefined || text.trim() === "") return false;
  // `serve` and `start` often show what was built before; that is no development.
  const shows = /\b(?:vite|astro|next) preview\b|\bserve (?:-s )?(?:dist|build|out)\b|\bgatsby serve\b/.test(text);
  return !((name === "serve" || name === "start") && shows);
}

/** What a root script is made of, where it only runs other scripts; tasks among them run as tasks, before the rest. */
function partsOf(root: string, world: ScriptWorld, tasks: ReadonlySet<string>): readonly ScriptRun[] | null {
  const steps = scriptSteps(root, world);
  if (steps === null) return null;
  const serving = steps.map((step) => step.filter(({ key }) => !tasks.has(key))).filter((step) => step.length > 0);
  // More than one step that is no task: the first of them prepares for the next in a way only the script knows.
  return serving.length === 1 ? (serving[0] ?? null) : null;
}

function devParts(scripts: Scripts): string[] {
  return [...scripts.keys()].filter((name) => {
    const rest = /^dev[:\-_.](.+)$/.exec(name)?.[1] ?? /^(.+)[:\-_.]dev$/.exec(name)?.[1];
    if (rest === undefined || rootNames.includes(name) || isTaskName(name)) return false;
    // `build:dev` and `test:dev` are no servers either.
    return !rest.split(/[:\-_.]/).some((word) => variants.has(word.toLowerCase()));
  });
}

function tradeNames(scripts: Scripts): string[] {
  return trades.filter((name) => {
    const text = scripts.get(name);
    if (text === undefined || scripts.has(`${name}:dev`) || scripts.has(`dev:${name}`)) return false;
    // `pnpm --filter api` is the start of a command for the shell, and no server.
    if (/^(?:pnpm|yarn|npm|bun)\s+(?:-F|--filter|-w|workspace|--workspace)[ =]\S+$/.test(text.trim())) return false;
    return !/\b(?:build|generate|codegen|deploy|publish|tsc)\b|\bdist\//.test(text);
  });
}

/** Whether a script runs the same as those that are chosen already. */
function isCovered(name: string, chosen: readonly string[], book: ScriptBook): boolean {
  const text = book.texts.get(name) ?? "";
  const program = programOf(text);
  const own = [...runClosure(name, book)];
  return chosen.some((other) => {
    const otherText = book.texts.get(other) ?? "";
    if (otherText.trim() === text.trim() || (program !== null && programOf(otherText) === program)) return true;
    const theirs = own.length === 0 ? null : runClosure(other, book);
    return theirs !== null && own.every((key) => theirs.has(key) || key === other);
  });
}

/** Whether another chosen script runs it, or runs a script that does. */
function isRunBy(name: string, chosen: readonly string[], book: ScriptBook): boolean {
  return chosen.some((other) => other !== name && runClosure(other, book).has(name));
}

function runsCompose(text: string): boolean {
  return (shellCommands(text) ?? []).some(({ words }) => isComposeUp(words));
}

function onlyRunsCompose(text: string): boolean {
  const commands = shellCommands(text) ?? [];
  return commands.length > 0 && commands.every(({ words }) => isComposeUp(words));
}

/** Whether a package's own development is to bring up containers. */
export function developsInContainers(scripts: Scripts): boolean {
  const root = rootScript(scripts, false);
  return root !== null && onlyRunsCompose(scripts.get(root) ?? "");
}

/** Whether a script hands over to a program that reads a list of processes. */
function runsProcfile(text = ""): boolean {
  return /\b(?:foreman|overmind|hivemind|honcho|goreman|forego|nf)\b.{0,200}\bstart\b|\b(?:hivemind|mprocs|process-compose)\b/.test(
    text,
  );
}

/** Whether a list of processes runs the script, or the same program. */
function isInList(key: string, book: ScriptBook, commands: readonly string[]): boolean {
  const program = programOf(book.texts.get(key) ?? "");
  const { folder } = keyParts(key);
  return commands.some(
    (command) =>
      mentionedInText(command, book).has(key) || (folder === "" && program !== null && programOf(command) === program),
  );
}

/** The scripts of packages that are started where the project's own package.json starts nothing. */
export function chooseInPackages(book: ScriptBook, others: OtherSources): readonly ScriptRun[] {
  const runs: ScriptRun[] = [];
  for (const { folder, scripts } of book.packages) {
    const root = rootScript(scripts, false);
    // A `start` beside no `dev` is what runs in production, where it starts what was built.
    const built = root === null || (root === "start" && /\b(?:dist|build|lib)\//.test(scripts.get(root) ?? ""));
    const key = scriptKey(folder, root ?? "");
    if (onlyCompiles(scripts.get(root ?? "") ?? "")) continue;
    if (!built && !isInList(key, book, others.procfile) && runs.length < MAX_SERVICES) runs.push({ key, wrapper: [] });
  }
  return runs;
}

/** A library that is built anew at every change: part of a monorepo's own `dev`, and nothing to start without one. */
function onlyCompiles(text: string): boolean {
  const program = (programOf(text) ?? "").split(" ");
  return (
    /^(?:tsc|tsup|rollup|esbuild|swc|babel|unbuild|microbundle|tsdown|ng-packagr)$/.test(program[0] ?? "") ||
    (program[0] === "vite" && program[1] === "build")
  );
}
