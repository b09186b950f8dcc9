/**
 * Finds out what makes up the environment of a folder. Only reads: nothing of the folder is run, sourced or imported.
 *
 * Theory of operation: each source (compose file, package.json, Procfile) has one file that reads it into services and
 * problems, through `ProjectFiles`, which keeps inside the folder. Here the sources are merged: a name that is taken
 * becomes `source/name`, what one source runs on behalf of another is not started twice, an order is inferred where none
 * is stated, and the graph is checked. A broken file never hides what the others say.
 */
import { createHash } from "node:crypto";
import type { Problem } from "#shared/schema/environment.ts";
import { realDirectory } from "../../workspace/projects.ts";
import { planOrder, type GraphNode } from "../graph.ts";
import { readComposeFile } from "./compose-file.ts";
import {
  errorProblem,
  warningProblem,
  type Dependency,
  type DetectedProject,
  type DetectedService,
  type SourceReading,
} from "./detected.ts";
import { readDevelopment } from "./development.ts";
import { inferOrder } from "./infer-order.ts";
import { projectFiles } from "./project-files.ts";

export interface DetectInput {
  readonly directory: string;
  /** Selects compose services by their profiles. */
  readonly profile: string;
  /** What variables of compose files may refer to, before `.env`: the environment of the login shell. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Reads the folder.
 *
 * @throws AppError `folder_missing`, `not_a_folder`, `folder_unreadable` for the folder itself. Everything below it is a
 * problem in the result.
 */
export async function detect({ directory, profile, environment = {} }: DetectInput): Promise<DetectedProject> {
  const real = realDirectory(directory);
  const files = projectFiles(real);
  const compose = await readComposeFile(files, profile, environment);
  const readings = await readDevelopment(files, { compose, stated: [] });

  const problems: Problem[] = readings.flatMap((reading) => reading.problems);
  const named = uniqueNames(readings, problems);
  const services = inferOrder(named);
  const order = planOrder(services.map(graphNode));
  problems.push(...order.problems, ...portConflicts(services));
  if (services.length === 0 && !problems.some((problem) => problem.severity === "error")) {
    problems.push(
      errorProblem(
        "no_services",
        ".",
        `Nothing to run was found in ${real}: no compose file, no dev script in a package.json, no Procfile. ` +
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
    compose: compose.compose ?? null,
    trust: services.map((service) => service.trust),
    fingerprint: fingerprintOf(services),
  };
}

/** A service as the graph sees it. */
export function graphNode(service: DetectedService): GraphNode {
  const { name, probe, source } = service.plan;
  return {
    name,
    dependencies: service.dependencies,
    hasProbe: probe !== null && !(probe.kind === "compose" && !probe.healthcheck),
    source,
  };
}

/** Gives every service a name of its own; a later source's `db` becomes `Procfile/db`. */
function uniqueNames(readings: readonly SourceReading[], problems: Problem[]): DetectedService[] {
  const taken = new Map<string, DetectedService>();
  for (const reading of readings) {
    const renamed = new Map<string, string>();
    for (const { plan } of reading.services) {
      if (taken.has(plan.name)) renamed.set(plan.name, `${fileOf(plan.source)}/${plan.name}`);
    }
    for (const service of reading.services) {
      const { plan } = service;
      const name = renamed.get(plan.name) ?? plan.name;
      const first = taken.get(plan.name);
      if (first !== undefined) {
        const message = `${plan.source} and ${first.plan.source} both name a service ${plan.name}; the second is called ${name} here.`;
        problems.push(warningProblem("duplicate_name", plan.source, message));
      }
      taken.set(name, name === plan.name ? service : rename(service, name, renamed));
    }
  }
  return [...taken.values()];
}

function rename(service: DetectedService, name: string, renamed: ReadonlyMap<string, string>): DetectedService {
  const dependencies = new Map<string, Dependency>(
    [...service.dependencies].map(([other, dependency]) => [renamed.get(other) ?? other, dependency]),
  );
  return { ...service, dependencies, plan: { ...service.plan, name }, trust: { ...service.trust, name } };
}

function fileOf(source: string): string {
  return source.split("#")[0] ?? source;
}

/** Two services that insist on one port cannot run together; those with a variable are moved instead. */
function portConflicts(services: readonly DetectedService[]): Problem[] {
  const holders = new Map<number, string>();
  const problems: Problem[] = [];
  for (const { plan } of services) {
    for (const { port, env } of plan.ports) {
      if (env !== null) continue;
      const holder = holders.get(port);
      if (holder !== undefined && holder !== plan.name) {
        const message = `${holder} and ${plan.name} both listen on port ${port}. Change one of them, or start only one.`;
        problems.push(warningProblem("port_conflict", plan.source, message));
      } else holders.set(port, plan.name);
    }
  }
  return problems;
}

function fingerprintOf(services: readonly DetectedService[]): string {
  const facts = services.map(({ plan, run, environment, trust, digest }) => [
    plan.name,
    run,
    environment,
    trust.detail,
    digest,
  ]);
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
