/** The sample shop, detected and run for real: order, ports, restarts, and nothing left behind. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { createEnvironmentWorld, freePort, listen, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let world: EnvironmentWorld;
let apiPort: number;
let webPort: number;

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(async () => {
  world = createEnvironmentWorld({ guardianPath: guardian.path, project: "harbour" });
  // Ports of its own, so that a shop that already runs on this machine does not matter.
  [apiPort, webPort] = [await freePort(), await freePort()];
  const file = join(world.folder, "package.json");
  writeFileSync(
    file,
    readFileSync(file, "utf8").replaceAll("4310", String(apiPort)).replaceAll("4320", String(webPort)),
  );
});
afterEach(async () => {
  await world.close();
  expect(world.errors).toEqual([]);
});

async function startAll(): Promise<Awaited<ReturnType<EnvironmentWorld["environment"]["settled"]>>> {
  const detected = await detect({ directory: world.folder, profile: "dev" });
  const { runId } = world.environment.start({ detected, profile: "dev" });
  return world.environment.settled(runId, AbortSignal.timeout(60_000));
}

test("starts the tasks in order, then the servers, and tells the page where the API is", async () => {
  expect(await startAll()).toEqual({ outcome: "ready", failures: [] });
  const status = world.environment.status();
  expect(status.phase).toBe("ready");
  expect(status.services.map(({ name, phase, ready }) => [name, phase, ready])).toEqual([
    ["db:migrate", "completed", true],
    ["db:seed", "completed", true],
    ["dev:api", "running", true],
    ["dev:worker", "running", true],
    ["dev:web", "running", true],
  ]);
  const started = world.audit.filter((entry) => entry.to === "starting").map((entry) => entry.service);
  expect(started.slice(0, 2)).toEqual(["db:migrate", "db:seed"]);
  expect(new Set(started.slice(2))).toEqual(new Set(["dev:api", "dev:worker", "dev:web"]));
  // Through the page's proxy, so that the page was told the API's address.
  const answer = await fetch(`${world.service("dev:web").url}/api/products`);
  expect(((await answer.json()) as { products: unknown[] }).products).toHaveLength(6);
  await until("the worker's line", 5_000, () =>
    world.book.tail("dev:worker", 10).some((line) => line.text.includes("shelves")),
  );

  await world.environment.stop();
  expect(world.environment.status().phase).toBe("stopped");
  expect(world.keeper.list()).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${apiPort}/healthz`)).rejects.toThrow();
});

test("moves a service whose port is held, and tells the others its new address", async () => {
  const holder = await listen(apiPort);
  try {
    expect((await startAll()).outcome).toBe("ready");
    const api = world.service("dev:api");
    expect(api.ports[0]?.port).toBeGreaterThan(apiPort);
    expect(api.url).toBe(`http://127.0.0.1:${api.ports[0]?.port}`);
    const answer = await fetch(`http://127.0.0.1:${webPort}/api/products`);
    expect(answer.status).toBe(200);
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

test("brings a server back that was killed", async () => {
  await startAll();
  const before = world.service("dev:api");
  process.kill(before.pid!, "SIGKILL");
  await until("the API's next generation", 20_000, () => {
    const api = world.service("dev:api");
    return api.generation === before.generation + 1 && api.ready;
  });
  const after = world.service("dev:api");
  expect(after).toMatchObject({ restarts: 1, phase: "running", health: "healthy" });
  expect(after.ports).toEqual(before.ports);
  expect((await fetch(`${after.url}/healthz`)).status).toBe(200);
});

test("a migration that fails keeps everything after it from starting, and says why", async () => {
  const file = join(world.folder, "database/migrate.mjs");
  writeFileSync(file, `console.log("about to migrate");\nthrow new Error("no such column: colour");\n`);
  const { outcome, failures } = await startAll();
  expect(outcome).toBe("failed");
  const migrate = world.service("db:migrate");
  expect(migrate).toMatchObject({ phase: "failed", exit: { code: 1, signal: null }, failure: { code: "task_failed" } });
  expect(migrate.why).toContain("no such column: colour");
  expect(migrate.failure?.details["tail"]).toContain("about to migrate");
  expect(failures.map(({ service }) => service).sort()).toEqual([
    "db:migrate",
    "db:seed",
    "dev:api",
    "dev:web",
    "dev:worker",
  ]);
  for (const name of ["db:seed", "dev:api", "dev:worker", "dev:web"]) {
    expect(world.service(name)).toMatchObject({
      phase: "skipped",
      generation: 0,
      failure: { code: "dependency_failed" },
    });
    expect(world.service(name).why).toContain("db:migrate");
  }
  expect(world.environment.status().phase).toBe("failed");
});
