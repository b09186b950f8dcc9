/**
 * Finds out what makes up the environment of a folder. Only reads: nothing of the folder is run, sourced or imported.
 *
 * Theory of operation: each source (compose file, process-compose.yaml, package.json, Procfile) has one file that reads it
 * into services and problems, through `ProjectFiles`, which keeps inside the folder. Here the sources are merged: a name that
 * is taken becomes `source/name`, what one source runs on behalf of another is not started twice, what a deckhand.yaml says
 * is laid over all of it, an order is inferred where none is stated, and the graph is checked. A broken file never hides what
 * the others say.
 */
import { createHash } from "node:crypto";
import type { Problem } from "#shared/schema/environment.ts";
import { tellsHealth } from "../../service/probe-for.ts";
import { realDirectory } from "../../workspace/projects.ts";
import { readConfigFile, type ConfigFile } from "../config/config-file.ts";
import { explicitServices } from "../config/explicit-services.ts";
import { changedNames, refersToCompose, statedCommands, statedComposeFile } from "../config/stated-services.ts";
import { planOrder, withDependencies, type GraphNode } from "../graph.ts";
import { canBeTold } from "../told-ports.ts";
import { readComposeFile } from "./compose-file.ts";
import {
  errorProblem,
  isUsableName,
  warningProblem,
  type ComposeSource,
  type DetectedProject,
  type DetectedService,
  type SourceReading,
} from "./detected.ts";
import { readDevelopment } from "./development.ts";
import { inferOrder } from "./infer-order.ts";
import { readProcessCompose } from "./process-compose.ts";
import { notingFiles, projectFiles, replacingFiles, SeenPaths, type ProjectFiles } from "./project-files.ts";

export interface DetectInput {
  readonly directory: string;
  /** Selects services by their profiles, and what the profile of a deckhand.yaml sets. */
  readonly profile: string;
  /** What variables of files may refer to, before `.env`: the environment of the login shell. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Services that are asked for by name: whatever their profiles are, they are part of the plan. */
  readonly named?: readonly string[];
  /** Files of the folder, by their path in it, that are to be read as if they held another text. */
  readonly texts?: ReadonlyMap<string, string>;
}

/**
 * Reads the folder.
 *
 * @throws AppError `folder_missing`, `not_a_folder`, `folder_unreadable` for the folder itself. Everything below it is a
 * problem in the result.
 */
export async function detect(input: DetectInput): Promise<DetectedProject> {
  const { profile, texts } = input;
  const real = realDirectory(input.directory);
  const seen = new SeenPaths();
  const files = texts === undefined ? projectFiles(real) : replacingFiles(projectFiles(real), texts);
  const reading = await readSources(notingFiles(files, seen), input);
  const problems = [...reading.problems];
  const services = onlyListed(inferOrder(reading.services), reading.only);
  const order = planOrder(services.map(graphNode));
  problems.push(...order.problems, ...portConflicts(services));
  if (services.length === 0 && !problems.some((problem) => problem.severity === "error")) {
    problems.push(
      errorProblem(
        "no_services",
        ".",
        `Nothing to run was found in ${real}: no deckhand.yaml, no compose file, no dev script in a package.json, no Procfile. ` +
          "Add one of them, or open the folder that has it.",
      ),
    );
  }
  return {
    directory: real,
    detection: {
      directory: real,
      profile,
      services: services.map((service) => service.plan),
      order: order.waves.map((wave) => wave.slice()),
      problems,
    },
    services: new Map(services.map((service) => [service.plan.name, service])),
    compose: reading.compose,
    profiles: [...new Set(reading.profiles)].sort(),
    files: [...seen.files].sort(),
    folders: [...seen.folders].sort(),
    complete: seen.complete,
  };
}

interface Sources {
  readonly services: readonly DetectedService[];
  readonly problems: readonly Problem[];
  readonly compose: ComposeSource | null;
  /** A profile lists these, and wants what they need besides; null: all. */
  readonly only: readonly string[] | null;
  readonly profiles: readonly string[];
}

/** Every source of the folder, the explicit one over the others. A deckhand.yaml that cannot be read takes nothing away. */
async function readSources(
  files: ProjectFiles,
  { profile, environment = {}, named = [] }: DetectInput,
): Promise<Sources> {
  const found = await readConfigFile(files);
  const config = found.kind === "config" ? found.config : null;
  const stated = config === null ? null : statedComposeFile(config);
  const detects = config === null || config.detect;
  const compose: SourceReading =
    detects || refersToCompose(config)
      ? await readComposeFile(files, profile, environment, stated, named)
      : { services: [], problems: [] };
  const readings = detects ? await readOthers(files, compose, { profile, environment, config }) : [compose];
  const problems: Problem[] = readings.flatMap((reading) => reading.problems);
  if (found.kind === "broken") problems.unshift(...found.problems);
  const services = detects ? uniqueNames(readings, problems) : [];
  const profiles = readings.flatMap((reading) => [...(reading.profiles ?? []), ...(reading.compose?.profiles ?? [])]);
  if (config === null) return { services, problems, compose: compose.compose ?? null, only: null, profiles };

  const containers = refersToCompose(config)
    ? (await readComposeFile(files, EVERY_PROFILE, environment, stated)).services
    : [];
  const explicit = await explicitServices({
    config,
    files,
    profile,
    named,
    shell: environment,
    detected: services,
    containers,
  });
  return {
    services: explicit.services,
    problems: [...config.problems.all, ...problems],
    compose: compose.compose ?? null,
    only: explicit.only,
    profiles: [...profiles, ...explicit.profiles],
  };
}

