/**
 * Which scripts of a package.json make up its environment. The rules, and why, stand in docs/environment.md; the aim is
 * that nothing is started that its author would not have started to work on the project.
 */
import { isComposeUp, mentionedScripts, scriptSteps, type ScriptWorld } from "./script-parts.ts";
import { programOf, shellCommands } from "./shell-words.ts";

export interface ScriptChoice {
  readonly migrate: string | null;
  readonly seed: string | null;
  /** Scripts that keep running, in the order of the file. */
  readonly services: readonly string[];
  /** Scripts that bring up containers themselves while the containers are services of their own. */
  readonly composeRunners: readonly string[];
}

/** What the other sources of the folder already bring, and a script must not start again. */
export interface OtherSources {
  /** The folder's containers are services of their own. */
  readonly hasCompose: boolean;
  readonly hasProcfile: boolean;
  /** The commands of a development Procfile. */
  readonly procfile: readonly string[];
}

type Scripts = ReadonlyMap<string, string>;

const tools = "db|database|prisma|drizzle|knex|sequelize|typeorm|mikro-orm|kysely|data";
const migrateName = new RegExp(
  `^(?:(?:${tools})[:\\-_.])?(?:migrate|migrations?)(?:[:\\-_.](?:dev|development|local|deploy|latest|up|run|apply))?$`,
);
const seedName = new RegExp(`^(?:(?:${tools})[:\\-_.])?seeds?(?:[:\\-_.](?:dev|development|local|run))?$`);
/** Commands that throw data away; a script with one of them is never run as part of a start. */
const destructive =
  /\b(?:reset|drop|rollback|down|wipe|truncate|undo|--force|--fresh|fresh)\b|migrate:(?:fresh|refresh)|rm\s+-\w*r/;

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

/** Chooses from the scripts of one package. */
export function chooseScripts(scripts: Scripts, others: OtherSources): ScriptChoice {
  const migrate = bestTask(scripts, migrateName, ["db:migrate", "migrate", "db:migrate:dev", "migrate:dev"]);
  const seed = bestTask(scripts, seedName, ["db:seed", "seed", "db:seed:dev", "seed:dev"]);
  const tasks = new Set([migrate, seed].filter((name) => name !== null));

  const root = rootNames.find(
    (name) => isRoot(name, scripts) && !(others.hasProcfile && runsProcfile(scripts.get(name))),
  );
  const composed = root === undefined ? null : partsOf(root, { scripts, hasCompose: others.hasCompose }, tasks);
  let services: string[];
  if (composed !== null) {
    // The author says what development is made of: these and no others.
    services = [...composed];
  } else {
    services = root === undefined || (root !== "dev" && hasDevParts(scripts)) ? [] : [root];
    for (const name of [...devParts(scripts), ...tradeNames(scripts)]) {
      if (!services.includes(name) && !isCovered(name, services, scripts)) services.push(name);
    }
    services = services.filter((name) => !isMentioned(name, services, scripts));
  }
  services = services.filter((name) => !isInProcfile(name, scripts, others.procfile));
  if (others.hasCompose) services = services.filter((name) => !onlyRunsCompose(scripts.get(name) ?? ""));
  const composeRunners = services.filter((name) => runsCompose(scripts.get(name) ?? ""));
  const mentioned = new Set(services.flatMap((name) => [...mentionedScripts(scripts.get(name) ?? "", scripts)]));
  const order = [...scripts.keys()];
  return {
    // A dev script that migrates by itself is not helped by a second migration beside it.
    migrate: migrate !== null && mentioned.has(migrate) ? null : migrate,
    seed: seed !== null && mentioned.has(seed) ? null : seed,
    services: services.sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    composeRunners: others.hasCompose ? composeRunners : [],
  };
}

