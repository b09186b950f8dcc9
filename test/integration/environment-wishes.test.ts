/** Wishes that cross: many starts at once, a stop during a start, a restart during a stop; and ends nobody wished for. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createEnvironmentWorld,
  freePort,
  linesOf,
  listen,
  madeProject,
  type EnvironmentWorld,
  type Made,
} from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let world: EnvironmentWorld;
let file: string;

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  world = createEnvironmentWorld({ guardianPath: guardian.path });
  file = join(world.folder, "order.txt");
});
afterEach(async () => {
  await world.close();
  expect(world.errors).toEqual([]);
});

const touch = ["--touch", "order.txt"];
const patience = () => AbortSignal.timeout(60_000);

function begin(...services: Made[]) {
  return world.environment.start({ detected: madeProject(world.folder, services), profile: "dev" });
}

function run(...services: Made[]) {
  return world.environment.settled(begin(...services).runId, patience());
}

const begun = (name: string) => linesOf(file).filter((line) => line === name).length;

describe("wishes", () => {
  test("a hundred starts at once are one start", async () => {
    const services: Made[] = [
      { name: "base", args: touch },
      { name: "web", args: touch, needs: { base: "service_started" } },
    ];
    const ids = new Set(Array.from({ length: 100 }, () => begin(...services).runId));
    expect(ids.size).toBe(1);
    await world.environment.settled([...ids][0]!, patience());
    await until("both", 10_000, () => begun("base") === 1 && begun("web") === 1);
    // And once more when all is up: it attaches.
    expect(begin(...services).runId).toBe([...ids][0]);
    expect(world.environment.status().services.map((service) => service.generation)).toEqual([1, 1]);
  });

  test("a stop during the start wins, and nothing comes up after it", async () => {
    const { runId } = begin(
      { name: "base", args: touch },
      { name: "web", args: touch, needs: { base: "service_started" } },
    );
    const settled = world.environment.settled(runId, patience());
    await world.environment.stop();
    expect((await settled).outcome).toBe("stopped");
    expect(world.environment.status().phase).toBe("stopped");
    expect(world.keeper.list()).toEqual([]);
  });

  test("a start during the stop wins, with one instance of each", async () => {
    const services: Made[] = [{ name: "slow", args: [...touch, "--stubborn"] }];
    await run(...services);
    await until("the program", 10_000, () => begun("slow") === 1);
    const first = world.service("slow").pid;
    const stopped = world.environment.stop();
    await until("the stop", 5_000, () => world.service("slow").phase === "stopping");
    const { runId } = begin(...services);
    // The stop was called off: whoever waits for it is let go.
    await stopped;
    expect((await world.environment.settled(runId, patience())).outcome).toBe("ready");
    const second = world.service("slow");
    expect(second).toMatchObject({ generation: 2, phase: "running" });
    expect(second.pid).not.toBe(first);
    expect(() => process.kill(first!, 0)).toThrow("ESRCH");
  }, 60_000);

  test("any mix of wishes ends as the last one says", async () => {
    const services: Made[] = [
      { name: "base", args: touch },
      { name: "web", args: touch, needs: { base: "service_started" } },
    ];
    const waits: Promise<void>[] = [];
    begin(...services);
    for (let round = 0; round < 12; round += 1) {
      if (round % 3 === 0) waits.push(world.environment.stop());
      else if (round % 3 === 1) begin(...services);
      else world.environment.restart(["web"]);
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 90));
    }
    const last = begin(...services);
    await Promise.all(waits);
    expect((await world.environment.settled(last.runId, patience())).outcome).toBe("ready");
    await until("everything up", 20_000, () => world.environment.status().services.every((service) => service.ready));
    expect(world.keeper.list().filter((entry) => entry.kind === "service")).toHaveLength(2);
    await world.environment.stop();
    expect(world.keeper.list()).toEqual([]);
  });

  test("a restart gives one service a new process and leaves the others alone", async () => {
    await run({ name: "base", args: touch }, { name: "web", args: touch, needs: { base: "service_started" } });
    const [base, web] = [world.service("base").pid, world.service("web").pid];
    const { runId } = world.environment.restart(["base"]);
    expect((await world.environment.settled(runId, patience())).outcome).toBe("ready");
    expect(world.service("base").pid).not.toBe(base);
    expect(world.service("base")).toMatchObject({ generation: 2, restarts: 0 });
    expect(world.service("web").pid).toBe(web);
  });
});

describe("ends nobody wished for", () => {
  test("a service that keeps crashing is given up on after five restarts", async () => {
    const outcome = await run({
      name: "crasher",
      args: ["--say", "'Error: no database'", "--exit", "7", "--exit-after", "50"],
    });
    expect(outcome.outcome).toBe("failed");
    const crasher = world.service("crasher");
    expect(crasher).toMatchObject({ phase: "crash_loop", restarts: 5, generation: 6, exit: { code: 7 } });
    expect(crasher.why).toContain("Error: no database");
  }, 60_000);

  test("a crash once is mended by a restart, with the next generation's own log", async () => {
    const flag = join(world.folder, "crashed-once");
    const port = await freePort();
    const outcome = await run({ name: "web", port, args: ["--exit", "1", "--once", flag, "--listen-after", "300"] });
    expect(outcome.outcome).toBe("ready");
    expect(world.service("web")).toMatchObject({ generation: 2, restarts: 1, health: "healthy", why: null });
    const notes = world.book.tail("web", 20).filter((line) => line.stream === "note");
    expect(notes.map((line) => line.generation)).toContain(1);
    expect(notes.some((line) => /Starts again in \d+ ms/.test(line.text))).toBe(true);
  });

  test("a server that ends with 0 has crashed all the same; a program without a port is done", async () => {
    const port = await freePort();
    const services: Made[] = [
      { name: "server", port, args: ["--exit", "0", "--exit-after", "400", "--once", join(world.folder, "once")] },
      { name: "script", args: ["--exit", "0"] },
    ];
    await run(...services);
    await until(
      "the server's return",
      20_000,
      () => world.service("server").generation === 2 && world.service("server").ready,
    );
    expect(world.service("script")).toMatchObject({ phase: "completed", ready: true, generation: 1 });
  });

  test("a held port that the command fixes blocks the service, and names the holder", async () => {
    const port = await freePort();
    const holder = await listen(port);
    try {
      const outcome = await run({ name: "fixed", port, env: null });
      expect(outcome.outcome).toBe("failed");
      const fixed = world.service("fixed");
      expect(fixed).toMatchObject({ phase: "blocked", restarts: 0, failure: { code: "port_in_use" } });
      expect(fixed.failure?.details).toMatchObject({ port, holder: { pid: process.pid } });
      expect(fixed.why).toContain(`pid ${process.pid}`);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
    // The port is free again: the same start now succeeds.
    expect((await run({ name: "fixed", port, env: null })).outcome).toBe("ready");
  });

  test("a port taken in the last moment is a blocked service, not a storm of restarts", async () => {
    const port = await freePort();
    const holder = await listen(port);
    try {
      // Declared with one port, listening on another: what the check before the start cannot see.
      const declared = await freePort();
      const line = `exec node -e 'console.log("listen EADDRINUSE: address already in use");process.exit(1)'`;
      const outcome = await run({ name: "late", port: declared, env: null, argv: ["/bin/sh", "-c", line] });
      expect(outcome.outcome).toBe("failed");
      expect(world.service("late")).toMatchObject({
        phase: "blocked",
        generation: 1,
        failure: { code: "port_in_use" },
      });
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  test("two services that want one port get one each", async () => {
    const port = await freePort();
    expect((await run({ name: "one", port }, { name: "two", port })).outcome).toBe("ready");
    const ports = ["one", "two"].map((name) => world.service(name).ports[0]?.port);
    expect(new Set(ports).size).toBe(2);
    expect(ports).toContain(port);
  });
});
