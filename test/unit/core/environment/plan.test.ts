/** What a start is about. The fault case D05 of ten thousand services stands here: making them takes longer than planning them. */
import { expect, test } from "vitest";
import { graphNode } from "../../../../electron/core/environment/detect/detect.ts";
import { planOrder } from "../../../../electron/core/environment/graph.ts";
import { servicesToStart } from "../../../../electron/core/environment/plan.ts";
import { done, shell, writes } from "../../../support/environment-stage.ts";
import { madeProject, type Made } from "../../../support/environment-world.ts";

test("D05: of ten thousand services with a circle the path is told within a second, and the rest can start", () => {
  const count = 10_000;
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  const services = names.map((name, index): Made => {
    const next = index < 100 ? names[(index + 1) % 100] : names[index - 1];
    return writes(name, index === 100 || next === undefined ? {} : { [next]: done });
  });
  const project = madeProject("/", services);
  const began = performance.now();
  const { problems, waves } = planOrder([...project.services.values()].map(graphNode));
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toMatch(/^These services wait for each other: s0 → s1 → .* → … → s0\. Take/);
  expect(waves.flat()).toHaveLength(count - 100);
  // The circle is nobody's trouble who does not hang on it.
  expect(servicesToStart(project, ["s5000"]).size).toBe(5_000 - 100 + 1);
  expect(() => servicesToStart(project, ["s7"])).toThrow("wait for each other");
});

test("a disabled service is wanted only by its name, or by who needs it", () => {
  const disabled = { rules: { disabled: true } };
  const project = madeProject("/", [
    shell("tool", "true", disabled),
    shell("db", "true", disabled),
    shell("web", "true", { needs: { db: "service_started" } }),
  ]);
  expect([...servicesToStart(project, undefined)].sort()).toEqual(["db", "web"]);
  expect([...servicesToStart(project, ["tool"])]).toEqual(["tool"]);
});

test("whoever waits for a line that nobody named is refused; a log probe names one", () => {
  const waits = { ...writes("waits"), needs: { api: "service_log_ready" } as const };
  const project = madeProject("/", [waits, shell("api", "true")]);
  expect(() => servicesToStart(project, undefined)).toThrow("but nobody says which");
  const named = madeProject("/", [waits, shell("api", "true", { probe: { kind: "log", pattern: "up" } })]);
  expect(servicesToStart(named, undefined).size).toBe(2);
});