/** compose's own word for it. */
const EVERY_PROFILE = "*";

async function readOthers(
  files: ProjectFiles,
  compose: SourceReading,
  about: {
    readonly profile: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly config: ConfigFile | null;
  },
): Promise<readonly SourceReading[]> {
  const processes = await readProcessCompose(files, about.profile, about.environment);
  const commands = about.config === null ? [] : statedCommands(about.config);
  const wanted = about.config === null ? new Set<string>() : changedNames(about.config);
  const [first = compose, ...rest] = await readDevelopment(files, { compose, stated: [processes], commands, wanted });
  return [first, processes, ...rest];
}

/** The listed services and all they need. */
function onlyListed(services: DetectedService[], only: readonly string[] | null): DetectedService[] {
  if (only === null) return services;
  const wanted = withDependencies(new Map(services.map((service) => [service.plan.name, graphNode(service)])), only);
  return services.filter(({ plan }) => wanted.has(plan.name));
}

/** A service as the graph sees it. */
export function graphNode(service: DetectedService): GraphNode {
  const { name, probe, source } = service.plan;
  const { readyLine, startup } = service.rules;
  return {
    name,
    dependencies: service.dependencies,
    hasProbe: startup !== null || tellsHealth(probe),
    hasReadyLine: readyLine !== null || probe?.kind === "log",
    source,
    ...(service.dependencyPlaces === undefined ? {} : { places: service.dependencyPlaces }),
  };
}

/** Gives every service a name of its own; a later source's `db` becomes `Procfile/db`. */
function uniqueNames(readings: readonly SourceReading[], problems: Problem[]): DetectedService[] {
  const taken = new Map<string, DetectedService>();
  for (const reading of readings) {
    const usable = reading.services.filter((service) => hasUsableName(service, problems));
    const renamed = new Map<string, string>();
    for (const { plan } of usable) {
      if (taken.has(plan.name)) renamed.set(plan.name, `${fileOf(plan.source)}/${plan.name}`);
    }
    for (const service of usable) {
      const { plan } = service;
      const name = renamed.get(plan.name) ?? plan.name;
      const first = taken.get(plan.name);
      if (first !== undefined) {
        const message = `${plan.source} and ${first.plan.source} both name a service ${plan.name}; the second is called ${name} here.`;
        problems.push(warningProblem("duplicate_name", plan.source, message));
      }
      taken.set(name, renamed.size === 0 ? service : rename(service, name, renamed));
    }
  }
  return [...taken.values()];
}

/** Names come from folders and files of strangers, too: `apps/--help` would be the service `--help`. */
function hasUsableName({ plan: { name, source } }: DetectedService, problems: Problem[]): boolean {
  if (isUsableName(name)) return true;
  const message = `${JSON.stringify(name).slice(0, 80)} can be no name of a service, and was left out. Rename it.`;
  problems.push(warningProblem("value_invalid", source, message));
  return false;
}

/** A service of a source in which some have other names now; what it waits for are those of its own source. */
function rename(service: DetectedService, name: string, renamed: ReadonlyMap<string, string>): DetectedService {
  const here = <Value>(byName: Iterable<readonly [string, Value]>) =>
    [...byName].map(([other, value]) => [renamed.get(other) ?? other, value] as const);
  const { dependencyPlaces } = service;
  return {
    ...service,
    dependencies: new Map(here(service.dependencies)),
    ...(dependencyPlaces === undefined ? {} : { dependencyPlaces: new Map(here(dependencyPlaces)) }),
    plan: { ...service.plan, name, dependsOn: Object.fromEntries(here(Object.entries(service.plan.dependsOn))) },
    trust: { ...service.trust, name },
  };
}

function fileOf(source: string): string {
  return source.split("#")[0] ?? source;
}

/** Two services that insist on one port cannot run together; those that can be told another one are moved instead. */
function portConflicts(services: readonly DetectedService[]): Problem[] {
  const holders = new Map<number, string>();
  const problems: Problem[] = [];
  for (const { plan } of services) {
    if (plan.disabled === true) continue;
    for (const declared of plan.ports) {
      if (canBeTold(declared)) continue;
      const { port } = declared;
      const holder = holders.get(port);
      if (holder !== undefined && holder !== plan.name) {
        const message = `${holder} and ${plan.name} both listen on port ${port}. Change one of them, or start only one.`;
        problems.push(warningProblem("port_conflict", plan.source, message));
      } else holders.set(port, plan.name);
    }
  }
  return problems;
}

/** SHA-256 over everything that decides what a service would run. It differs when a script or a container definition differs. */
export function serviceFingerprint({ plan, run, environment, templates, trust, digest }: DetectedService): string {
  // They become part of the command, and of the variables.
  const more = [...plan.ports.flatMap(({ option }) => option ?? []), ...(templates === undefined ? [] : [templates])];
  return createHash("sha256")
    .update(JSON.stringify([plan.name, run, environment, trust.detail, digest, ...more]))
    .digest("hex");
}
