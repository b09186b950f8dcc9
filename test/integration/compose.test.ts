/** The compose projects on the real engine. Skipped, with one line of reason, where none answers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { docker as dockerCommand, engineObstacle } from "../support/docker-engine.ts";
import { createEnvironmentWorld, freePort, listen, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const docker = (...words: string[]) => dockerCommand(words);

const reason = engineObstacle();
if (reason !== null) console.log(`skipped: docker compose on the real engine (${reason})`);

describe.skipIf(reason !== null)("on the real engine", () => {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  let world: EnvironmentWorld;
  let projectName: string;

  beforeAll(async () => {
    guardian = await bundleGuardian();
  });
  afterAll(() => guardian.remove());
  beforeEach(() => {
    world = createEnvironmentWorld({ guardianPath: guardian.path, project: "harbour-compose" });
    projectName = composeProjectName(world.folder);
  });
  afterEach(async () => {
    await world.close();
    expect(containers()).toEqual([]);
    expect(docker("network", "ls", "-q", "--filter", `label=com.docker.compose.project=${projectName}`)).toBe("");
    expect(world.errors).toEqual([]);
  });

  function containers(): string[] {
    const found = docker(
      "ps",
      "-a",
      "--filter",
      `label=com.docker.compose.project=${projectName}`,
      "--format",
      '{{.Label "com.docker.compose.service"}}',
    );
    return found === "" ? [] : found.split("\n").sort();
  }

  /** Published ports of its own, so that another copy on this machine does not matter. */
  async function ownPorts(): Promise<Record<string, number>> {
    const ports: Record<string, number> = {};
    for (const name of ["compose.yaml", ".env", "migrate.mjs"]) {
      const file = join(world.folder, name);
      let text = readFileSync(file, "utf8");
      for (const port of ["45432", "46379", "48080"]) {
        ports[port] ??= await freePort();
        text = text.replaceAll(port, String(ports[port]));
      }
      writeFileSync(file, text);
    }
    return ports;
  }

  async function startAll(services?: string[]) {
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({
      detected,
      profile: "dev",
      ...(services === undefined ? {} : { services }),
    });
    return world.environment.settled(runId, AbortSignal.timeout(80_000));
  }

  test("containers come up in order, are healthy, feed the tasks behind them, and are gone after stop", async () => {
    const ports = await ownPorts();
    expect(await startAll()).toEqual({ outcome: "ready", failures: [] });
    expect(world.environment.status().services.map(({ name, phase, health }) => [name, phase, health])).toEqual([
      ["db", "running", "healthy"],
      ["cache", "running", "none"],
      ["api", "running", "healthy"],
      ["db:migrate", "completed", "none"],
      ["dev:worker", "running", "none"],
    ]);
    const order = world.audit.filter(({ to }) => to === "starting").map(({ service }) => service);
    expect(order.indexOf("api")).toBeGreaterThan(order.indexOf("db"));
    const healthy = world.audit.findIndex(({ service, to }) => service === "db" && to === "healthy");
    expect(world.audit.findIndex(({ service, to }) => service === "api" && to === "starting")).toBeGreaterThan(healthy);
    expect(world.service("api").url).toBe(`http://127.0.0.1:${ports["48080"]}`);
    expect((await fetch(`http://127.0.0.1:${ports["48080"]}/healthz`)).status).toBe(200);
    expect(world.service("db").url).toBeNull();
    // A project name of our own, whatever the project's .env says; and a hold that names it.
    expect(containers()).toEqual(["api", "cache", "db"]);
    expect(
      world.keeper
        .list()
        .filter(({ kind }) => kind === "container")
        .map(({ name }) => name),
    ).toEqual([projectName]);
    expect(world.book.tail("db", 50).some((line) => line.text === "database is ready")).toBe(true);
    expect(world.book.tail("db:migrate", 10).some((line) => line.text.includes("the database says ok"))).toBe(true);

    await world.environment.stop();
    expect(world.environment.status().phase).toBe("stopped");
    expect(containers()).toEqual([]);
    expect(world.keeper.list()).toEqual([]);
  });

  test("a container that is killed after it was ready comes back as a new generation", async () => {
    await ownPorts();
    await startAll(["cache"]);
    const id = docker("ps", "-q", "--filter", `label=com.docker.compose.project=${projectName}`);
    docker("kill", id);
    await until(
      "its next generation",
      30_000,
      () => world.service("cache").generation === 2 && world.service("cache").ready,
    );
    expect(containers()).toEqual(["cache"]);
    expect(world.service("cache")).toMatchObject({ restarts: 1, phase: "running" });
  });

  test("a container that ends at once fails the start, and what needs it never starts", async () => {
    await ownPorts();
    const file = join(world.folder, "compose.yaml");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("echo 'database is ready'", "echo 'Error: no space left' && exit 3"),
    );
    const { outcome } = await startAll(["api"]);
    expect(outcome).toBe("failed");
    expect(world.service("db")).toMatchObject({ phase: "failed", generation: 1, exit: { code: 3, signal: null } });
    expect(world.service("db").why).toContain("no space left");
    expect(world.service("api")).toMatchObject({ phase: "skipped", generation: 0 });
  });

  test("a container whose health check fails is given up by docker's own count", async () => {
    await ownPorts();
    const file = join(world.folder, "compose.yaml");
    const text = readFileSync(file, "utf8").replace(
      /\/ready"\]\n\s+interval: 1s\n\s+timeout: 2s\n\s+retries: 20/,
      '/never"]\n      interval: 1s\n      retries: 2',
    );
    writeFileSync(file, text);
    const { outcome } = await startAll(["api"]);
    expect(outcome).toBe("failed");
    expect(world.service("db")).toMatchObject({ phase: "failed", failure: { code: "not_ready" } });
    expect(world.service("api").phase).toBe("skipped");
  });

  test("a published port that is held blocks the service and names the holder", async () => {
    const ports = await ownPorts();
    const holder = await listen(ports["46379"]!);
    try {
      expect((await startAll(["cache"])).outcome).toBe("failed");
      const cache = world.service("cache");
      expect(cache).toMatchObject({ phase: "blocked", failure: { code: "port_in_use" } });
      expect(cache.why).toContain(`pid ${process.pid}`);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  test("a stop while containers come up leaves none", async () => {
    await ownPorts();
    const detected = await detect({ directory: world.folder, profile: "dev" });
    world.environment.start({ detected, profile: "dev" });
    await until("the first container", 20_000, () => containers().length > 0);
    await world.environment.stop();
    expect(containers()).toEqual([]);
    expect(world.environment.status().phase).toBe("stopped");
  });

  test("two copies of one project do not meet", async () => {
    const other = createEnvironmentWorld({ guardianPath: guardian.path, project: "harbour-compose" });
    try {
      await ownPorts();
      await startAll(["db"]);
      expect(composeProjectName(other.folder)).not.toBe(projectName);
      const detected = await detect({ directory: other.folder, profile: "dev" });
      // The copy publishes other ports than this one: the originals of the file.
      const { runId } = other.environment.start({ detected, profile: "dev", services: ["db"] });
      await other.environment.settled(runId, AbortSignal.timeout(60_000));
      await other.environment.stop();
      expect(containers()).toEqual(["db"]);
      expect(world.service("db").health).toBe("healthy");
    } finally {
      await other.close();
    }
  });
});

test("without docker on the PATH a container says what is missing, and the rest still starts", async () => {
  const guardian = await bundleGuardian();
  const world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only", path: "/nowhere" });
  try {
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({ detected, profile: "dev" });
    const { outcome } = await world.environment.settled(runId, AbortSignal.timeout(30_000));
    expect(outcome).toBe("failed");
    expect(world.service("store")).toMatchObject({ phase: "blocked", failure: { code: "docker_missing" } });
    expect(world.service("store").failure?.next).toContain("Install Docker");
    expect(world.service("reader")).toMatchObject({ phase: "skipped" });
  } finally {
    await world.close();
    await guardian.remove();
  }
});

test("an engine that is not running is told apart from a missing one", async () => {
  const guardian = await bundleGuardian();
  const world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only", path: "/nowhere" });
  await world.close();
  await guardian.remove();
  const { ComposeEngine } = await import("../../electron/core/compose/engine.ts");
  const { systemClock } = await import("../../electron/core/lib/clock.ts");
  const { silentLogger } = await import("../../electron/core/lib/logger.ts");
  const variables = {
    PATH: process.env["PATH"] ?? "",
    DOCKER_HOST: "unix:///nowhere/docker.sock",
    HOME: process.env["HOME"] ?? "/",
  };
  const engine = new ComposeEngine({
    clock: systemClock,
    logger: silentLogger,
    shellEnvironment: { variables: () => Promise.resolve(variables) },
  });
  const state = await engine.state();
  expect(["stopped", "missing"]).toContain(state.kind);
  if (state.kind === "stopped")
    expect(state.failure).toMatchObject({ code: "docker_stopped", next: expect.stringContaining("Start Docker") });
});
