import { describe, expect, test } from "vitest";
import { servicePhaseSchema, type ServicePhase } from "#shared/schema/service.ts";
import {
  INITIAL_STATE,
  isReady,
  transition,
  type ServiceEvent,
  type ServiceEventKind,
  type ServiceState,
} from "../../../../electron/core/service/service-states.ts";

const GENERATION = 4;

/** Every legal pair; whatever is not here must be illegal. */
const legal: Record<ServiceEventKind, Partial<Record<ServicePhase, ServicePhase>>> = {
  want: {
    pending: "pending",
    waiting: "waiting",
    starting: "starting",
    running: "running",
    stopping: "stopping",
    backoff: "pending",
    stopped: "pending",
    failed: "pending",
    crash_loop: "pending",
    skipped: "pending",
    blocked: "pending",
    completed: "pending",
    disabled: "pending",
  },
  unwant: {
    pending: "stopped",
    waiting: "stopped",
    backoff: "stopped",
    blocked: "stopped",
    skipped: "stopped",
    failed: "stopped",
    crash_loop: "stopped",
    completed: "stopped",
    stopped: "stopped",
    disabled: "disabled",
    starting: "starting",
    running: "running",
    stopping: "stopping",
  },
  wait: { pending: "waiting", waiting: "waiting" },
  skip: { pending: "skipped", waiting: "skipped" },
  done: { pending: "completed", waiting: "completed" },
  spawn: { pending: "starting", waiting: "starting" },
  up: { starting: "running" },
  healthy: { running: "running" },
  unhealthy: { running: "running" },
  stop: { starting: "stopping", running: "stopping" },
  ended: { stopping: "stopped" },
  complete: { stopping: "completed" },
  back_off: { stopping: "backoff" },
  fail: { starting: "failed", stopping: "failed" },
  give_up: { stopping: "crash_loop" },
  block: { pending: "blocked", waiting: "blocked", starting: "blocked", stopping: "blocked" },
  retry: { backoff: "pending" },
};

function event(kind: ServiceEventKind, generation = GENERATION): ServiceEvent {
  if (kind === "want" || kind === "unwant" || kind === "wait" || kind === "skip") return { kind };
  if (kind === "spawn") return { kind, hasProbe: true };
  return { kind, generation };
}

const kinds = Object.keys(legal) as ServiceEventKind[];
const state = (phase: ServicePhase, more: Partial<ServiceState> = {}): ServiceState => ({
  desired: "running",
  phase,
  health: "none",
  generation: GENERATION,
  ...more,
});

describe.each(kinds)("the event %s", (kind) => {
  test.each(servicePhaseSchema.options)("from %s", (phase) => {
    const result = transition(state(phase), event(kind));
    const expected = legal[kind][phase];
    if (expected === undefined) expect(result).toEqual({ kind: "illegal" });
    else expect(result.kind === "moved" && result.state.phase).toBe(expected);
  });

  test("of an earlier or later generation is dropped", () => {
    if (!("generation" in event(kind))) return;
    for (const generation of [GENERATION - 1, GENERATION + 1, 0]) {
      for (const phase of servicePhaseSchema.options) {
        expect(transition(state(phase), event(kind, generation))).toEqual({ kind: "stale" });
      }
    }
  });
});

function moved(from: ServiceState, next: ServiceEvent): ServiceState {
  const result = transition(from, next);
  if (result.kind !== "moved") throw new Error(`${next.kind} from ${from.phase} is ${result.kind}`);
  return result.state;
}

test("only a spawn begins a generation, and its health begins unknown", () => {
  const failed = state("pending", { health: "unhealthy" });
  expect(moved(failed, { kind: "spawn", hasProbe: true })).toMatchObject({
    generation: GENERATION + 1,
    health: "starting",
  });
  expect(moved(failed, { kind: "spawn", hasProbe: false })).toMatchObject({
    generation: GENERATION + 1,
    health: "none",
  });
});

test("health belongs to what runs: whatever ends it, clears it", () => {
  const healthy = moved(state("running", { health: "starting" }), event("healthy"));
  expect(healthy.health).toBe("healthy");
  expect(moved(healthy, event("stop")).health).toBe("none");
  expect(moved(moved(healthy, event("stop")), event("back_off")).health).toBe("none");
});

test("what the user wants changes with want and unwant alone", () => {
  expect(moved(INITIAL_STATE, event("want"))).toMatchObject({ desired: "running", phase: "pending" });
  expect(moved(state("running"), event("unwant"))).toMatchObject({ desired: "stopped", phase: "running" });
  expect(moved(state("stopping", { desired: "stopped" }), event("want"))).toMatchObject({
    desired: "running",
    phase: "stopping",
  });
});

test.each([
  ["running", "none", false, true],
  ["running", "healthy", false, true],
  ["running", "starting", false, false],
  ["running", "unhealthy", false, false],
  ["running", "none", true, false],
  ["completed", "none", true, true],
  ["completed", "none", false, true],
  ["starting", "none", false, false],
  ["backoff", "none", false, false],
] as const)("%s with health %s (task: %s) is ready: %s", (phase, health, isTask, ready) => {
  expect(isReady(state(phase, { health }), isTask)).toBe(ready);
});
