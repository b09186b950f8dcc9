/** Whether a service may start now, must wait, or never can. Pure. */
import type { DependencyCondition } from "#shared/schema/service.ts";
import type { Failure } from "#shared/failure.ts";
import { dependencyFailure } from "../service/failures.ts";
import { settledFailures } from "../service/service-states.ts";
import type { Service } from "../service/service.ts";
import type { Dependency } from "./detect/detected.ts";

export type Gate =
  | { readonly kind: "open" }
  /** `reasons` for people. */
  | { readonly kind: "waiting"; readonly reasons: string }
  | { readonly kind: "skip"; readonly failure: Failure };

type Seen = Pick<Service, "name" | "state" | "ready" | "logReady" | "failure">;

/** Looks at what a service needs. A dependency that is being restarted is waited for until it is given up. */
export function gateOf(
  name: string,
  dependencies: ReadonlyMap<string, Dependency>,
  find: (name: string) => Seen | undefined,
): Gate {
  const waitsFor: string[] = [];
  for (const [other, { condition, required }] of dependencies) {
    const dependency = find(other);
    // Only an optional dependency can be missing: the plan was checked before anything started.
    if (dependency === undefined) continue;
    if (isMet(condition, dependency)) continue;
    if (isHopeless(condition, dependency)) {
      if (required) return { kind: "skip", failure: dependencyFailure(name, ...chainOf(dependency)) };
    } else {
      waitsFor.push(`${other} (${waitText(condition, dependency)})`);
    }
  }
  return waitsFor.length === 0 ? { kind: "open" } : { kind: "waiting", reasons: `Waits for ${waitsFor.join(", ")}.` };
}

function isMet(condition: DependencyCondition, { state, ready, logReady }: Seen): boolean {
  switch (condition) {
    case "service_started":
      return state.phase === "running" || state.phase === "completed";
    case "service_healthy":
      return ready;
    case "service_completed_successfully":
      return state.phase === "completed";
    case "service_completed":
      // However it ended; one that is tried again has not.
      return state.phase === "completed" || state.phase === "failed" || state.phase === "crash_loop";
    case "service_log_ready":
      return logReady && (state.phase === "running" || state.phase === "completed");
    default:
      return condition;
  }
}

/** It can never be met as things stand: the dependency is given up, or has ended without the line others wait for. */
function isHopeless(condition: DependencyCondition, { state }: Seen): boolean {
  return settledFailures.has(state.phase) || (condition === "service_log_ready" && state.phase === "completed");
}

function waitText(condition: DependencyCondition, { state }: Seen): string {
  if (state.phase !== "running") return state.phase;
  switch (condition) {
    case "service_completed":
    case "service_completed_successfully":
      return "still running";
    case "service_log_ready":
      return "its log line has not come";
    default:
      return `health ${state.health}`;
  }
}

/** From the dependency to the service that failed first, and why that one did. */
function chainOf(dependency: Seen): [string[], Failure | null] {
  const inner = dependency.failure?.code === "dependency_failed" ? dependency.failure.details["chain"] : undefined;
  if (!Array.isArray(inner)) return [[dependency.name], dependency.failure];
  const chain = [dependency.name, ...inner.map(String)];
  return [chain, dependency.failure?.details["root"] as Failure | null];
}
