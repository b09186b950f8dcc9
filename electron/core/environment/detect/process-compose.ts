/**
 * The services of a process-compose.yaml, with its own semantics: its conditions, probes, restarts, namespaces, `extends` and
 * variables. What it does differently on purpose: a process that does not end when it is asked to is killed after its grace, and
 * a readiness probe only gates (its failure threshold is a deadline for the first success).
 */
import { dirname, join } from "node:path";
import { commandOfConfig } from "../config/config-service.ts";
import { EnvFiles, withKnown, type Variables } from "../config/env-files.ts";
import { inside, type Spot } from "../config/form.ts";
import type { ProbeConfig } from "../config/probe-form.ts";
import { ProblemList } from "../config/config-file.ts";
import type { ServiceConfig } from "../config/service-form.ts";
import { DEFAULT_LIMIT } from "../../service/restart-policy.ts";
import { errorProblem, isUsableName, warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import { processForm, projectForm, type ProcessConfig } from "./process-compose-form.ts";
import { extended, overProject } from "./process-compose-merge.ts";
import type { ProjectFiles } from "./project-files.ts";
import {
  isYamlMap,
  readYamlFile,
  type YamlFile,
  type YamlMap,
  type YamlPath,
  type YamlValue,
} from "./yaml-document.ts";

/** In its own order. The first two are compose's, too: `processes:` instead of `services:` tells them apart. */
const baseNames = ["compose.yml", "compose.yaml", "process-compose.yml", "process-compose.yaml"];
const overrideNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "process-compose.override.yml",
  "process-compose.override.yaml",
];
/** Files that extend one another. */
const MAX_FILES = 10;

/** One file that was read, and where it lies. */
interface Layer {
  readonly file: string;
  readonly yaml: YamlFile;
}

/**
 * Reads the folder's process-compose file with its override and what it extends.
 *
 * @param profile Selects a namespace where the file has one of that name; without, all of them count.
 */
export async function readProcessCompose(
  files: ProjectFiles,
  profile: string,
  environment: Readonly<Record<string, string>>,
): Promise<SourceReading> {
  const problems = new ProblemList();
  const base = await firstOf(files, baseNames, problems);
  if (base === null) return { services: [], problems: problems.all };
  const override = await firstOf(files, overrideNames, problems);
  const layers = [...(await withExtended(files, base, problems)), ...(override === null ? [] : [override])];
  const reader = new ProcessComposeReader({ files, layers, problems, profile, environment });
  const services = await reader.services();
  return { services, problems: problems.all };
}

async function firstOf(files: ProjectFiles, names: readonly string[], problems: ProblemList): Promise<Layer | null> {
  for (const name of names) {
    const own = name.startsWith("process-");
    const file = await files.readText(name);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") {
      // What is wrong with a compose file is for its own reader to tell.
      if (own) problems.add(file.problem);
      continue;
    }
    // Not worth parsing twice: most compose files are docker's.
    if (!own && !/^processes\s*:/m.test(file.text)) continue;
    const reading = readYamlFile(name, file.text);
    if (!reading.ok) {
      if (own) problems.add(...reading.problems);
      continue;
    }
    if (!own && (!reading.file.root.has("processes") || reading.file.root.has("services"))) continue;
    problems.add(...reading.file.problems);
    return { file: name, yaml: reading.file };
  }
  return null;
}

/** `extends: other.yaml` of a whole file: the lowest layer first. */
async function withExtended(files: ProjectFiles, base: Layer, problems: ProblemList): Promise<Layer[]> {
  const layers = [base];
  for (let current = base; ;) {
    const stated = current.yaml.root.get("extends");
    if (typeof stated !== "string" || stated === "") return layers;
    const name = join(dirname(current.file), stated);
    const place = current.yaml.place(["extends"]);
    if (layers.some((layer) => layer.file === name) || layers.length >= MAX_FILES) {
      problems.add(
        errorProblem(
          "value_invalid",
          place,
          `${current.file} extends ${name}, which leads in a circle. Take one of them out.`,
        ),
      );
      return layers;
    }
    const file = await files.readText(name);
    if (file.kind !== "text") {
      const why = file.kind === "missing" ? "there is no such file" : file.problem.message;
      problems.add(errorProblem("value_invalid", place, `${current.file} extends ${name}: ${why}. Correct the path.`));
      return layers;
    }
    const reading = readYamlFile(name, file.text);
    if (!reading.ok) {
      problems.add(...reading.problems);
      return layers;
    }
    problems.add(...reading.file.problems);
    current = { file: name, yaml: reading.file };
    layers.unshift(current);
  }
}

