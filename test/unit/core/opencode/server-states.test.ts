import { expect, it } from "vitest";
import { serverStateSchema } from "#shared/schema/server.ts";
import { nextServerState, type ServerEvent } from "../../../../electron/core/opencode/server-states.ts";

const events: readonly ServerEvent[] = [
  ...(["start", "spawned", "ready", "retry", "failed", "given_up"] as const),
  ...(["weakened", "refused", "recovered", "stop", "gone"] as const),
];

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
  const ends = (state: string) => [`${state} failed crashed`, `${state} given_up gave_up`];
  expect(allowed).toEqual([
    "stopped start starting",
    "starting spawned waiting_ready",
    "starting retry starting",
    ...ends("starting"),
    "starting stop stopping",
    "waiting_ready ready running",
    "waiting_ready retry starting",
    ...ends("waiting_ready"),
    "waiting_ready stop stopping",
    ...ends("running"),
    "running weakened degraded",
    "running refused auth",
    "running stop stopping",
    ...ends("degraded"),
    "degraded refused auth",
    "degraded recovered running",
    "degraded stop stopping",
    ...ends("auth"),
    "auth weakened degraded",
    "auth recovered running",
    "auth stop stopping",
    "stopping gone stopped",
    "crashed start starting",
    "crashed given_up gave_up",
    "crashed stop stopping",
    "gave_up start starting",
    "gave_up stop stopping",
  ]);
});
