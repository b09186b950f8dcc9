import { expect, test } from "vitest";
import { Runs } from "../../../../electron/core/environment/run.ts";
import type { Service } from "../../../../electron/core/service/service.ts";

/** A service as far as a run looks at it. */
const service = (desired: "running" | "stopped", ready: boolean) =>
  ({
    state: { desired, phase: ready ? "running" : "waiting", health: "none", generation: 1 },
    ready,
    steady: ready,
    everReady: ready,
    missedDeadline: false,
    restartRequested: false,
    failure: null,
  }) as unknown as Service;

test("who waits for a run hears of it, however many were begun since; one that nobody waits for is forgotten", async () => {
  const runs = new Runs();
  const forgotten = runs.begin(new Set(["api"]));
  const first = runs.begin(new Set(["api"]));
  const waiting = runs.settled(first);
  for (let more = 0; more < 250; more += 1) runs.begin(new Set(["api"]));
  runs.settle(() => service("running", true));
  expect(await waiting).toEqual({ outcome: "ready", failures: [] });
  expect(() => runs.settled(forgotten)).toThrow(`There is no run ${forgotten}.`);
  // Its waiters have heard; now it may go.
  for (let more = 0; more < 250; more += 1) runs.begin(new Set(["api"]));
  expect(() => runs.settled(first)).toThrow("There is no run");
});

test("who gives up waiting is let go at once, and the run goes on", async () => {
  const runs = new Runs();
  const id = runs.begin(new Set(["api"]));
  await expect(runs.settled(id, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  const controller = new AbortController();
  const waiting = runs.settled(id, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  runs.settle(() => service("stopped", false));
  expect(await runs.settled(id)).toEqual({ outcome: "stopped", failures: [] });
});
