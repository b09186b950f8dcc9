/** The services of a project's package.json files: scripts, and the tasks that their tools' files imply. */
import { join } from "node:path";
import type { Problem } from "#shared/schema/environment.ts";
import type { ServicePort } from "#shared/schema/service.ts";
import { canBeTold } from "../told-ports.ts";
import { commandService } from "./command-service.ts";
import { warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import { scriptLaunch, type PackageContext } from "./package-context.ts";
import { lockedManager, passedOn, runWrapped, type PackageManager } from "./package-manager.ts";
import { readPackageJson } from "./package-json.ts";
import { packageTasks } from "./package-tasks.ts";
import type { ProjectFiles } from "./project-files.ts";
import { keyParts, scriptBook, type ScriptBook } from "./script-book.ts";
import { lastReference, portsOfScript, type ScriptPorts } from "./script-port-finder.ts";
import { mentionedInText } from "./script-parts.ts";
import type { ScriptRun } from "./script-patterns.ts";
import {
  chooseInPackages,
  chooseScripts,
  developsInContainers,
  runClosure,
  type OtherSources,
} from "./script-rules.ts";
import { destroysDatabase } from "./script-tasks.ts";
import { declaredWrapper, isMovableWrapper, wrapperLength } from "./secret-wrappers.ts";
import { shellCommands } from "./shell-words.ts";
import { trustDetail } from "./script-trust.ts";
import { readPackages } from "./workspaces.ts";

export interface ScriptReading extends SourceReading {
  /** The ports that a command line of another source opens by running scripts. */
  portsOf(command: string): Promise<ScriptPorts>;
}

/** Reads the scripts of the folder's package.json files. `others`: what other sources already bring. */
export async function readPackageScripts(files: ProjectFiles, others: OtherSources): Promise<ScriptReading> {
  const reading = await readPackageJson(files, "");
  const packages = await readPackages(files, reading.file);
  const problems: Problem[] = [...reading.problems, ...packages.problems];
  const all = [...packages.workspaces, ...packages.parts];
  const nothing = { services: [], problems, portsOf: () => Promise.resolve({ ports: [], assumed: false }) };
  if (reading.file === null && (reading.problems.length > 0 || all.length === 0)) return nothing;

  const book = scriptBook(reading.file, all);
  const rootManager = reading.file?.packageManager ?? (await lockedManager(files));
  const managers = new Map<string, PackageManager>([["", rootManager ?? "npm"]]);
  for (const one of packages.workspaces) managers.set(one.folder, rootManager ?? "npm");
  for (const { folder, packageManager } of packages.parts) {
    managers.set(folder, packageManager ?? (await lockedManager(files, folder)) ?? rootManager ?? "npm");
  }
  const nxProjects = new Map(
    all.flatMap(({ folder, nxProject }): [string, string][] => (nxProject === null ? [] : [[folder, nxProject]])),
  );
  const context: PackageContext = { files, book, managers, nxProjects, wrapper: await wrapperFor(files, book) };
  const tasks = await packageTasks(context, reading.file, all);
  let choice = chooseScripts(book, others, new Set(tasks.keys));
  if (choice.services.length === 0 && choice.composeRunners.length === 0 && !startsElsewhere(book, others)) {
    choice = { services: chooseInPackages(book, others), composeRunners: [] };
  }
  for (const name of choice.composeRunners) {
    problems.push(
      warningProblem(
        "port_conflict",
        `package.json#scripts.${name}`,
        `The script ${name} runs docker compose by itself, and the containers are started as services too. ` +
          "Take docker compose out of the script, or its containers will want the same ports.",
      ),
    );
  }
  const names = serviceNames(choice.services, new Set(tasks.services.map(({ plan }) => plan.name)));
  const services: DetectedService[] = [];
  for (const run of choice.services) {
    const made = await scriptService(run, names.get(run.key) ?? keyParts(run.key).name, context, problems);
    services.push(withoutTakenPort(made, services));
  }
  const mentioned = new Set(choice.services.flatMap(({ key }) => [...runClosure(key, book)]));
  // A dev script that migrates by itself is not helped by a second migration beside it.
  const kept = tasks.services.filter((_, index) => !mentioned.has(tasks.keys[index] ?? ""));
  const wrapper = commonWrapper(choice.services, book);
  const portsOf = async (command: string): Promise<ScriptPorts> => {
    const last = lastReference(command, "", book);
    for (const key of mentionedInText(command, book)) {
      const { ports, assumed } = await portsOfScript(key, book, files);
      if (ports.length > 0) return { ports: handedOn(ports, last?.key === key ? last.runner : null), assumed };
    }
    return { ports: [], assumed: false };
  };
  return {
    portsOf,
    services: [
      ...kept.map((task) =>
        inOuterWrapper(task, wrapper, { manager: rootManager ?? "npm", directory: files.directory }),
      ),
      ...services,
    ],
    problems,
  };
}

/** The ports of a script as they are of what runs it. `runner`: null where options do not get to the script. */
function handedOn(ports: readonly ServicePort[], runner: string | null): readonly ServicePort[] {
  return ports.map(({ option, ...port }) =>
    option === undefined || runner === null ? port : { ...port, option: passedOn(runner, option) },
  );
}

/** A second server with the same default port takes another one by itself; which one is not known, unless it can be told. */
function withoutTakenPort(service: DetectedService, before: readonly DetectedService[]): DetectedService {
  const [first] = service.plan.ports;
  if (!service.portAssumed || first === undefined || canBeTold(first)) return service;
  if (!before.some(({ plan }) => plan.ports.some(({ env, port }) => env === null && port === first.port)))
    return service;
  return { ...service, plan: { ...service.plan, ports: [], probe: null }, http: false, portAssumed: false };
}

/** Whether the project's own scripts start the environment in a way that is left to another source. */
function startsElsewhere(book: ScriptBook, others: OtherSources): boolean {
  return book.own.size > 0 && (others.procfile.length > 0 || (others.hasCompose && developsInContainers(book.own)));
}

/** A wrapper that a file declares counts only where no script says itself how it is wrapped. */
async function wrapperFor(files: ProjectFiles, book: ScriptBook): Promise<readonly string[]> {
  const declared = await declaredWrapper(files);
  if (declared === null) return [];
  const program = declared.wrapper[0] ?? "";
  return [...book.texts.values()].some((text) => text.includes(program)) ? [] : declared.wrapper;
}

/** The wrapper that everything which keeps running is in; its secrets are what a migration needs, too. */
function commonWrapper(services: readonly ScriptRun[], book: ScriptBook): readonly string[] {
  const found = services.map(({ key, wrapper }) => {
    const commands = shellCommands(book.texts.get(key) ?? "");
    const words = commands?.length === 1 ? (commands[0]?.words ?? []) : [];
    return wrapper.length > 0 ? wrapper : words.slice(0, wrapperLength(words));
  });
  const [first = []] = found;
  return found.every((one) => one.join("\0") === first.join("\0")) ? first : [];
}

function inOuterWrapper(
  task: DetectedService,
  wrapper: readonly string[],
  { manager, directory }: { readonly manager: PackageManager; readonly directory: string },
): DetectedService {
  const [program] = wrapper;
  // A task that is wrapped by itself has said what it needs.
  if (program === undefined || task.run.kind !== "argv" || task.trust.detail.includes(`${program} `)) return task;
  if (task.plan.workingDirectory !== directory && !isMovableWrapper(wrapper)) {
    // Without its secrets it would fail, and everything would wait for it in vain: it is left to be named.
    return { ...task, plan: { ...task.plan, disabled: true }, rules: { ...task.rules, disabled: true } };
  }
  const { command } = task.plan;
  const line = [...wrapper, typeof command === "string" ? command : command.join(" ")].join(" ");
  return {
    ...task,
    plan: { ...task.plan, command: line },
    run: { kind: "argv", argv: runWrapped(manager, wrapper, task.run.argv) },
    trust: { ...task.trust, detail: `${line}\n${task.trust.detail}` },
  };
}

/** Names for people: the script's own, or that of the folder it stands in where it is the folder's whole development. */
function serviceNames(runs: readonly ScriptRun[], taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set(taken);
  for (const { key } of runs) {
    const { folder, name } = keyParts(key);
    const last = folder.split("/").at(-1) ?? folder;
    const usual = /^(?:dev|develop|start|start:dev|serve|watch)$/.test(name);
    const wanted = [usual ? last : `${last}:${name}`, usual ? folder : `${folder}:${name}`, `${folder}#${name}`];
    const found = folder === "" ? name : (wanted.find((one) => !used.has(one)) ?? key);
    used.add(found);
    names.set(key, found);
  }
  return names;
}

async function scriptService(
  run: ScriptRun,
  name: string,
  context: PackageContext,
  problems: Problem[],
): Promise<DetectedService> {
  const { files, book } = context;
  const { folder, name: script } = keyParts(run.key);
  const wrapper = run.wrapper.length > 0 ? run.wrapper : context.wrapper;
  const { manager, argv, line: plain, source } = scriptLaunch(context, folder, script);
  const { ports, assumed } = await portsOfScript(run.key, book, files);
  // Nx lays options over those of its target, so they need no way of their own.
  const runner = context.nxProjects.has(folder) ? "nx" : manager;
  const dangerous = [run.key, ...runClosure(run.key, book)].some((key) => destroysDatabase(book.texts.get(key) ?? ""));
  if (dangerous) {
    const text = `The script ${script} throws away what is in a database, and is started only when it is named.`;
    problems.push(warningProblem("unsupported", source, text));
  }
  const line = [...wrapper, plain].join(" ");
  return commandService({
    name,
    command: line,
    argv: runWrapped(manager, wrapper, argv),
    directory: join(files.directory, folder),
    source,
    role: "service",
    ports: handedOn(ports, runner),
    portAssumed: assumed,
    detail: trustDetail(line, run.key, book),
    disabled: dangerous,
  });
}
