/** What a failure of a service says beyond its sentence, as its details have it. Pure. */
import { blockingFailures, type Failure, type FailureCode } from "#shared/failure.ts";
import { workspaceIdSchema, type WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";

/** Who holds a port: a process, and the service of ours that it belongs to, if it does. */
export interface Holder {
  readonly pid: number | null;
  readonly ours: { readonly workspace: WorkspaceId; readonly service: string } | null;
}

/** Null where the failure is about no port, or nobody knows who holds it. */
export function holderOf({ code, details }: Failure): Holder | null {
  if (code !== "port_in_use") return null;
  const holder = record(details["holder"]);
  const owner = record(holder?.["owner"]) ?? details;
  const workspace = workspaceIdSchema.safeParse(owner["workspace"]);
  const service = owner["name"] ?? owner["service"];
  const isServer = owner["kind"] === "server";
  const ours =
    workspace.success && typeof service === "string" && !isServer ? { workspace: workspace.data, service } : null;
  const pid = typeof holder?.["pid"] === "number" ? holder["pid"] : null;
  return pid === null && ours === null ? null : { pid, ours };
}

/** The port that a service cannot have; null: that is not its trouble. */
export function heldPort({ failure, phase }: Pick<ServiceStatus, "failure" | "phase">): number | null {
  const port = failure?.code === "port_in_use" && phase === "blocked" ? failure.details["port"] : null;
  return typeof port === "number" ? port : null;
}

/** Of a skipped service: from the one it needs to the one that failed. Empty where the failure is another. */
export function chainOf({ code, details }: Failure): readonly string[] {
  const chain = details["chain"];
  return code === "dependency_failed" && Array.isArray(chain) ? chain.map(String) : [];
}

/** What keeps a skipped service, from what it needs to the one that is at fault: `db:seed → db:migrate failed`. */
export function chainWords(failure: Failure): string | null {
  const chain = chainOf(failure);
  if (chain.length === 0) return null;
  const root = record(failure.details["root"])?.["code"];
  return `${chain.join(" → ")} ${blockingFailures.has(root as FailureCode) ? "is blocked" : "failed"}`;
}

/** Trouble of the Docker engine: one cause for every container, so it is told once, with all of them. */
export function engineTrouble(
  services: readonly ServiceStatus[],
): { readonly failure: Failure; readonly names: readonly string[] } | null {
  const blocked = services.filter(({ failure }) => isOfEngine(failure));
  const failure = blocked[0]?.failure;
  return failure ? { failure, names: blocked.map(({ name }) => name) } : null;
}

export function isOfEngine(failure: Failure | null): boolean {
  return failure?.code === "docker_stopped" || failure?.code === "docker_missing";
}

/**
 * Whether a failure is told where the service stands, with buttons. What follows from another's trouble is short, and told where
 * that is: a skipped service by the one that failed, a container by its engine.
 */
export function isOwn(failure: Failure | null): boolean {
  return failure !== null && failure.code !== "dependency_failed" && !isOfEngine(failure);
}

/** The services that a person should look at, in the order of the waves. */
export function inTrouble(services: readonly ServiceStatus[]): readonly ServiceStatus[] {
  return services
    .filter(({ failure, health }) => isOwn(failure) || health === "unhealthy")
    .toSorted((one, other) => one.wave - other.wave);
}

/** The one to look at after `current`, the first after the last; null where nothing is in trouble. */
export function nextInTrouble(services: readonly ServiceStatus[], current: string | null): string | null {
  const names = inTrouble(services).map(({ name }) => name);
  return names[(names.indexOf(current ?? "") + 1) % Math.max(1, names.length)] ?? null;
}

/** What its containers are told of an engine that is in trouble. */
export function engineWords({ code }: Failure): string {
  return code === "docker_missing" ? "Docker was not found" : "Docker does not answer";
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}
