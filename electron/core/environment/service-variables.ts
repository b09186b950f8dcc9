/** The variables that tell the services of an environment where the others are. */
import type { ServicePort } from "#shared/schema/service.ts";
import { joinVariables } from "../lib/variables.ts";
import type { ServiceRun } from "./detect/detected.ts";

export interface Addressed {
  readonly name: string;
  readonly ports: readonly ServicePort[];
  /** Whether `http://` makes sense for it. */
  readonly http: boolean;
  /** Variables of the project itself that say where it is, as of a container whose port its file writes as one. */
  readonly told?: readonly { readonly env: string; readonly port: number }[];
}

/** The variables in which a container's file has written its ports, with what they are here. */
export function toldPorts(run: ServiceRun, ports: readonly ServicePort[]): { env: string; port: number }[] {
  if (run.kind !== "compose") return [];
  return (run.published ?? []).flatMap(({ variable, planned }) => {
    const port = planned === null ? undefined : ports[planned]?.port;
    return variable === null || port === undefined ? [] : [{ env: variable, port }];
  });
}

/** Variables of the project itself by which all are told where a container is. */
export function toldVariables(run: ServiceRun): string[] {
  return run.kind === "compose" ? (run.published ?? []).flatMap(({ variable }) => variable ?? []) : [];
}

/** What is told of a service; `url` is null where it does not speak HTTP. */
type Place = Pick<Addressed, "name" | "ports"> & { readonly url: string | null };

/** `dev:api` → `DEV_API`. */
export function variableName(service: string): string {
  const name = service
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^\d/.test(name) ? `_${name}` : name;
}

/** The address of a service for people and for other services; null where it has none that speaks HTTP. */
export function serviceUrl({ ports, http }: Pick<Addressed, "ports" | "http">): string | null {
  const port = ports[0];
  return http && port !== undefined ? `http://127.0.0.1:${port.port}` : null;
}

/**
 * `<SERVICE>_PORT` and, where it speaks HTTP, `<SERVICE>_URL` of every service; and for the service itself the variables
 * its ports are passed in (`PORT`). A database gets no URL: `DATABASE_URL` with a scheme of ours would break whoever reads it.
 */
export function serviceVariables(self: Addressed, all: readonly Addressed[]): Record<string, string> {
  const variables = placeVariables(
    all.map(({ name, ports, http }) => ({ name, ports, url: serviceUrl({ ports, http }) })),
  );
  for (const { told = [] } of all) for (const { env, port } of told) variables[env] = String(port);
  for (const { env, port } of self.ports) if (env !== null) variables[env] = String(port);
  return variables;
}

/** `<SERVICE>_PORT` and `<SERVICE>_URL`, for whoever is no service itself, such as the OpenCode server of the workspace. */
export function placeVariables(services: readonly Place[]): Record<string, string> {
  const variables = joinVariables();
  for (const service of services) {
    const name = variableName(service.name);
    const port = service.ports[0];
    if (name === "" || port === undefined) continue;
    // The first of two names that look alike as variables keeps it.
    variables[`${name}_PORT`] ??= String(port.port);
    if (service.url !== null) variables[`${name}_URL`] ??= service.url;
  }
  return variables;
}
