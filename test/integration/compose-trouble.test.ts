/**
 * Containers on an engine that fails in the middle of what it is asked: a stand-in, since a real one fails when it wants to.
 * Whatever it does, the service says so, what can be ended is ended, and nothing waits for ever.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { PortRegistry } from "../../electron/core/environment/ports.ts";
import { createEnvironmentWorld, freePort, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { quickClock } from "../support/quick-clock.ts";
import { standInDocker, type StandInDocker } from "../support/stand-in-docker.ts";
import { until } from "../support/until.ts";

/** Of the seconds that are waited for containers and engines, tenths are enough here. */
const SPEED = 10;

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let machine: string;
let docker: StandInDocker;
let ports: PortRegistry;
let world: EnvironmentWorld;

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  machine = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-machine-")));
  docker = standInDocker(machine);
  ports = new PortRegistry();
  world = createEnvironmentWorld({
    guardianPath: guardian.path,
    project: "compose-only",
    path: `${docker.bin}:/usr/bin:/bin`,
    clock: quickClock(SPEED),
    ports,
  });
});
afterEach(async () => {
  for (const verb of ["up", "remove", "down", "ps", "inspect", "stop", "rm"] as const) docker.fails(verb, null);
  docker.gone(null);
  await world.close();
  expect(docker.containers()).toEqual([]);
  rmSync(machine, { recursive: true });
});

async function start(compose = "services: { a: { image: x } }") {
  writeFileSync(join(world.folder, "compose.yaml"), compose);
  const detected = await detect({ directory: world.folder, profile: "dev" });
  const { runId } = world.environment.start({ detected, profile: "dev" });
  return world.environment.settled(runId, AbortSignal.timeout(30_000));
}

const asked = (what: string) => docker.asked().filter((line) => line.includes(what));

describe("bringing up", () => {
  test("one that docker compose says it brought up, and does not know, has failed", async () => {
    docker.says("up", "");
    expect((await start()).outcome).toBe("failed");
    expect(world.service("a")).toMatchObject({ phase: "failed", failure: { code: "compose_failed" } });
    expect(world.service("a").why).toContain("knows no container of it");
    expect(world.errors).toEqual([]);
  });

  test("where it fails and cannot be cleaned up either, its own failure is told, and the end takes everything down", async () => {
    docker.fails("up", "Error: no space left on device");
    docker.fails("remove", "Error: busy");
    expect((await start()).outcome).toBe("failed");
    expect(world.service("a").why).toContain("no space left on device");
    expect(asked(" rm --stop")).toHaveLength(1);
    await world.environment.stop();
    expect(asked(" down ")).toHaveLength(1);
  });

  test("what docker says meanwhile stands in the log of the service it names, and of all where it names none", async () => {
    const program = join(docker.bin, "docker");
    const text = readFileSync(program, "utf8");
    const container = `${composeProjectName(world.folder)}-web-1`;
    const said = `echo ' web Pulling' >&2; echo ' Container ${container}  Started' >&2; echo ' Network made' >&2; `;
    writeFileSync(program, text.replace("  up) for", `  up) ${said}for`));
    expect((await start("services: { web: { image: x }, e: { image: y }, web-1: { image: z } }")).outcome).toBe(
      "ready",
    );
    const lines = (name: string) => world.book.tail(name, 20).map((line) => line.text);
    expect(lines("web")).toEqual(
      expect.arrayContaining(["web Pulling", `Container ${container}  Started`, "Network made"]),
    );
    for (const other of ["e", "web-1"]) {
      expect(lines(other)).toContain("Network made");
      expect(lines(other).filter((line) => line.includes("web Pulling") || line.includes("Started"))).toEqual([]);
    }
  });

  test("a port that is another workspace's, and a docker compose too old to be told: blocked, with a way out", async () => {
    const port = await freePort();
    await ports.take(port, "wsp_other/db");
    docker.says("compose", "2.20.3");
    expect((await start(`services: { a: { image: x, ports: ["${port}:80"] } }`)).outcome).toBe("failed");
    expect(world.service("a")).toMatchObject({ phase: "blocked", failure: { code: "port_in_use" } });
    expect(world.service("a").why).toContain("which docker compose 2.20.3 cannot be told");
    expect(world.service("a").failure?.next).toContain("2.24.4 or newer");
    expect(asked(" up ")).toEqual([]);
  });

  test("a name that a container of somebody else has is given up, one that docker would not take is not even looked for", async () => {
    const program = join(docker.bin, "docker");
    writeFileSync(
      program,
      readFileSync(program, "utf8").replace(
        "  ps) for",
        "  ps) case \"$*\" in *name=*) printf 'taken\\tsomebody\\n'; exit 0 ;; esac; for",
      ),
    );
    const compose = "services: { a: { image: x, container_name: taken }, b: { image: x, container_name: 'a b' } }";
    expect((await start(compose)).outcome).toBe("ready");
    const override = /-f (\S+\/compose\/\S+\.yaml) -p/.exec(asked(" up ")[0] ?? "")?.[1] ?? "";
    expect(readFileSync(override, "utf8")).toBe(
      '# Written by Deckhand at each start.\nservices:\n  "a":\n    container_name: !reset null\n    networks:\n      "default": { aliases: ["taken"] }\n',
    );
    expect(asked("name=").every((line) => line.includes("name=^/taken$"))).toBe(true);
  });
});