interface ReaderInput {
  readonly files: ProjectFiles;
  readonly layers: readonly Layer[];
  readonly problems: ProblemList;
  readonly profile: string;
  readonly environment: Readonly<Record<string, string>>;
}

class ProcessComposeReader {
  readonly #input: ReaderInput;
  readonly #envFiles: EnvFiles;

  constructor(input: ReaderInput) {
    this.#input = input;
    this.#envFiles = new EnvFiles(input.files);
  }

  async services(): Promise<DetectedService[]> {
    const { files, layers, problems, environment } = this.#input;
    const root = layers
      .map(({ file, yaml }) => withFolder(yaml.root, dirname(file)))
      .reduce((a, b) => overProject(a, b));
    const dotenv = await this.#envFiles.read(".env", files.directory, new Map(Object.entries(environment)));
    const fromDotenv: Variables = dotenv.kind === "values" ? dotenv.values : new Map();
    const known: Variables = new Map([...Object.entries(environment), ...fromDotenv]);
    const expands = root.get("disable_env_expansion") !== true;
    const replaced = new Map<string, YamlValue>();
    for (const [key, value] of root) {
      replaced.set(key, expands ? replaceAll(value, known, key) : value);
    }
    const project = projectForm.read(replaced, this.#spot([])) ?? {};
    const processes = replaced.get("processes");
    if (!isYamlMap(processes)) {
      problems.add(
        errorProblem("value_invalid", this.#place(["processes"]), "`processes` is no map (name: …). Correct it."),
      );
      return [];
    }

    const read = new Map<string, ProcessConfig>();
    for (const name of processes.keys()) {
      const process = this.#process(name, processes);
      if (process !== null) read.set(name, process);
    }
    const selected = this.#selected(read);
    const tasks = waitedOut(selected);
    const services: DetectedService[] = [];
    for (const [name, process] of selected) {
      const service = await this.#service(name, process, { project, fromDotenv, known, tasks });
      if (service !== null) services.push(service);
    }
    return services;
  }

  #process(name: string, processes: YamlMap): ProcessConfig | null {
    const { problems } = this.#input;
    const place = this.#place(["processes", name]);
    if (!isUsableName(name)) {
      const text = `${JSON.stringify(name).slice(0, 80)} is no usable name of a process. Rename it.`;
      problems.add(errorProblem("value_invalid", place, text));
      return null;
    }
    const whole = extended(name, processes);
    if (!whole.ok) {
      problems.add(
        errorProblem("value_invalid", place, `The process ${name} cannot be read: ${whole.reason}. Correct it.`),
      );
      return null;
    }
    const spot = this.#spot(["processes", name]);
    return processForm.read(whole.definition, spot) ?? null;
  }

  /** One namespace where the profile is called like it; what stands in others is not waited for. */
  #selected(processes: ReadonlyMap<string, ProcessConfig>): ReadonlyMap<string, ProcessConfig> {
    const { problems, profile } = this.#input;
    const namespacesOf = (process: ProcessConfig) => process.namespace ?? [DEFAULT_NAMESPACE];
    if (![...processes.values()].some((process) => process.namespace?.includes(profile) === true)) return processes;
    const selected = new Map([...processes].filter(([, process]) => namespacesOf(process).includes(profile)));
    for (const [name, process] of selected) {
      if (process.depends_on === undefined) continue;
      const kept = new Map([...process.depends_on].filter(([other]) => selected.has(other) || !processes.has(other)));
      for (const other of process.depends_on.keys()) {
        if (kept.has(other)) continue;
        const message = `${name} does not wait for ${other}, which is not in the namespace ${profile}.`;
        problems.add(warningProblem("unsupported", this.#place(["processes", name, "depends_on", other]), message));
      }
      selected.set(name, { ...process, depends_on: kept });
    }
    return selected;
  }

  async #service(
    name: string,
    given: ProcessConfig,
    about: {
      readonly project: NonNullable<ReturnType<typeof projectForm.read>>;
      readonly fromDotenv: Variables;
      readonly known: Variables;
      readonly tasks: ReadonlySet<string>;
    },
  ): Promise<DetectedService | null> {
    const { files, layers } = this.#input;
    const { project, fromDotenv, known, tasks } = about;
    const spot = this.#spot(["processes", name]);
    const process = given.is_template_disabled === true ? given : rendered(given, project.vars, spot);
    const command = commandOfProcess(process, project.shell);
    if (command === null) {
      spot.report(spot.path, `The process ${name} has no command. Add one.`, "error");
      return null;
    }
    this.#warn(name, process, spot);
    const folder = process.working_dir === undefined ? files.directory : join(files.directory, process.working_dir);
    const own = process.working_dir?.startsWith("/") === true ? process.working_dir : folder;
    const fromFile = await this.#fromFile(process.env_file, own, known, spot);
    const environment = new Map([
      ...(process.is_dotenv_disabled === true ? [] : fromDotenv),
      ...valuesOf(project.environment, known),
      ...fromFile,
      ...valuesOf(process.environment, known),
    ]);
    const logFile = process.log_location ?? project.log_location;
    const config: ServiceConfig = {
      ...serviceConfigOf(process, tasks.has(name)),
      command,
      ...(logFile === undefined ? {} : { log_file: logFile }),
    };
    const file = layers.findLast(({ yaml }) => hasProcess(yaml, name))?.file ?? layers[0]?.file ?? "";
    return commandOfConfig(config, {
      name,
      source: `${file}#processes.${name}`,
      directory: files.directory,
      placeOf: (dependency) => this.#place(["processes", name, "depends_on", dependency]),
      spot,
      environment: Object.fromEntries(environment),
    });
  }

  async #fromFile(path: string | undefined, folder: string, known: Variables, spot: Spot): Promise<Variables> {
    if (path === undefined) return new Map();
    const reading = await this.#envFiles.read(path, folder, known);
    if (reading.kind === "values") return reading.values;
    const at = inside(spot, "env_file").path;
    spot.report(
      at,
      reading.kind === "missing" ? `There is no file ${path} in ${folder}. Correct the path.` : reading.problem.message,
      "error",
    );
    return new Map();
  }

