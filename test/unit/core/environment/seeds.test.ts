import { describe, expect, test } from "vitest";
import type { ServiceRun } from "#shared/schema/service.ts";
import { Seeds } from "../../../../electron/core/environment/seeds.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import type { Service } from "../../../../electron/core/service/service.ts";
import { shell } from "../../../support/environment-stage.ts";
import { madeProject } from "../../../support/environment-world.ts";

const database = (name: string) =>
  shell(name, "true", { more: { role: "infrastructure", run: { kind: "compose", service: `${name}-container` } } });

function world(data: (services: readonly string[]) => Promise<string | null>) {
  const project = madeProject("/", [
    database("db"),
    shell("redis", "true", { more: { role: "infrastructure" } }),
    shell("migrate", "true", { kind: "task", needs: { db: "service_started" }, more: { role: "migrate" } }),
    shell("seed", "true", { kind: "task", needs: { migrate: "service_completed" }, more: { role: "seed" } }),
    shell("lonely", "true", { kind: "task", needs: { redis: "service_started" }, more: { role: "seed" } }),
  ]);
  const services = new Map(
    [...project.services].map(([name, detected]) => [name, { name, detected } as unknown as Service]),
  );
  const runs: ServiceRun[] = [];
  const known: string[] = [];
  const warnings: string[] = [];
  const seeds = new Seeds({
    find: (name) => services.get(name),
    history: () => runs,
    dataOf: data,
    onKnown: (name) => known.push(name),
    logger: { ...silentLogger, warn: (message) => warnings.push(message) },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    seeds,
    runs,
    known,
    warnings,
    verdict: (name: string) => seeds.verdict(services.get(name)!),
    /** What comes of a start that names these. */
    async start(...named: string[]) {
      seeds.wanted(["seed", "migrate"], new Set(named));
      const first = seeds.verdict(services.get("seed")!);
      await settle();
      return [first.kind, seeds.verdict(services.get("seed")!).kind];
    },
    ran: (outcome: ServiceRun["outcome"]) => {
      const run = {
        generation: 1,
        startedAt: "2026-11-21T10:20:30.000Z",
        durationMs: 5,
        exit: null,
        outcome,
        why: null,
      };
      runs.push(seeds.marked("seed", run));
    },
  };
}

describe("a seed", () => {
  test("that has filled a database is done, until the database is another one", async () => {
    let data = "first";
    const { start, ran, verdict, known } = world((services) => {
      expect(services).toEqual(["db-container"]);
      return Promise.resolve(data);
    });
    expect(await start()).toEqual(["wait", "run"]);
    expect(known).toEqual(["seed"]);
    ran("failed");
    expect(await start()).toEqual(["wait", "run"]);
    ran("completed");
    expect(await start()).toEqual(["wait", "done"]);
    expect(verdict("seed")).toEqual({
      kind: "done",
      why: "It filled this database on 2026-11-21 10:20 (UTC) and is not run again by itself. Restart seed to run it once more.",
    });
    data = "emptied";
    expect(await start()).toEqual(["wait", "run"]);
    ran("completed");
    expect(await start()).toEqual(["wait", "done"]);
    data = "first";
    expect(await start()).toEqual(["wait", "done"]);
  });

  test("that a person names is run, and the next start is as before", async () => {
    const { start, ran } = world(() => Promise.resolve("same"));
    await start();
    ran("completed");
    expect(await start("seed")).toEqual(["wait", "run"]);
    expect(await start("migrate")).toEqual(["wait", "done"]);
  });

  test("of which nobody can tell the database is run, and nothing is kept of it", async () => {
    const { start, ran, runs, verdict } = world(() => Promise.resolve(null));
    expect(await start()).toEqual(["wait", "run"]);
    ran("completed");
    expect(runs[0]).not.toHaveProperty("data");
    expect(await start()).toEqual(["wait", "run"]);
    // No container: what it fills is not ours to know.
    expect(verdict("lonely")).toEqual({ kind: "run" });
    expect(verdict("migrate")).toEqual({ kind: "run" });
  });

  test("is run where docker does not answer, which is told", async () => {
    const { start, warnings } = world(() => Promise.reject(new Error("no answer")));
    expect(await start()).toEqual(["wait", "run"]);
    expect(warnings).toHaveLength(1);
  });
});