describe("while it runs", () => {
  test("an engine that does not answer is told as such after its time, and nothing is restarted", async () => {
    expect((await start()).outcome).toBe("ready");
    docker.hangs("inspect");
    await until("the trouble", 10_000, () => world.service("a").failure?.code === "docker_stopped");
    expect(world.service("a").failure?.next).toContain("Restart Docker");
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1 });
    docker.hangs("inspect", false);
    await until("its end", 10_000, () => world.service("a").failure === null);
    expect(world.service("a").generation).toBe(1);
  });

  test("an answer that is an error is trouble, too; one about a container that is gone is not", async () => {
    expect((await start("services: { a: { image: x }, b: { image: x } }")).outcome).toBe("ready");
    docker.fails("inspect", "Error response from daemon: internal error");
    await until("the trouble", 10_000, () => world.service("a").failure?.code === "compose_failed");
    expect(world.service("a").phase).toBe("running");
    docker.fails("inspect", "Error: No such container: 1\nError: No such container: 2");
    await until("another life", 10_000, () => world.service("a").exit !== null || world.service("a").generation > 1);
    docker.fails("inspect", null);
    await until("both", 20_000, () => ["a", "b"].every((name) => world.service(name).phase === "running"));
  });

  test("a log that cannot be followed is followed as soon as it can, without what was read before", async () => {
    docker.fails("logs", "Error: can not get logs from container");
    expect((await start()).outcome).toBe("ready");
    await until("attempts", 5_000, () => asked("logs --follow").length >= 3);
    docker.fails("logs", null);
    docker.says("logs", "a line at last\n");
    await until("the line", 5_000, () => world.book.tail("a", 20).some(({ text }) => text === "a line at last"));
    expect(asked("logs --follow").at(-1)).toContain(" --since 20");
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1 });
  });

  test("a log that the engine holds open after the end of its container holds nobody up", async () => {
    docker.hangs("logs");
    expect((await start()).outcome).toBe("ready");
    await until("its follower", 5_000, () => world.keeper.list().some(({ name }) => name === "a (log)"));
    await world.environment.stop();
    expect(world.service("a").phase).toBe("stopped");
    expect(world.keeper.list()).toEqual([]);
  });

  test("memory and CPU are told while they can be read", async () => {
    const id = "97".padStart(64, "0");
    docker.says("stats", `${JSON.stringify({ ID: id, CPUPerc: "2.5%", MemUsage: "8MiB / 1GiB", PIDs: "3" })}\n`);
    expect((await start()).outcome).toBe("ready");
    await until("a reading", 5_000, () => world.service("a").memoryBytes !== null);
    expect(world.service("a")).toMatchObject({ memoryBytes: 8_388_608, cpuPercent: 2.5 });
    docker.hangs("stats");
    await until("its end", 10_000, () => world.service("a").memoryBytes === null);
    expect(world.service("a").phase).toBe("running");
  });

  test("what docker restarts by itself is told, and is no crash", async () => {
    expect((await start()).outcome).toBe("ready");
    docker.state('{"Running":false,"Restarting":true}', 0);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    docker.state('{"Running":true}', 1);
    await until("the word", 10_000, () => world.book.text().includes("Docker has restarted it."));
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1, restarts: 0 });
  });

  test("a container that docker calls unhealthy is, and one that is only starting is waited for", async () => {
    docker.state('{"Running":true,"Health":{"Status":"starting"}}');
    writeFileSync(join(world.folder, "compose.yaml"), "services: { a: { image: x, healthcheck: { test: 'true' } } }");
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({ detected, profile: "dev" });
    await until("its start", 10_000, () => world.service("a").phase === "running");
    expect(world.service("a")).toMatchObject({ health: "starting", ready: false });
    docker.state('{"Running":true,"Health":{"Status":"healthy"}}');
    expect((await world.environment.settled(runId, AbortSignal.timeout(20_000))).outcome).toBe("ready");
    docker.state('{"Running":true,"Health":{"Status":"unhealthy"}}');
    await until("its health", 20_000, () => world.service("a").health === "unhealthy");
    expect(world.service("a")).toMatchObject({ phase: "running", generation: 1 });
  });
});

describe("ending", () => {
  test("docker compose that cannot read its file any more: the containers are ended by docker itself", async () => {
    expect((await start()).outcome).toBe("ready");
    docker.fails("remove", "yaml: line 1: did not find expected node content");
    await world.environment.stop(["a"]);
    expect(world.service("a").phase).toBe("stopped");
    expect(docker.containers()).toEqual([]);
    expect(asked("|stop 0")).toHaveLength(1);
    expect(asked("|rm --force 0")).toHaveLength(1);
    expect(world.errors).toEqual([]);
  });

  test("where docker cannot end it either it is told, and the next stop tries again", async () => {
    expect((await start()).outcome).toBe("ready");
    docker.fails("remove", "Error: device or resource busy");
    docker.fails("rm", "Error: device or resource busy");
    docker.fails("down", "Error: device or resource busy");
    await expect(world.environment.stop()).rejects.toMatchObject({ code: "compose_failed" });
    expect(docker.containers()).toEqual(["a"]);
    for (const verb of ["remove", "rm", "down"] as const) docker.fails(verb, null);
    await world.environment.stop();
    expect(docker.containers()).toEqual([]);
    expect(world.environment.status().phase).toBe("stopped");
    expect(world.errors.length).toBeGreaterThan(0);
  });

  test("an engine that is away when it is to end: told, and ended once it is back", async () => {
    expect((await start()).outcome).toBe("ready");
    docker.gone("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?");
    await expect(world.environment.stop()).rejects.toMatchObject({ code: "docker_stopped" });
    docker.gone(null);
    const stop = () =>
      world.environment.stop().then(
        () => true,
        () => false,
      );
    await until("a stop that does", 5_000, stop);
    expect(docker.containers()).toEqual([]);
  });
});
