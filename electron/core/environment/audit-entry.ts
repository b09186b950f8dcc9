/** Which changes of a service are written down, and how. */
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServicePhase } from "#shared/schema/service.ts";
import type { ServiceChange } from "../service/service-record.ts";

/** Waiting one's turn is no event; everything else that happens to a service is. */
const unremarkable: ReadonlySet<ServicePhase> = new Set(["pending", "waiting"]);

/** Null where there is nothing to write down. */
export function auditEntryOf(
  service: string,
  change: ServiceChange,
  workspace: string,
  now: number,
): AuditEntry | null {
  const { from, to } = change;
  const samePhase = from.phase === to.phase;
  if (change.action === "exceed") {
    // No change of state, and still something that happened.
  } else if (samePhase ? from.health === to.health : unremarkable.has(to.phase)) return null;
  return {
    at: new Date(now).toISOString(),
    actor: change.actor,
    action: change.action,
    workspace,
    service,
    generation: to.generation,
    from: samePhase ? from.health : from.phase,
    to: samePhase ? to.health : to.phase,
    reason: change.reason,
  };
}
