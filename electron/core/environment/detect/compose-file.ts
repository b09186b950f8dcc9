/** The services of a folder's compose files. Reading is ours (compose-loader.ts); running is docker compose's (core/compose). */
import type { Problem } from "#shared/schema/environment.ts";
import { inTurns } from "../../lib/turns.ts";
import { ComposeLoader, type ComposeModel } from "./compose-loader.ts";
import { selectByProfiles } from "./compose-profiles.ts";
import { composeService } from "./compose-service.ts";
import { warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";

/** In docker compose's own order; the first that is there counts. */
const baseNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/** docker compose lays this over the base file without being asked. */
const overrideNames = [
  "compose.override.yaml",
  "compose.override.yml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];
/** Set in the project's `.env`, these would change what docker compose runs, or where. Ours win, and it is said. */
const ignoredVariables = ["COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES", "DOCKER_HOST", "DOCKER_CONTEXT"];

/**
 * Reads the folder's compose file and its override.
 *
 * @param profile Services with profiles are taken where one of theirs is this one, or stands in COMPOSE_PROFILES.
 * @param environment What the variables of the file may refer to, besides `.env`.
 * @param stated This file, and no override, instead of those with the usual names.
 * @param named Services asked for by name: they and their profiles are taken, whatever the profile is.
 */
export async function readComposeFile(
  files: ProjectFiles,
  profile: string,
  environment: Readonly<Record<string, string>>,
  stated: string | null = null,
  named: readonly string[] = [],
): Promise<SourceReading> {
  const paths = stated === null ? await usualFiles(files) : [stated];
  if (paths.length === 0) return { services: [], problems: [] };
  const loader = new ComposeLoader(files);
  const shell = new Map(Object.entries(environment));
  const variables = await loader.variables(".env", shell, null);
  for (const name of ignoredVariables) {
    if (!variables.has(name) || shell.has(name)) continue;
    const message = `.env sets ${name}, which is not followed: the files are ${paths.join(" and ")}, and containers get a project of their own.`;
    loader.problems.push(warningProblem("unsupported", ".env", message));
  }
  const model = await loader.load(paths, variables);
  const active = [profile, ...(variables.get("COMPOSE_PROFILES") ?? "").split(",").map((name) => name.trim())];
  const reading = await readServices(files.directory, model, active, named, loader.problems);
  if (model.services.size === 0) return reading;
  return { ...reading, compose: { files: paths, profiles: reading.profiles } };
}

async function usualFiles(files: ProjectFiles): Promise<string[]> {
  const found: string[] = [];
  for (const names of [baseNames, overrideNames]) {
    if (names === overrideNames && found.length === 0) break;
    for (const name of names) {
      // A link out of the folder is there, too, and refused when it is read.
      if ((await files.readText(name)).kind === "missing") continue;
      found.push(name);
      break;
    }
  }
  return found;
}

async function readServices(
  directory: string,
  model: ComposeModel,
  active: readonly string[],
  named: readonly string[],
  problems: Problem[],
): Promise<SourceReading & { readonly profiles: readonly string[] }> {
  const all = new Map<string, DetectedService>();
  // What is said of services that are not part of the plan would only be noise.
  const said = new Map<string, Problem[]>();
  for await (const [name, { definition, file, place, portVariables }] of inTurns(model.services)) {
    const own: Problem[] = [];
    all.set(
      name,
      composeService({
        name,
        file,
        directory,
        definition,
        portVariables,
        volumes: model.volumes,
        place,
        problems: own,
      }),
    );
    said.set(name, own);
  }
  const { enabled } = selectByProfiles(
    new Map(
      [...all].map(([name, { plan, dependencies }]) => [
        name,
        { profiles: plan.profiles, needs: [...dependencies.keys()] },
      ]),
    ),
    active.filter((name) => name !== ""),
    named,
  );
  for (const name of enabled) problems.push(...(said.get(name) ?? []));
  return {
    services: [...all].filter(([name]) => enabled.has(name)).map(([, service]) => service),
    problems,
    profiles: [...new Set([...all.values()].flatMap(({ plan }) => plan.profiles))].sort(),
  };
}
