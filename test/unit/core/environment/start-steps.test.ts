import { expect, test } from "vitest";
import type { Health, ServicePhase } from "#shared/schema/service.ts";
import { StartSteps } from "../../../../electron/core/environment/start-steps.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function play(isTask: boolean, ...moves: readonly (readonly [number, ServicePhase, Health?])[]) {
  const clock = new ManualClock(0);
  const steps = new StartSteps(clock);
  const state = (phase: ServicePhase, health: Health = "none") => ({
    desired: "running" as const,
    phase,
    health,
    generation: 1,
  });
  let from = state("stopped");
  for (const [ms, phase, health] of moves) {
    clock.advance(ms);
    const to = state(phase, health);
    steps.note("api", { from, to }, isTask);
    from = to;
  }
  return { steps, told: steps.of("api").map(({ step, ms }) => [step, ms]) };
}

test("each step is measured, and the last one is under way", () => {
  expect(play(false, [0, "pending"], [5, "waiting"], [100, "starting"], [20, "running", "starting"]).told).toEqual([
    ["waiting", 105],
    ["starting", 20],
    ["becoming_ready", null],
  ]);
});

test("a service without a probe has nothing to become; a task runs until it is done; trouble afterwards is no step", () => {
  expect(play(false, [0, "pending"], [1, "starting"], [2, "running"]).told).toEqual([
    ["waiting", 1],
    ["starting", 2],
  ]);
  expect(play(true, [0, "pending"], [1, "starting"], [2, "running"], [30, "completed"]).told.at(-1)).toEqual([
    "becoming_ready",
    30,
  ]);
  const later = play(
    false,
    [0, "pending"],
    [1, "starting"],
    [2, "running", "starting"],
    [3, "running", "healthy"],
    [90, "running", "unhealthy"],
    [9, "running", "healthy"],
  );
  expect(later.told).toEqual([
    ["waiting", 1],
    ["starting", 2],
    ["becoming_ready", 3],
  ]);
});

test("a failure ends the steps, another try begins them anew, and what is gone is forgotten", () => {
  const failed = [
    [0, "pending"],
    [1, "starting"],
    [4, "failed"],
  ] as const;
  expect(play(false, ...failed).told).toEqual([
    ["waiting", 1],
    ["starting", 4],
  ]);
  const { steps, told } = play(false, ...failed, [50, "pending"]);
  expect(told).toEqual([["waiting", null]]);
  steps.keep(new Set(["api"]));
  expect(steps.of("api")).toHaveLength(1);
  steps.keep(new Set());
  expect(steps.of("api")).toEqual([]);
});

test("of those that can start at once, the one that took longest the last time is first; who is new keeps its place", () => {
  const clock = new ManualClock(0);
  const steps = new StartSteps(clock);
  const at = (phase: ServicePhase, health: Health = "none") => ({
    desired: "running" as const,
    phase,
    health,
    generation: 1,
  });
  const start = (service: string, ms: number) => {
    steps.note(service, { from: at("starting"), to: at("running", "starting") }, false);
    clock.advance(ms);
    steps.note(service, { from: at("running", "starting"), to: at("running", "healthy") }, false);
  };
  expect(steps.slowFirst(["web", "api", "db"])).toEqual(["web", "api", "db"]);
  start("web", 100);
  start("api", 200);
  start("db", 500);
  start("db", 150);
  expect(steps.slowFirst(["new", "web", "newer", "db", "api"])).toEqual(["api", "db", "web", "new", "newer"]);
  steps.keep(new Set(["web"]));
  expect(steps.slowFirst(["api", "web"])).toEqual(["web", "api"]);
});
