import { expect, test } from "vitest";
import type { DependencyCondition, ServicePhase } from "#shared/schema/service.ts";
import { gateOf } from "../../../../electron/core/environment/gate.ts";
import { dependencyFailure } from "../../../../electron/core/service/failures.ts";

const started: DependencyCondition = "service_started";
const healthy: DependencyCondition = "service_healthy";
const completed: DependencyCondition = "service_completed_successfully";

function gate(condition: DependencyCondition, phase: ServicePhase, ready: boolean, required = true) {
  const seen = {
    name: "db",
    state: { desired: "running", phase, health: ready ? "healthy" : "starting", generation: 1 } as const,
    ready,
    logReady: false,
    failure: null,
  };
  return gateOf("web", new Map([["db", { condition, required }]]), () => seen);
}

test.each<[DependencyCondition, ServicePhase, boolean, string]>([
  [started, "starting", false, "waiting"],
  [started, "running", false, "open"],
  [started, "completed", true, "open"],
  [started, "backoff", false, "waiting"],
  [healthy, "running", false, "waiting"],
  [healthy, "running", true, "open"],
  [healthy, "completed", true, "open"],
  [completed, "running", true, "waiting"],
  [completed, "completed", true, "open"],
  [completed, "stopped", false, "waiting"],
  [started, "failed", false, "skip"],
  [healthy, "crash_loop", false, "skip"],
  [completed, "blocked", false, "skip"],
  [completed, "skipped", false, "skip"],
])("%s on one that is %s (ready: %s): %s", (condition, phase, ready, kind) => {
  expect(gate(condition, phase, ready).kind).toBe(kind);
});

test.each<[DependencyCondition, ServicePhase, boolean, string]>([
  ["service_completed", "running", false, "waiting"],
  ["service_completed", "backoff", false, "waiting"],
  ["service_completed", "stopped", false, "waiting"],
  ["service_completed", "completed", false, "open"],
  ["service_completed", "failed", false, "open"],
  ["service_completed", "crash_loop", false, "open"],
  ["service_completed", "skipped", false, "skip"],
  ["service_completed", "blocked", false, "skip"],
  ["service_log_ready", "starting", false, "waiting"],
  ["service_log_ready", "running", false, "waiting"],
  ["service_log_ready", "running", true, "open"],
  ["service_log_ready", "completed", true, "open"],
  // The line of a life that is over says nothing about the next.
  ["service_log_ready", "backoff", true, "waiting"],
  ["service_log_ready", "completed", false, "skip"],
  ["service_log_ready", "failed", true, "skip"],
])("%s on one that is %s (its line has come: %s): %s", (condition, phase, logReady, kind) => {
  const state = { desired: "running", phase, health: "none", generation: 1 } as const;
  const seen = { name: "db", state, ready: false, logReady, failure: null };
  expect(gateOf("web", new Map([["db", { condition, required: true }]]), () => seen).kind).toBe(kind);
});

test("an optional dependency is waited for, but its failure is no obstacle", () => {
  expect(gate(healthy, "starting", false, false).kind).toBe("waiting");
  expect(gate(healthy, "failed", false, false).kind).toBe("open");
  expect(gateOf("web", new Map([["ghost", { condition: started, required: false }]]), () => undefined).kind).toBe(
    "open",
  );
});

test("a skip carries the whole chain and the first cause", () => {
  const root = { code: "task_failed", message: "The task db ended with code 1.", next: "Look.", details: {} } as const;
  const middle = {
    name: "api",
    state: { desired: "running", phase: "skipped", health: "none", generation: 0 } as const,
    ready: false,
    logReady: false,
    failure: dependencyFailure("api", ["db"], root),
  };
  const result = gateOf("web", new Map([["api", { condition: started, required: true }]]), () => middle);
  expect(result).toMatchObject({ kind: "skip", failure: { details: { chain: ["api", "db"] }, next: "Look." } });
  expect(result.kind === "skip" && result.failure.message).toBe(
    "web was skipped: it needs api, which needs db, which failed. The task db ended with code 1.",
  );
});
