/**
 * The services of a process-compose.yaml, with its own semantics: its conditions, probes, restarts, namespaces, `extends` and
 * variables. What it does differently on purpose: a process that does not end when it is asked to is killed after its grace, and
 * a readiness probe only gates (its failure threshold is a deadline for the first success).
 */
import { dirname, join } from "node:path";
import { ProblemList } from "../config/config-file.ts";
import { commandOfConfig } from "../config/config-service.ts";
import { EnvFiles, withKnown, type Variables } from "../config/env-files.ts";
import { inside, type Spot } from "../config/form.ts";
import type { ServiceConfig } from "../config/service-form.ts";
import { errorProblem, isUsableName, warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import { hasProcess, reaches, readLayers, withFolder, type Layer } from "./process-compose-files.ts";
import { processForm, projectForm, type ProcessConfig } from "./process-compose-form.ts";
import { extended, overProject } from "./process-compose-merge.ts";
import { commandOfProcess, rendered, serviceConfigOf, valuesOf } from "./process-compose-service.ts";
import type { ProjectFiles } from "./project-files.ts";
import { isYamlMap, type YamlMap, type YamlPath, type YamlValue } from "./yaml-values.ts";

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
  const layers = await readLayers(files, problems);
  if (layers.length === 0) return { services: [], problems: problems.all };
  const reader = new ProcessComposeReader({ files, layers, problems, profile, environment });
  const services = await reader.services();
  return { services, problems: problems.all, profiles: reader.namespaces };
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
  readonly #namespaces = new Set<string>();

  constructor(input: ReaderInput) {
    this.#input = input;
    this.#envFiles = new EnvFiles(input.files);
  }

  /** Those that processes name, once the services are read. */
  get namespaces(): readonly string[] {
    return [...this.#namespaces];
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
    for (const { namespace = [] } of processes.values()) for (const one of namespace) this.#namespaces.add(one);
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
