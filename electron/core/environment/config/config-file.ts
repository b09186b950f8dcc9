/**
 * Reads `deckhand.yaml`: what the author says about the environment of the project. Whatever is wrong in it is a problem with its
 * line and column, and the rest counts.
 */
import type { Problem } from "#shared/schema/environment.ts";
import { errorProblem, warningProblem } from "../detect/detected.ts";
import { interpolate } from "../detect/interpolate.ts";
import type { ProjectFiles } from "../detect/project-files.ts";
import { readYamlFileInTurns, type YamlFile } from "../detect/yaml-document.ts";
import { isYamlMap, type YamlMap, type YamlPath, type YamlValue } from "../detect/yaml-values.ts";
import { profileForm, topForm, wrongName, type ProfileConfig } from "./config-form.ts";
import type { EnvFileConfig } from "./environment-form.ts";
import type { Variables } from "./env-files.ts";
import { refuse, type Spot } from "./form.ts";
import { serviceForm, type ServiceConfig } from "./service-form.ts";
import { unknownName, wrongText } from "./stated-variables.ts";

/** The first that is there counts. */
export const configNames = ["deckhand.yaml", "deckhand.yml"];

/** More problems of one file help nobody. */
const MAX_PROBLEMS = 100;

export interface ConfigFile {
  readonly file: string;
  /** Whether what is detected counts, too. */
  readonly detect: boolean;
  /** Null: `.env` and `.env.local`, where they are there. */
  readonly envFiles: readonly EnvFileConfig[] | null;
  readonly profiles: ReadonlyMap<string, ProfileConfig>;
  /** As written; variables in them are replaced by `readService`. */
  readonly services: ReadonlyMap<string, YamlValue>;
  readonly problems: ProblemList;
  place(path: YamlPath): string;
}

/** Problems of one file, up to a number at which nobody reads on. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  #more = 0;

  add(...problems: readonly Problem[]): void {
    for (const problem of problems) {
      if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
      else this.#more += 1;
    }
  }

  /** Whether another one would only be counted. */
  get full(): boolean {
    return this.#problems.length >= MAX_PROBLEMS;
  }

  get all(): readonly Problem[] {
    const last = this.#problems.at(-1);
    if (this.#more === 0 || last === undefined) return this.#problems;
    const file = last.source.split(":")[0] ?? last.source;
    return [
      ...this.#problems,
      errorProblem("value_invalid", file, `${file} has ${this.#more} more problems. Correct the first ones.`),
    ];
  }
}

export type ConfigReading =
  | { readonly kind: "config"; readonly config: ConfigFile }
  | { readonly kind: "missing" }
  /** There is one, and it cannot be read at all. */
  | { readonly kind: "broken"; readonly problems: readonly Problem[] };

export async function readConfigFile(files: ProjectFiles): Promise<ConfigReading> {
  for (const name of configNames) {
    const file = await files.readText(name);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") return { kind: "broken", problems: [file.problem] };
    const reading = await parseConfig(name, file.text);
    const other = configNames.find((one) => one !== name && name === configNames[0]);
    if (reading.kind === "config" && other !== undefined && (await files.exists(other))) {
      const message = `${other} is not read, since there is a ${name}. Remove one of them.`;
      reading.config.problems.add(warningProblem("duplicate_name", other, message));
    }
    return reading;
  }
  return { kind: "missing" };
}

async function parseConfig(name: string, text: string): Promise<ConfigReading> {
  const yaml = await readYamlFileInTurns(name, text);
  if (!yaml.ok) return { kind: "broken", problems: yaml.problems };
  const problems = new ProblemList();
  problems.add(...yaml.file.problems);
  const spot = spotOf(yaml.file, problems, []);
  const top = topForm.read(yaml.file.root, spot) ?? {};
  const profiles = new Map<string, ProfileConfig>();
  for (const [profile, value] of named(yaml.file, "profiles", spot)) {
    const read = value === null ? {} : profileForm.read(value, { ...spot, path: ["profiles", profile] });
    if (read !== undefined) profiles.set(profile, read);
  }
  return {
    kind: "config",
    config: {
      file: name,
      detect: top.detect ?? true,
      envFiles: top.env_file ?? null,
      profiles,
      services: new Map(named(yaml.file, "services", spot)),
      problems,
      place: (path) => yaml.file.place(path),
    },
  };
}

function* named(file: YamlFile, key: string, spot: Spot): Generator<[string, YamlValue]> {
  const value = file.root.get(key);
  if (value === undefined || value === null) return;
  if (!isYamlMap(value)) {
    refuse(value, { ...spot, path: [key] }, "a map (name: …)");
    return;
  }
  for (const [name, one] of value) {
    const wrong = wrongName(name);
    if (wrong === null) yield [name, one];
    else spot.report([key, name], wrong);
  }
}

function spotOf(file: Pick<YamlFile, "place">, problems: ProblemList, path: YamlPath): Spot {
  return {
    path,
    report: (where, message, severity = "error") => {
      const make = severity === "error" ? errorProblem : warningProblem;
      problems.add(make("value_invalid", problems.full ? "" : file.place(where), message));
    },
  };
}

/** Where a service stands, for what is found out about it later. */
export function serviceSpot(config: ConfigFile, name: string): Spot {
  return spotOf(config, config.problems, ["services", name]);
}

/** Keys whose texts are no shell lines and are needed before the start. The variables of a service are read one by one, later. */
const interpolated = new Set(
  "compose cpus disabled env_file limits log_file log_location mem_limit ports profiles replicas scale working_dir".split(
    " ",
  ),
);

/**
 * One service, with its variables replaced. Undefined: it is no service at all, and that was reported.
 *
 * @param known What its variables may refer to.
 */
export function readService(config: ConfigFile, name: string, known: Variables): ServiceConfig | undefined {
  const spot = serviceSpot(config, name);
  const value = config.services.get(name) ?? null;
  if (value === null) return {};
  if (!isYamlMap(value)) return serviceForm.read(value, spot);
  const replaced = new Map<string, YamlValue>();
  for (const [key, one] of value) {
    replaced.set(key, interpolated.has(key) ? replaceAll(one, known, { ...spot, path: [...spot.path, key] }) : one);
  }
  return serviceForm.read(replaced satisfies YamlMap, spot);
}

function replaceAll(value: YamlValue, known: Variables, spot: Spot): YamlValue {
  if (typeof value === "string") {
    if (!value.includes("$")) return value;
    const read = interpolate(value, known);
    const [unknown] = read.ok ? read.missing : [];
    if (read.ok && unknown === undefined) return read.text;
    // Null: what was told here must not be told again as a wrong value.
    spot.report(spot.path, read.ok ? unknownName(unknown ?? "") : wrongText(value, read.reason));
    return null;
  }
  if (isYamlMap(value)) {
    return new Map(
      [...value].map(([key, one]) => [key, replaceAll(one, known, { ...spot, path: [...spot.path, key] })]),
    );
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, index) => {
      const replaced = replaceAll(one, known, { ...spot, path: [...spot.path, index] });
      return replaced === null && one !== null ? [] : [replaced];
    });
  }
  return value;
}
