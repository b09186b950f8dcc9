import { expect, it } from "vitest";
import { serverStateSchema } from "#shared/schema/server.ts";
import { nextServerState, type ServerEvent } from "../../../../electron/core/opencode/server-states.ts";

const events: readonly ServerEvent[] = ["start", "spawned", "ready", "failed", "stop", "gone"];

it("allows exactly these steps and throws on every other", () => {
  const allowed: string[] = [];
  for (const state of serverStateSchema.options) {
    for (const event of events) {
      try {
        allowed.push(`${state} ${event} ${nextServerState(state, event)}`);
      } catch (error) {
        expect((error as Error).message).toContain(state);
      }
    }
  }
  expect(allowed).toEqual([
    "stopped start starting",
    "starting spawned waiting_ready",
    "starting failed crashed",
    "starting stop stopping",
    "waiting_ready ready running",
    "waiting_ready failed crashed",
    "waiting_ready stop stopping",
    "running failed crashed",
    "running stop stopping",
    "stopping gone stopped",
    "crashed start starting",
    "crashed stop stopping",
  ]);
});
