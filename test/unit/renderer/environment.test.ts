import { expect, test } from "vitest";
import { failureCodes, type FailureCode } from "#shared/failure.ts";
import { servicePhaseSchema, type ServiceStatus } from "#shared/schema/service.ts";
import { inWaves, totals } from "../../../renderer/environment/order.ts";
import { remediesFor } from "../../../renderer/environment/remedies.ts";
import { healthLook, serviceLook } from "../../../renderer/ui/state.ts";

const service = (name: string, wave: number, more: Partial<ServiceStatus> = {}) =>
  ({ name, wave, ready: false, memoryBytes: null, cpuPercent: null, ...more }) as ServiceStatus;

test("every phase has a shape and a word, and different trouble has different words", () => {
  const words = servicePhaseSchema.options.map((phase) => serviceLook({ phase, ready: true, kind: "process" }).word);
  expect(new Set(words).size).toBe(words.length);
});

test("up and ready are different words, and a task that runs is running", () => {
  expect(serviceLook({ phase: "running", ready: true, kind: "process" })).toMatchObject({
    shape: "full",
    word: "Ready",
  });
  expect(serviceLook({ phase: "running", ready: false, kind: "process" })).toMatchObject({ shape: "half", word: "Up" });
  expect(serviceLook({ phase: "running", ready: false, kind: "task" })).toMatchObject({ word: "Running" });
  expect(healthLook("none")).toBeNull();
});

test("rows come in waves, each keeping the order it was given, and the first of a wave says so", () => {
  const rows = inWaves([service("web", 2), service("db", 0), service("api", 1), service("redis", 0)]);
  expect(rows.map((row) => [row.service.name, row.startsWave])).toEqual([
    ["db", true],
    ["redis", false],
    ["api", true],
    ["web", true],
  ]);
});

test("the head adds up what runs", () => {
  expect(
    totals([service("a", 0, { ready: true, memoryBytes: 10, cpuPercent: 1.5 }), service("b", 0, { memoryBytes: 5 })]),
  ).toEqual({
    ready: 1,
    memoryBytes: 15,
    cpuPercent: 1.5,
  });
});

test("trouble comes with a button that fits it", () => {
  expect(remediesFor("not_trusted")).toEqual(["review-trust"]);
  expect(remediesFor("opencode_missing")[0]).toBe("settings");
  expect(remediesFor("service_exited")).toEqual(["retry", "logs"]);
  expect(remediesFor("dependency_failed")).toEqual([]);
  for (const code of Object.keys(failureCodes) as FailureCode[])
    expect(new Set(remediesFor(code)).size).toBe(remediesFor(code).length);
});
