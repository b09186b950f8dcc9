/** The state of a whole environment, computed from its services. Pure. */
import type { EnvironmentPhase } from "#shared/schema/environment.ts";
import type { ServiceState } from "../service/service-states.ts";
import { livePhases, settledFailures } from "../service/service-states.ts";

/** What of a service decides about its environment. */
export interface ServiceStanding {
  readonly state: ServiceState;
  readonly ready: boolean;
  /** Ready, and not only because it has just been started. */
  readonly steady: boolean;
  /** It was ready at some time since it was last wanted anew. */
  readonly everReady: boolean;
  /** It missed its deadline; it may be tried again, but nobody waits for it any more. */
  readonly missedDeadline: boolean;
}

/** Ready, given up on, or still on its way. */
export type Standing = "ready" | "failed" | "under_way";

export function standingOf({ state, steady, missedDeadline }: ServiceStanding): Standing {
  if (steady) return "ready";
  if (settledFailures.has(state.phase) || missedDeadline) return "failed";
  return "under_way";
}

/**
 * `stopped`: nothing is wanted and nothing lives. `stopping`: nothing is wanted, something still lives. Of what is wanted:
 * all ready is `ready`; something that was ready and is not is `degraded`; something on its way up is `starting`; else
 * `failed`.
 */
export function environmentPhase(services: Iterable<ServiceStanding>): EnvironmentPhase {
  let wanted = 0;
  let ready = 0;
  let lost = 0;
  let underWay = 0;
  let living = false;
  for (const service of services) {
    if (livePhases.has(service.state.phase)) living = true;
    if (service.state.desired === "stopped") continue;
    wanted += 1;
    const standing = standingOf(service);
    if (standing === "ready") ready += 1;
    else if (service.everReady) lost += 1;
    else if (standing === "under_way") underWay += 1;
  }
  if (wanted === 0) return living ? "stopping" : "stopped";
  if (ready === wanted) return "ready";
  if (underWay > 0) return "starting";
  return lost > 0 ? "degraded" : "failed";
}