  /** What process-compose has and this does not, so that nobody waits for it in vain. */
  #warn(name: string, process: ProcessConfig, spot: Spot): void {
    const warn = (key: string, message: string) =>
      this.#input.problems.add(warningProblem("unsupported", this.#place([...spot.path, ...key.split(".")]), message));
    if (process.is_daemon === true) {
      warn(
        "is_daemon",
        `${name} puts itself into the background, where nobody can watch it: what it leaves behind is ended with it. Run it in the foreground.`,
      );
    }
    if (process.is_elevated === true)
      warn("is_elevated", `${name} is to run as root; it runs as you. Start it yourself if it must.`);
    if (process.schedule !== undefined)
      warn("schedule", `${name} runs at set times, which is not done here. Start it by name.`);
    if (process.mcp !== undefined)
      warn("mcp", `${name} is a tool for agents, which is not offered here. Start it by name.`);
    if (process.availability?.exit_on_skipped === true)
      warn("availability.exit_on_skipped", `\`exit_on_skipped\` of ${name} is ignored.`);
    if (process.shutdown?.parent_only === true)
      warn("shutdown.parent_only", `All of ${name} is stopped, not only its first process.`);
    if (process.shutdown?.send_keys !== undefined)
      warn("shutdown.send_keys", `${name} has no terminal that keys could be sent to. Use a signal or a command.`);
  }

  /** The file that says it last is the one to correct. */
  #place(path: YamlPath): string {
    const { layers } = this.#input;
    const layer = layers.findLast(({ yaml }) => reaches(yaml.root, path)) ?? layers.at(-1);
    return layer?.yaml.place(path) ?? "process-compose.yaml";
  }

  /** It ignores what it does not know, so that is no more than a warning. */
  #spot(path: YamlPath): Spot {
    return {
      path,
      report: (where, message, severity = "warning") => {
        const make = severity === "error" ? errorProblem : warningProblem;
        this.#input.problems.add(make("value_invalid", this.#place(where), message));
      },
    };
  }
}

