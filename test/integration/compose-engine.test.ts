/** What happens to an environment when the Docker engine under it is killed, hangs, and comes back: on an engine of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { createPrivateEngine, docker, privateEngineObstacle, type PrivateEngine } from "../support/docker-engine.ts";
import { createEnvironmentWorld, freePort, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const reason = privateEngineObstacle();
if (reason !== null) console.log(`skipped: an engine that dies (${reason})`);

describe.skipIf(reason !== null)("an engine that", () => {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  let engine: PrivateEngine;
  let world: EnvironmentWorld;
  const before = process.env["DOCKER_HOST"];

  beforeAll(async () => {
    guardian = await bundleGuardian();
    engine = await createPrivateEngine();
    process.env["DOCKER_HOST"] = engine.host;
  }, 60_000);
  afterAll(async () => {
    if (before === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = before;
    await engine.remove();
    await guardian.remove();
  });
  beforeEach(async () => {
    world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only" });
    const port = await freePort();
    writeFileSync(
      join(world.folder, "compose.yaml"),
      `services:
  db:
    image: local/busybox:1
    init: true
    command: [sh, -c, "echo up; exec httpd -f -p 80"]
    ports: ["127.0.0.1:${port}:80"]
    healthcheck: { test: [CMD, "true"], interval: 1s }
  plain: { image: local/busybox:1, init: true, command: [sleep, "3600"] }
`,
    );
    writeFileSync(join(world.folder, "package.json"), '{"scripts":{"dev":"node -e \\"setInterval(()=>{},1e9)\\""}}');
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({ detected, profile: "dev" });
    expect(await world.environment.settled(runId, AbortSignal.timeout(60_000))).toEqual({
      outcome: "ready",
      failures: [],
    });
  }, 90_000);
  afterEach(async () => {
    await world.close();
    expect(world.errors).toEqual([]);
  });

  const state = (name: string) => {
    const { phase, health, generation, failure } = world.service(name);
    return { phase, health, generation, code: failure?.code ?? null };
  };
  const all = (code: string | null) => {
    return world.environment
      .status()
      .services.filter(({ kind }) => kind === "compose")
      .every(({ failure }) => (failure?.code ?? null) === code);
  };
  const pidOf = (name: string) => world.service(name).pid;

  test(
    "is killed mid-run and restarted: the containers say so and come back, no process is restarted",
    { timeout: 90_000 },
    async () => {
      const dev = pidOf("dev");
      engine.signal("SIGKILL");
      await engine.ended();
      await until("the trouble", 15_000, () => all("docker_stopped"));
      await until("its health", 5_000, () => world.service("db").health === "unhealthy");
      expect(state("db")).toMatchObject({ phase: "running", generation: 1, code: "docker_stopped" });
      // One without a health check has none that could suffer, but says what is the matter all the same.
      expect(state("plain")).toMatchObject({ phase: "running", health: "none", generation: 1 });
      expect(world.service("plain").failure?.next).toMatch(/Start Docker/);
      expect(world.service("plain").why).toMatch(/Docker/);
      expect(state("dev")).toEqual({ phase: "running", health: "none", generation: 1, code: null });

      await engine.start();
      await until("everything ready again", 40_000, () => world.environment.status().phase === "ready" && all(null));
      expect(state("db")).toMatchObject({ phase: "running", health: "healthy", code: null });
      expect(pidOf("dev")).toBe(dev);
      expect(world.service("dev")).toMatchObject({ restarts: 0, generation: 1 });
      // The engine ends its containers when it comes back; each was started once again, and none twice.
      const running = docker(
        ["ps", "-q", "--filter", `label=com.docker.compose.project=${composeProjectName(world.folder)}`],
        engine.host,
      );
      expect(running.split("\n")).toHaveLength(2);
      for (const name of ["db", "plain"]) expect(world.service(name).restarts).toBeLessThanOrEqual(1);
    },
  );

  test(
    "hangs: that is seen within some twenty seconds, and over when it goes on; nothing was restarted",
    { timeout: 90_000 },
    async () => {
      const dev = pidOf("dev");
      engine.signal("SIGSTOP");
      try {
        await until("the trouble", 25_000, () => all("docker_stopped"));
        expect(world.service("db").failure?.next).toMatch(/Restart Docker|Start Docker/);
      } finally {
        engine.signal("SIGCONT");
      }
      await until("no trouble", 25_000, () => all(null) && world.service("db").health === "healthy");
      expect([state("db").generation, state("plain").generation, pidOf("dev")]).toEqual([1, 1, dev]);
    },
  );

  test(
    "is away at the start: the containers are blocked with a next step, the rest runs",
    { timeout: 90_000 },
    async () => {
      await world.environment.stop();
      engine.signal("SIGTERM");
      await engine.ended();
      try {
        const detected = await detect({ directory: world.folder, profile: "dev" });
        const { runId } = world.environment.start({ detected, profile: "dev", services: ["db"] });
        expect((await world.environment.settled(runId, AbortSignal.timeout(30_000))).outcome).toBe("failed");
        expect(state("db")).toMatchObject({ phase: "blocked", code: "docker_stopped" });
        expect(world.service("db").failure?.next).toMatch(/Start Docker/);
      } finally {
        await engine.start();
      }
    },
  );
});
