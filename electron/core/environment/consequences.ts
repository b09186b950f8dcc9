/** What the change of one service means for the others, beside what they wait for. Pure. */
import type { ServiceChange } from "../service/service-record.ts";
import type { DetectedService } from "./detect/detected.ts";

/**
 * What of a service's change restarts those that are to be restarted with it, as the end of a sentence that begins with its
 * name; null: nothing. Its end alone does not: it may not come back.
 */
export function restartsFollowers({ action, from, to }: ServiceChange): string | null {
  if (to.desired === "stopped") return null;
  if (action === "spawn") return "was restarted";
  return from.health === "healthy" && to.health === "unhealthy" ? "is not healthy any more" : null;
}

/** Whether a change is the end of a service after which its author wants everything else to end too. */
export function endsEverything({ rules }: DetectedService, { from, to }: ServiceChange): boolean {
  if (rules.endsEnvironment === "never" || from.phase === to.phase) return false;
  if (to.phase === "failed" || to.phase === "crash_loop") return true;
  return rules.endsEnvironment === "end" && to.phase === "completed";
}