const DEFAULT_NAMESPACE = "default";

function hasProcess(yaml: YamlFile, name: string): boolean {
  const processes = yaml.root.get("processes");
  return isYamlMap(processes) && processes.has(name);
}

function reaches(root: YamlMap, path: YamlPath): boolean {
  let value: YamlValue | undefined = root;
  for (const step of path) {
    value = isYamlMap(value) ? value.get(String(step)) : Array.isArray(value) ? value[Number(step)] : undefined;
    if (value === undefined) return false;
  }
  return true;
}

/** Processes of a file in another folder run there. */
function withFolder(root: YamlMap, folder: string): YamlMap {
  const processes = root.get("processes");
  if (folder === "." || !isYamlMap(processes)) return root;
  const moved = [...processes].map(([name, process]): [string, YamlValue] => {
    if (!isYamlMap(process)) return [name, process];
    const own = process.get("working_dir");
    return [name, new Map([...process, ["working_dir", typeof own === "string" ? join(folder, own) : folder]])];
  });
  return new Map([...root, ["processes", new Map(moved)]]);
}

/** Shell lines keep what is not known: their shell may know it. */
function replaceAll(value: YamlValue, known: Variables, key: string): YamlValue {
  if (typeof value === "string") {
    if (!value.includes("$")) return value;
    const text = withKnown(value, known);
    if (text === null) return value;
    return key === "command" || key === "environment" ? text : text.replaceAll(/\$\{[A-Za-z_]\w*\}/g, "");
  }
  if (isYamlMap(value)) return new Map([...value].map(([name, one]) => [name, replaceAll(one, known, name)]));
  return Array.isArray(value) ? value.map((one) => replaceAll(one, known, key)) : value;
}

type Shell = { readonly shell_command?: string; readonly shell_argument?: string } | undefined;

function commandOfProcess(process: ProcessConfig, shell: Shell): string | readonly [string, ...string[]] | null {
  const { command, entrypoint = [], args = [] } = process;
  if (command === undefined) {
    const [program, ...rest] = [...entrypoint, ...args];
    return program === undefined || program === "" ? null : [program, ...rest];
  }
  if (shell?.shell_command === undefined) return command;
  return [shell.shell_command, shell.shell_argument ?? "-c", command];
}

/** Those whose end somebody waits for, so that they are meant to have one. */
function waitedOut(processes: ReadonlyMap<string, ProcessConfig>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { depends_on: needs } of processes.values()) {
    for (const [name, { condition }] of needs ?? []) {
      if (condition === "service_completed" || condition === "service_completed_successfully") names.add(name);
    }
  }
  return names;
}

