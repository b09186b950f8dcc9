import { expect, test } from "vitest";
import type { ServicePhase } from "#shared/schema/service.ts";
import { environmentPhase, type ServiceStanding } from "../../../../electron/core/environment/environment-phase.ts";

interface Short {
  phase: ServicePhase;
  stopped?: true;
  ready?: true;
  everReady?: true;
  missed?: true;
}

const standing = ({ phase, stopped, ready = undefined, everReady, missed }: Short): ServiceStanding => ({
  state: { desired: stopped === true ? "stopped" : "running", phase, health: "none", generation: 1 },
  ready: ready === true,
  steady: ready === true,
  everReady: everReady === true || ready === true,
  missedDeadline: missed === true,
});

const up: Short = { phase: "running", ready: true };

test.each<[string, Short[], string]>([
  ["nothing there", [], "stopped"],
  ["nothing wanted", [{ phase: "stopped", stopped: true }], "stopped"],
  [
    "the last one ends",
    [
      { phase: "stopping", stopped: true },
      { phase: "stopped", stopped: true },
    ],
    "stopping",
  ],
  ["all ready", [up, { phase: "completed", ready: true }, { phase: "stopped", stopped: true }], "ready"],
  ["one waits", [up, { phase: "waiting" }], "starting"],
  ["a failure, and others still on their way", [{ phase: "failed" }, { phase: "starting" }], "starting"],
  ["a failure, and nothing on its way", [{ phase: "failed" }, up, { phase: "skipped" }], "failed"],
  ["crashing before it was ever ready", [{ phase: "backoff" }, up], "starting"],
  ["crashed after it was ready", [{ phase: "backoff", everReady: true }, up], "degraded"],
  ["given up after it was ready", [{ phase: "crash_loop", everReady: true }, up], "degraded"],
  ["missed its deadline, and is tried again", [{ phase: "starting", missed: true }, up], "failed"],
  ["blocked", [{ phase: "blocked" }], "failed"],
])("%s", (_, services, phase) => {
  expect(environmentPhase(services.map(standing))).toBe(phase);
});
