/** What an entry of the audit is called on screen. */
import type { AuditEntry } from "#shared/schema/host.ts";
import { healthSchema, servicePhaseSchema } from "#shared/schema/service.ts";
import { healthLook, serviceLook, type Tone } from "../ui/state.ts";

/** What it came to where that is known, else what was asked. */
export function wordOf({ action, from, to, service }: AuditEntry): { readonly word: string; readonly tone: Tone } {
  if (action === "exceed") return { word: "Over its limit", tone: "busy" };
  const health = healthSchema.safeParse(to);
  // `starting` is a word of both; what it came from tells which.
  if (health.success && (to !== "starting" || healthSchema.safeParse(from).success))
    return healthLook(health.data) ?? { word: "No probe", tone: "quiet" };
  const phase = servicePhaseSchema.safeParse(to);
  if (phase.success) {
    const look = serviceLook({ phase: phase.data, ready: false, kind: "process" });
    // What was under way then is over: only what went wrong keeps its colour.
    return look.tone === "busy" && phase.data !== "backoff" ? { ...look, tone: "quiet" } : look;
  }
  return { word: service === null ? (asked[action] ?? action) : action, tone: "quiet" };
}

const asked: Readonly<Record<string, string>> = {
  start: "Start asked",
  stop: "Stop asked",
  restart: "Restart asked",
  scale: "Number asked",
  "trust.grant": "Trusted",
  "trust.revoke": "Trust taken back",
};
