/** Seed data on real containers: put in once for each database, and again for a new one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { docker, engineObstacle } from "../support/docker-engine.ts";
import { createEnvironmentWorld, linesOf, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";

const reason = engineObstacle();
if (reason !== null) console.log(`skipped: seed data on real containers (${reason})`);

describe.skipIf(reason !== null)("on the real engine", { timeout: 120_000 }, () => {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  let world: EnvironmentWorld;
  beforeAll(async () => {
    guardian = await bundleGuardian();
  });
  afterAll(() => guardian.remove());
  beforeEach(() => {
    world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only" });
    const { folder } = world;
    writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { "db:seed": "echo seed >> seeds.txt" } }));
  });
  afterEach(async () => {
    await world.close();
    expect(world.errors).toEqual([]);
    const left = docker(["volume", "ls", "-q", "--filter", `name=${composeProjectName(world.folder)}`]);
    for (const volume of left.split("\n").filter((name) => name !== "")) docker(["volume", "rm", volume]);
  });

  const compose = (volumes: string) => `services:
  db: { image: local/busybox:1, init: true, command: [sleep, "600"]${volumes} }
volumes: { data: {} }
`;

  async function start(services?: string[]) {
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({ detected, profile: "dev", ...(services ? { services } : {}) });
    expect(await world.environment.settled(runId, AbortSignal.timeout(60_000))).toMatchObject({ outcome: "ready" });
  }
  const seeded = () => linesOf(join(world.folder, "seeds.txt")).length;

  test("a seed that succeeded on a volume is not run again by itself; it is by hand, and on a new volume", async () => {
    writeFileSync(join(world.folder, "compose.yaml"), compose(", volumes: [data:/data]"));
    await start();
    expect(seeded()).toBe(1);
    await world.environment.stop();
    await start();
    expect(seeded()).toBe(1);
    const seed = world.service("db:seed");
    expect(seed).toMatchObject({ phase: "completed", ready: true, generation: 1, failure: null });
    expect(seed.why).toMatch(/^It filled this database on .* Restart db:seed to run it once more\.$/);

    const { runId } = world.environment.restart(["db:seed"]);
    await world.environment.settled(runId, AbortSignal.timeout(60_000));
    expect(seeded()).toBe(2);
    await world.environment.stop();
    await start(["db:seed"]);
    expect(seeded()).toBe(3);
    await world.environment.stop();
    docker(["volume", "rm", `${composeProjectName(world.folder)}_data`]);
    await start();
    expect(seeded()).toBe(4);
  });

  test("without a volume the data goes with its container, and is put in again", async () => {
    writeFileSync(join(world.folder, "compose.yaml"), compose(""));
    await start();
    await world.environment.stop();
    await start();
    expect(seeded()).toBe(2);
    expect(world.service("db:seed").why).toBeNull();
  });
});