function bestTask(scripts: Scripts, pattern: RegExp, preferred: readonly string[]): string | null {
  const found = [...scripts]
    .filter(([name, text]) => pattern.test(name) && !destructive.test(text))
    .map(([name]) => name);
  return preferred.find((name) => found.includes(name)) ?? found.sort((a, b) => a.length - b.length)[0] ?? null;
}

function isRoot(name: string, scripts: Scripts): boolean {
  const text = scripts.get(name);
  if (text === undefined || text.trim() === "") return false;
  // `serve` and `start` often show what was built before; that is no development.
  const shows = /\b(?:vite|astro|next) preview\b|\bserve (?:-s )?(?:dist|build|out)\b|\bgatsby serve\b/.test(text);
  return !((name === "serve" || name === "start") && shows);
}

/** What a root script is made of, where it only runs other scripts; tasks among them run as tasks, before the rest. */
function partsOf(root: string, world: ScriptWorld, tasks: ReadonlySet<string>): readonly string[] | null {
  const steps = scriptSteps(root, world);
  if (steps === null) return null;
  const serving = steps.map((step) => step.filter((name) => !tasks.has(name))).filter((step) => step.length > 0);
  // More than one step that is no task: the first of them prepares for the next in a way only the script knows.
  return serving.length === 1 ? (serving[0] ?? null) : null;
}

function devParts(scripts: Scripts): string[] {
  return [...scripts.keys()].filter((name) => {
    const rest = /^dev[:\-_.](.+)$/.exec(name)?.[1] ?? /^(.+)[:\-_.]dev$/.exec(name)?.[1];
    if (rest === undefined || rootNames.includes(name) || migrateName.test(name) || seedName.test(name)) return false;
    // `build:dev` and `test:dev` are no servers either.
    return !rest.split(/[:\-_.]/).some((word) => variants.has(word.toLowerCase()));
  });
}

function hasDevParts(scripts: Scripts): boolean {
  return devParts(scripts).length > 0;
}

function tradeNames(scripts: Scripts): string[] {
  return trades.filter((name) => {
    const text = scripts.get(name);
    if (text === undefined || scripts.has(`${name}:dev`) || scripts.has(`dev:${name}`)) return false;
    return !/\b(?:build|generate|codegen|deploy|publish|tsc)\b|\bdist\//.test(text);
  });
}

/** Whether a script runs the same as one that is chosen already. */
function isCovered(name: string, chosen: readonly string[], scripts: Scripts): boolean {
  const program = programOf(scripts.get(name) ?? "");
  return chosen.some((other) => {
    const text = scripts.get(other) ?? "";
    return text.trim() === scripts.get(name)?.trim() || (program !== null && programOf(text) === program);
  });
}

/** Whether another chosen script runs it, or runs a script that does. */
function isMentioned(name: string, chosen: readonly string[], scripts: Scripts): boolean {
  const seen = new Set<string>();
  const queue = chosen.filter((other) => other !== name);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const found of mentionedScripts(scripts.get(next) ?? "", scripts)) {
      if (found === name) return true;
      if (!seen.has(found)) queue.push(found);
      seen.add(found);
    }
  }
  return false;
}

function runsCompose(text: string): boolean {
  return (shellCommands(text) ?? []).some(({ words }) => isComposeUp(words));
}

function onlyRunsCompose(text: string): boolean {
  const commands = shellCommands(text) ?? [];
  return commands.length > 0 && commands.every(({ words }) => isComposeUp(words));
}

/** Whether a script hands over to a program that reads the Procfile. */
function runsProcfile(text = ""): boolean {
  return /\b(?:foreman|overmind|hivemind|honcho|goreman|forego|nf)\b.*\bstart\b|\bhivemind\b/.test(text);
}

/** Whether a development Procfile runs the script, or the same program. */
function isInProcfile(name: string, scripts: Scripts, commands: readonly string[]): boolean {
  const program = programOf(scripts.get(name) ?? "");
  return commands.some(
    (command) => mentionedScripts(command, scripts).has(name) || (program !== null && programOf(command) === program),
  );
}
