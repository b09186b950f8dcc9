/** Compose projects beside one another and beside what was there before, on the real engine; and how their containers end. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { PortRegistry } from "../../electron/core/environment/ports.ts";
import { docker, engineObstacle } from "../support/docker-engine.ts";
import { createEnvironmentWorld, freePort, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const reason = engineObstacle();
if (reason !== null) console.log(`skipped: compose projects beside one another (${reason})`);

describe.skipIf(reason !== null)("on the real engine", { timeout: 90_000 }, () => {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  const worlds: EnvironmentWorld[] = [];
  beforeAll(async () => {
    guardian = await bundleGuardian();
  });
  afterAll(() => guardian.remove());
  afterEach(async () => {
    for (const world of worlds.splice(0)) {
      await world.close();
      expect(ids(world)).toEqual([]);
      expect(world.errors).toEqual([]);
    }
  });

  function make(more: Partial<Parameters<typeof createEnvironmentWorld>[0]> = {}): EnvironmentWorld {
    const world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only", ...more });
    worlds.push(world);
    return world;
  }

  function ids(world: EnvironmentWorld, service?: string): string[] {
    const filters = [`label=com.docker.compose.project=${composeProjectName(world.folder)}`];
    if (service !== undefined) filters.push(`label=com.docker.compose.service=${service}`);
    const found = docker(["ps", "-aq", ...filters.flatMap((filter) => ["--filter", filter])]);
    return found === "" ? [] : found.split("\n");
  }

  async function start(world: EnvironmentWorld, compose: string | null, services?: string[]) {
    if (compose !== null) writeFileSync(join(world.folder, "compose.yaml"), compose);
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({
      detected,
      profile: "dev",
      ...(services === undefined ? {} : { services }),
    });
    return world.environment.settled(runId, AbortSignal.timeout(60_000));
  }

  const shell = (command: string) => `{ image: local/busybox:1, init: true, command: [sh, -c, "${command}"]`;

  test("two workspaces of a project of containers and processes are up at once, each with its own ports, and its programs are told", async () => {
    const [db, web] = [await freePort(), await freePort()];
    const ports = new PortRegistry();
    const compose = `services:
  db: ${shell("mkdir /w; hostname > /w/index.html; exec httpd -f -p 80 -h /w")}, ports: ["127.0.0.1:\${SHOP_DB:-${db}}:80"], healthcheck: { test: [CMD, wget, -qO-, "http://127.0.0.1/"], interval: 1s } }
  web: ${shell("exec httpd -f -p 80")}, ports: ["127.0.0.1:${web}:80", "53/udp"] }
`;
    const script = `fetch("http://127.0.0.1:" + (process.env.SHOP_DB ?? ${db})).then((r) => r.text()).then((t) => console.log("database " + t.trim()))`;
    const pair = [
      make({ ports, workspaceId: workspaceIdSchema.parse("wsp_00000000000000a1") }),
      make({ ports, workspaceId: workspaceIdSchema.parse("wsp_00000000000000a2") }),
    ];
    for (const world of pair) {
      writeFileSync(join(world.folder, "seed.mjs"), script);
      writeFileSync(join(world.folder, "package.json"), JSON.stringify({ scripts: { "db:seed": "node seed.mjs" } }));
      expect(await start(world, compose)).toEqual({ outcome: "ready", failures: [] });
    }
    const [one, two] = pair as [EnvironmentWorld, EnvironmentWorld];
    const portOf = (world: EnvironmentWorld, name: string) => world.service(name).ports[0]!.port;
    expect([portOf(one, "db"), portOf(one, "web")]).toEqual([db, web]);
    for (const name of ["db", "web"]) {
      expect(portOf(two, name)).not.toBe(portOf(one, name));
      for (const world of pair) {
        expect(docker(["port", ids(world, name)[0]!, "80"])).toBe(`127.0.0.1:${portOf(world, name)}`);
      }
    }
    // The program of each workspace has spoken with the database of its own.
    for (const world of pair) {
      const own = docker(["inspect", "--format", "{{.Config.Hostname}}", ids(world, "db")[0]!]);
      expect(world.book.tail("db:seed", 10).map(({ text }) => text)).toContain(`database ${own}`);
    }
    expect(readFileSync(join(two.folder, "compose.yaml"), "utf8")).toBe(compose);
    await two.environment.stop();
    expect((await fetch(`http://127.0.0.1:${db}/`)).status).toBe(200);
  });

  test("a container that runs from before is taken over, not started twice, and gone after stop", async () => {
    const world = make();
    const compose = `services:\n  a: ${shell("echo early; exec sleep 600")} }\n`;
    writeFileSync(join(world.folder, "compose.yaml"), compose);
    const name = composeProjectName(world.folder);
    docker([
      "compose",
      "--project-directory",
      world.folder,
      "-f",
      join(world.folder, "compose.yaml"),
      "-p",
      name,
      "up",
      "-d",
      "--no-deps",
      "a",
    ]);
    const before = ids(world);
    expect((await start(world, null)).outcome).toBe("ready");
    expect(ids(world)).toEqual(before);
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1 });
    expect(world.book.tail("a", 20).some(({ text }) => text.includes("taken over"))).toBe(true);
    await world.environment.stop();
    expect(ids(world)).toEqual([]);
  });

  test("a container name that somebody else has is given up, and goes on being a name on the network", async () => {
    const world = make();
    const name = `deckhand-test-${process.pid}`;
    const compose = `services:\n  a: ${shell("exec sleep 600")}, container_name: ${name} }\n  b: ${shell("exec sleep 600")} }\n`;
    docker(["create", "--name", name, "local/busybox:1", "true"]);
    try {
      expect(await start(world, compose)).toEqual({ outcome: "ready", failures: [] });
      expect(docker(["exec", ids(world, "b")[0]!, "ping", "-c", "1", "-W", "2", name])).toContain("1 packets received");
      await world.environment.stop();
    } finally {
      docker(["rm", "-f", name]);
    }
    // Nobody has it any more.
    expect((await start(world, null)).outcome).toBe("ready");
    expect(docker(["inspect", "--format", "{{.Name}}", ids(world, "a")[0]!])).toBe(`/${name}`);
  });

  test("memory and CPU are read while somebody looks, and what docker restarts by itself is told", async () => {
    const world = make();
    expect((await start(world, `services:\n  a: ${shell("sleep 2; exit 7")}, restart: always }\n`)).outcome).toBe(
      "ready",
    );
    await until("docker's restart", 30_000, () =>
      world.book.tail("a", 50).some(({ text }) => text.includes("Docker has restarted it")),
    );
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1, restarts: 0 });
    await until("a reading", 30_000, () => (world.service("a").memoryBytes ?? 0) > 0);
  });

  test("a file that is broken while its containers run does not keep them from being ended", async () => {
    const world = make();
    await start(world, `services:\n  a: ${shell("exec sleep 600")}, stop_grace_period: 1s }\n`);
    const file = join(world.folder, "compose.yaml");
    const sound = readFileSync(file, "utf8");
    writeFileSync(file, "services: [");
    await world.environment.stop(["a"]).catch(() => undefined);
    expect(ids(world)).toEqual([]);
    writeFileSync(file, sound);
  });

  test("D03: of an `up` that half fails the others are shown as they are, and stop leaves nothing", async () => {
    const world = make();
    const { outcome } = await start(
      world,
      `services:\n  good: ${shell("exec sleep 600")} }\n  bad: { image: local/not-there:1, pull_policy: never }\n`,
    );
    expect(outcome).toBe("failed");
    expect(world.service("good")).toMatchObject({ phase: "running" });
    expect(world.service("bad")).toMatchObject({ phase: "failed", failure: { code: "compose_failed" } });
    await world.environment.stop();
    expect(ids(world)).toEqual([]);
  });

  test("environment cases 29, 30 and 35: who exits fails at once, who is ill at docker's word, and who needs them never starts", async () => {
    const world = make();
    const compose = `services:
  exits: ${shell("exit 1")}, healthcheck: { test: "true", interval: 1s } }
  ill: ${shell("exec sleep 600")}, healthcheck: { test: "false", interval: 1s, retries: 3 } }
  web: ${shell("exec sleep 600")}, depends_on: { exits: { condition: service_healthy } } }
  late: ${shell("exec sleep 600")}, depends_on: { ill: { condition: service_healthy } } }
`;
    const began = performance.now();
    expect((await start(world, compose, ["late"])).outcome).toBe("failed");
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(world.service("ill")).toMatchObject({ phase: "failed", failure: { code: "not_ready" } });
    expect(world.service("late")).toMatchObject({ phase: "skipped", generation: 0 });
    // Only what was named, and what it needs.
    expect(world.service("exits").generation).toBe(0);
    expect((await start(world, null, ["web"])).outcome).toBe("failed");
    expect(world.service("exits")).toMatchObject({ phase: "failed", exit: { code: 1, signal: null } });
    expect(world.service("web")).toMatchObject({ phase: "skipped", generation: 0 });
  });

  test("environment case 32: with start_interval a container is healthy long before its interval", async () => {
    const world = make();
    const check = "healthcheck: { test: 'true', interval: 30s, start_period: 30s, start_interval: 1s }";
    const began = performance.now();
    const { outcome } = await start(world, `services:\n  a: ${shell("exec sleep 600")}, ${check} }\n`);
    if (Number(docker(["version", "--format", "{{.Server.Version}}"]).split(".")[0]) >= 25) {
      expect(outcome).toBe("ready");
      expect(performance.now() - began).toBeLessThan(20_000);
    } else {
      // Older engines do not know it, and docker compose says so.
      expect(outcome).toBe("failed");
      expect(world.service("a")).toMatchObject({ phase: "failed", failure: { code: "compose_failed" } });
      expect(world.service("a").why).toContain("start_interval");
    }
  });

  test("environment case 33: a dependency that is not required may fail", async () => {
    const world = make();
    const compose = `services:
  foo: ${shell("exec sleep 600")}, depends_on: { bar: { condition: service_healthy, required: false } } }
  bar: { image: local/busybox:1, command: ["false"], healthcheck: { test: "true" } }
`;
    expect((await start(world, compose, ["foo"])).outcome).toBe("failed");
    expect(world.service("foo")).toMatchObject({ phase: "running" });
    expect(world.service("bar")).toMatchObject({ phase: "failed", exit: { code: 1 } });
  });
});
