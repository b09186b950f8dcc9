/** The services of a compose file. Reading is ours; running is docker compose's (core/compose). */
import { parse } from "dotenv";
import type { Problem } from "#shared/schema/environment.ts";
import type { ProjectFiles } from "./project-files.ts";
import {
  isYamlMap,
  readComposeDocument,
  type ComposeDocument,
  type YamlMap,
  type YamlValue,
} from "./compose-document.ts";
import { composeService } from "./compose-service.ts";
import { errorProblem, isUsableName, warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import { interpolate } from "./interpolate.ts";

/** In docker compose's own order; the first that is there counts. */
const baseNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/** docker compose lays this over the base file without being asked. */
const overrideNames = [
  "compose.override.yaml",
  "compose.override.yml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

/**
 * Reads the folder's compose file and its override.
 *
 * @param profile Services with profiles are taken where one of theirs is this one, or stands in COMPOSE_PROFILES.
 * @param environment What the variables of the file may refer to, besides `.env`.
 * @param stated This file, and no override, instead of those with the usual names.
 */
export async function readComposeFile(
  files: ProjectFiles,
  profile: string,
  environment: Readonly<Record<string, string>>,
  stated: string | null = null,
): Promise<SourceReading> {
  const found: { name: string; text: string }[] = [];
  const problems: Problem[] = [];
  for (const names of stated === null ? [baseNames, overrideNames] : [[stated]]) {
    if (names === overrideNames && found.length === 0) break;
    for (const name of names) {
      const file = await files.readText(name);
      if (file.kind === "missing") continue;
      if (file.kind === "problem") problems.push(file.problem);
      else found.push({ name, text: file.text });
      break;
    }
  }
  if (found.length === 0 || problems.length > 0) return { services: [], problems };

  const documents: { file: string; document: ComposeDocument }[] = [];
  for (const { name, text } of found) {
    const reading = readComposeDocument(name, text);
    if (reading.ok) documents.push({ file: name, document: reading.document });
    else problems.push(...reading.problems);
  }
  if (problems.length > 0) return { services: [], problems };

  const dotenv = await files.readText(".env");
  if (dotenv.kind === "problem") problems.push(dotenv.problem);
  const variables = new Map([
    ...Object.entries(dotenv.kind === "text" ? parse(dotenv.text) : {}),
    ...Object.entries(environment),
  ]);
  return readServices(files.directory, documents, profile, variables, problems);
}

function readServices(
  directory: string,
  documents: readonly { file: string; document: ComposeDocument }[],
  profile: string,
  variables: ReadonlyMap<string, string>,
  problems: Problem[],
): SourceReading {
  const merged = new Map<string, { definition: YamlMap; file: string; document: ComposeDocument }>();
  for (const { file, document } of documents) {
    for (const key of ["include", "extends"]) {
      if (document.root.has(key)) {
        const text = `${file} uses \`${key}\`; the services it brings in are not listed here and not started.`;
        problems.push(warningProblem("unsupported", document.place([key]), text));
      }
    }
    const services = document.root.get("services");
    if (services === undefined || services === null) continue;
    if (!isYamlMap(services)) {
      problems.push(
        errorProblem("value_invalid", document.place(["services"]), `\`services\` of ${file} is no map. Correct it.`),
      );
      continue;
    }
    for (const [name, definition] of services) {
      const place = document.place(["services", name]);
      if (!/^[a-zA-Z0-9._-]+$/.test(name) || !isUsableName(name)) {
        const shown = JSON.stringify(name).slice(0, 80);
        problems.push(
          errorProblem("value_invalid", place, `${shown} is no name docker compose accepts for a service. Rename it.`),
        );
      } else if (!isYamlMap(definition)) {
        problems.push(errorProblem("value_invalid", place, `The service ${name} of ${file} is no map. Correct it.`));
      } else {
        const below = merged.get(name);
        merged.set(name, {
          definition: below === undefined ? definition : overlay(below.definition, definition),
          file: below?.file ?? file,
          document: below?.document ?? document,
        });
      }
    }
  }

  const active = new Set([
    profile,
    ...(variables.get("COMPOSE_PROFILES") ?? "").split(",").filter((name) => name !== ""),
  ]);
  const services: DetectedService[] = [];
  const profiles = new Set<string>();
  for (const [name, { definition, file, document }] of merged) {
    const place = (path: readonly (string | number)[]) => document.place(["services", name, ...path]);
    const values = interpolateAll(definition, variables, [], (path, reason) => {
      problems.push(errorProblem("value_invalid", place(path), `In ${file}, service ${name}: ${reason}.`));
    });
    if (!isYamlMap(values)) continue;
    const service = composeService({ name, file, directory, definition: values, place, problems });
    for (const one of service.plan.profiles) profiles.add(one);
    const wanted =
      service.plan.profiles.length === 0 || service.plan.profiles.some((one) => active.has(one) || active.has("*"));
    if (wanted) services.push(service);
  }
  return {
    services,
    problems,
    ...(merged.size === 0
      ? {}
      : { compose: { files: documents.map(({ file }) => file), profiles: [...profiles].sort() } }),
  };
}

/** Values of the lists that compose appends when files are laid over one another; other values are replaced. */
const appended = new Set(["ports", "volumes", "expose", "profiles", "dns", "tmpfs", "devices", "env_file"]);

function overlay(below: YamlMap, above: YamlMap): YamlMap {
  const result = new Map(below);
  for (const [key, value] of above) {
    const old = result.get(key);
    if (isYamlMap(old) && isYamlMap(value)) result.set(key, overlay(old, value));
    else if (appended.has(key) && Array.isArray(old) && Array.isArray(value)) result.set(key, [...old, ...value]);
    else if (key === "depends_on" && old !== undefined) result.set(key, overlay(dependsMap(old), dependsMap(value)));
    else result.set(key, value);
  }
  return result;
}

function dependsMap(value: YamlValue): YamlMap {
  if (isYamlMap(value)) return value;
  return new Map(Array.isArray(value) ? value.map((name) => [String(name), new Map()]) : []);
}

type OnBad = (path: readonly (string | number)[], reason: string) => void;

function interpolateAll(
  value: YamlValue,
  variables: ReadonlyMap<string, string>,
  path: readonly (string | number)[],
  onBad: OnBad,
): YamlValue {
  if (typeof value === "string") {
    if (!value.includes("$")) return value;
    const result = interpolate(value, variables);
    if (result.ok) return result.text;
    onBad(path, result.reason);
    return value;
  }
  if (isYamlMap(value)) {
    return new Map([...value].map(([key, item]) => [key, interpolateAll(item, variables, [...path, key], onBad)]));
  }
  if (Array.isArray(value)) return value.map((item, index) => interpolateAll(item, variables, [...path, index], onBad));
  return value;
}
