import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DependencyCondition } from "#shared/schema/service.ts";
import { planOrder, withDependencies, type GraphNode } from "../../../../electron/core/environment/graph.ts";

type Edge = string | { to: string; condition?: DependencyCondition; required?: boolean };

function node(name: string, edges: readonly Edge[] = [], hasProbe = true): GraphNode {
  const dependencies = new Map(
    edges.map((edge) => {
      const {
        to,
        condition = "service_started" as const,
        required = true,
      } = typeof edge === "string" ? { to: edge } : edge;
      return [to, { condition, required }] as const;
    }),
  );
  return { name, dependencies, hasProbe, source: `test#${name}` };
}

describe("waves", () => {
  test("a diamond has three", () => {
    const order = planOrder([
      node("top", ["left", "right"]),
      node("left", ["base"]),
      node("right", ["base"]),
      node("base"),
    ]);
    expect(order.waves).toEqual([["base"], ["left", "right"], ["top"]]);
    expect(order.problems).toEqual([]);
  });

  test("independent pairs run side by side, and keep the order of the files", () => {
    const pairs = [2, 4, 6, 8].flatMap((even) => [node(`p${even}`, [`p${even - 1}`]), node(`p${even - 1}`)]);
    expect(planOrder(pairs).waves).toEqual([
      ["p1", "p3", "p5", "p7"],
      ["p2", "p4", "p6", "p8"],
    ]);
  });

  test("names that objects know already are names like any other", () => {
    const order = planOrder([node("__proto__", ["constructor"]), node("constructor", ["toString"]), node("toString")]);
    expect(order.waves).toEqual([["toString"], ["constructor"], ["__proto__"]]);
    expect(order.problems).toEqual([]);
  });

  test("10,000 services in one chain, and 10,000 on one, are put in order in the two seconds that any input has", () => {
    const chain = Array.from({ length: 10_000 }, (_, index) => node(`s${index}`, index === 0 ? [] : [`s${index - 1}`]));
    const star = Array.from({ length: 10_000 }, (_, index) => node(`s${index}`, index === 0 ? [] : ["s0"]));
    const ring = chain.map((one, index) => (index === 0 ? node("s0", ["s9999"]) : one));
    const before = performance.now();
    expect(planOrder(chain).waves).toHaveLength(10_000);
    expect(planOrder(star).waves).toHaveLength(2);
    expect(planOrder(ring).waves).toEqual([]);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe("what makes an order impossible", () => {
  test("a circle is printed as a path; what hangs on it stands in no wave, the rest in its own", () => {
    const order = planOrder([
      node("a", ["b"]),
      node("b", ["c"]),
      node("c", ["a"]),
      node("behind", ["a"]),
      node("free"),
    ]);
    expect(order.waves).toEqual([["free"]]);
    expect(order.problems).toHaveLength(1);
    expect(order.problems[0]).toMatchObject({ code: "dependency_cycle", severity: "error", source: "test#a" });
    expect(order.problems[0]?.message).toContain("a → b → c → a");
  });

  test("two circles are two problems", () => {
    const order = planOrder([node("a", ["b"]), node("b", ["a"]), node("x", ["y"]), node("y", ["x"])]);
    expect(order.problems.map((problem) => problem.message.match(/: (.*?)\./)?.[1])).toEqual([
      "a → b → a",
      "x → y → x",
    ]);
  });

  test("a circle of ten thousand is told in a message one can read", () => {
    const ring = Array.from({ length: 10_000 }, (_, index) => node(`s${index}`, [`s${(index + 1) % 10_000}`]));
    expect(planOrder(ring).problems[0]?.message.length).toBeLessThan(1_000);
  });

  test.each([
    ["itself", node("a", ["a"]), "self_dependency", "error"],
    ["nobody", node("a", ["ghost"]), "unknown_dependency", "error"],
    ["nobody, and need not", node("a", [{ to: "ghost", required: false }]), "unknown_dependency", "warning"],
  ])("waiting for %s", (_, one, code, severity) => {
    const order = planOrder([one]);
    expect(order.problems).toHaveLength(1);
    expect(order.problems[0]).toMatchObject({ code, severity });
    expect(order.waves).toEqual([["a"]]);
  });

  test("waiting for the health of something without a check", () => {
    const order = planOrder([node("a", [{ to: "b", condition: "service_healthy" }]), node("b", [], false)]);
    expect(order.problems[0]).toMatchObject({ code: "healthy_without_probe", severity: "error" });
  });
});

/** Graphs of up to 30 services with arbitrary edges, circles included. */
const graphs = fc
  .integer({ min: 1, max: 30 })
  .chain((size) =>
    fc.array(fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 5 }), {
      minLength: size,
      maxLength: size,
    }),
  )
  .map((edges) =>
    edges.map((targets, index) =>
      node(
        `n${index}`,
        targets.map((target) => `n${target}`),
      ),
    ),
  );

test("in every graph: each service once, after all it needs; and whoever is missing is on a circle or behind one", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const order = planOrder(nodes);
      const wave = new Map(order.waves.flatMap((names, index) => names.map((name) => [name, index] as const)));
      expect(wave.size).toBe(order.waves.flat().length);
      for (const { name, dependencies } of nodes) {
        const mine = wave.get(name);
        for (const other of dependencies.keys()) {
          if (other === name) continue;
          if (mine === undefined) continue;
          expect(wave.get(other)).toBeLessThan(mine);
        }
        if (mine === undefined) {
          const reach = withDependencies(new Map(nodes.map((one) => [one.name, one])), dependencies.keys());
          const onCircle = [...reach].some((other) => !wave.has(other));
          expect(onCircle).toBe(true);
        }
      }
      expect(order.problems.some((problem) => problem.code === "dependency_cycle")).toBe(wave.size < nodes.length);
    }),
  );
});

test("a partial start brings everything that is needed, and nothing else", () => {
  const nodes = new Map(
    [node("web", ["api"]), node("api", ["db"]), node("db"), node("other", ["db"])].map((one) => [one.name, one]),
  );
  expect([...withDependencies(nodes, ["web"])].sort()).toEqual(["api", "db", "web"]);
});