function serviceConfigOf(process: ProcessConfig, isTask: boolean): ServiceConfig {
  const { availability = {}, shutdown } = process;
  const { restart = "no", max_restarts: most = 0 } = availability;
  const readiness = readinessOf(process);
  const isDisabled =
    process.disabled === true ||
    process.is_disabled === true ||
    process.is_foreground === true ||
    process.schedule !== undefined ||
    process.mcp !== undefined;
  const grace = shutdown?.timeout_seconds ?? 0;
  return {
    type: isTask ? "task" : "process",
    depends_on: process.depends_on ?? new Map(),
    restart: {
      mode: restart === "always" ? "always" : restart === "on_failure" ? "on-failure" : "no",
      maxRetries: most > 0 ? most : null,
      ...(restart === "exit_on_failure" ? { endsEnvironment: true } : {}),
    },
    // A number of its own says how often is too often.
    ...(most > DEFAULT_LIMIT.max ? { restart_limit: { max: Math.min(most, 1_000) } } : {}),
    ...(availability.exit_on_end === true ? { exit_on_end: true } : {}),
    ...(process.working_dir === undefined ? {} : { working_dir: process.working_dir }),
    ...(readiness === null ? {} : { healthcheck: readiness }),
    ...(process.liveness_probe === undefined ? {} : { liveness: exactly200(process.liveness_probe) }),
    ...(process.ready_log_line === undefined ? {} : { ready_log_line: escaped(process.ready_log_line) }),
    ...(process.success_exit_codes === undefined ? {} : { success_exit_codes: process.success_exit_codes }),
    ...(shutdown?.signal === undefined ? {} : { stop_signal: shutdown.signal }),
    ...(shutdown?.command === undefined
      ? {}
      : { stop_command: { argv: shutdown.command, deadlineMs: (grace > 0 ? grace : SHUTDOWN_SECONDS) * 1_000 } }),
    ...(grace > 0 ? { stop_grace_period: grace * 1_000 } : {}),
    ...(process.watch?.paths === undefined
      ? {}
      : { watch: { paths: process.watch.paths, ignore: [], debounceMs: process.watch.debounce ?? 300 } }),
    ...((process.replicas ?? 1) > 1 ? { replicas: process.replicas } : {}),
    ...(isDisabled ? { disabled: true } : {}),
  } as ServiceConfig;
}

/** process-compose's own limit for a shutdown command. */
const SHUTDOWN_SECONDS = 10;
/** Its own period of probes. */
const PERIOD_MS = 10_000;

function readinessOf(process: ProcessConfig): ProbeConfig | null {
  const probe = process.readiness_probe;
  if (probe === undefined) {
    return process.ready_log_line === undefined
      ? null
      : { target: { kind: "log", pattern: escaped(process.ready_log_line) }, timings: {} };
  }
  const { failureThreshold, periodMs = PERIOD_MS, initialDelayMs = 0 } = probe.timings;
  const deadline = failureThreshold === undefined ? {} : { deadlineMs: initialDelayMs + failureThreshold * periodMs };
  const exact = exactly200(probe);
  return { target: exact.target, timings: { ...deadline, ...probe.timings } };
}

/** To process-compose only one status is a success, and it is 200 where none is named. */
function exactly200(probe: ProbeConfig): ProbeConfig {
  const { target } = probe;
  if (target === null || target === "none" || target.kind !== "http") return probe;
  return { ...probe, target: { ...target, status: target.status ?? 200 } };
}

/** The line is a part of one, not an expression. */
function escaped(line: string): string {
  return line.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

function valuesOf(variables: ReadonlyMap<string, string | null> | undefined, known: Variables): [string, string][] {
  return [...(variables ?? [])].flatMap(([name, value]): [string, string][] => {
    const given = value ?? known.get(name);
    return given === undefined ? [] : [[name, given]];
  });
}

/** `{{ .NAME }}`; anything else of Go's templates is left as it is, and told. */
function rendered(process: ProcessConfig, global: Variables | undefined, spot: Spot): ProcessConfig {
  const variables = new Map([...(global ?? []), ...(process.vars ?? [])]);
  const render = (key: string, text: string | undefined): string | undefined => {
    if (text === undefined || !text.includes("{{")) return text;
    const result = text.replaceAll(
      /\{\{-?\s*\.([A-Za-z_]\w*)\s*-?\}\}/g,
      (whole, name: string) => variables.get(name) ?? whole,
    );
    if (/\{\{/.test(result)) {
      spot.report(
        inside(spot, key).path,
        `\`${key}\` holds a template that is not understood here: ${JSON.stringify(result.slice(result.indexOf("{{"), result.indexOf("{{") + 40))}. Write the value itself.`,
      );
    }
    return result;
  };
  const texts = ["command", "working_dir", "log_location", "env_file"] as const;
  const changed = texts.flatMap((key): [string, string][] => {
    const text = render(key, process[key]);
    return text === undefined ? [] : [[key, text]];
  });
  return { ...process, ...Object.fromEntries(changed) };
}
