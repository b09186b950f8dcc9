/** Order and its failures, on real processes. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DetectedProject } from "../../electron/core/environment/detect/detected.ts";
import {
  createEnvironmentWorld,
  freePort,
  linesOf,
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

const done = "service_completed_successfully";

function task(name: string, ...needs: string[]): Made {
  const conditions = Object.fromEntries(needs.map((other) => [other, done] as const));
  return { name, kind: "task", args: ["--touch", "order.txt", "--exit", "0"], needs: conditions };
}

function begin(detected: DetectedProject, services?: readonly string[]) {
  return world.environment.start({ detected, profile: "dev", ...(services === undefined ? {} : { services }) });
}

async function run(...services: Made[]) {
  const { runId } = begin(madeProject(world.folder, services));
  return world.environment.settled(runId, AbortSignal.timeout(60_000));
}

function phases(): Record<string, string> {
  return Object.fromEntries(world.environment.status().services.map(({ name, phase }) => [name, phase]));
}

describe("chains and fans", () => {
  test("a chain of eight tasks runs from its end to its head", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `process${index + 1}`);
    const chain = names.map((name, index) => task(name, ...names.slice(index + 1, index + 2)));
    expect((await run(...chain)).outcome).toBe("ready");
    expect(linesOf(file)).toEqual(names.toReversed());
  });

  test("in a diamond the root runs once, and the head after both sides", async () => {
    const outcome = await run(task("head", "left", "right"), task("left", "root"), task("right", "root"), task("root"));
    expect(outcome.outcome).toBe("ready");
    const lines = linesOf(file);
    expect(lines[0]).toBe("root");
    expect(lines.slice(1, 3).sort()).toEqual(["left", "right"]);
    expect(lines[3]).toBe("head");
  });

  test("one waits for four, and four wait for one", async () => {
    const four = ["a", "b", "c", "d"];
    const outcome = await run(task("last", ...four), ...four.map((name) => task(name, "first")), task("first"));
    expect(outcome.outcome).toBe("ready");
    expect(linesOf(file)[0]).toBe("first");
    expect(linesOf(file).at(-1)).toBe("last");
  });
});

describe("failures in the chain", () => {
  test("everything behind a failed task is skipped, and each says through whom", async () => {
    const broken: Made = {
      name: "broken",
      kind: "task",
      args: ["--say", "boom", "--exit", "42", "--exit-after", "100"],
    };
    const outcome = await run(task("far", "near"), task("near", "broken"), broken, task("bystander"));
    expect(outcome.outcome).toBe("failed");
    expect(phases()).toEqual({ far: "skipped", near: "skipped", broken: "failed", bystander: "completed" });
    expect(world.service("broken").exit).toEqual({ code: 42, signal: null });
    expect(world.service("far").failure).toMatchObject({
      code: "dependency_failed",
      details: { chain: ["near", "broken"] },
    });
    expect(world.service("far").why).toBe(
      "far was skipped: it needs near, which needs broken, which failed. The task broken ended with code 42: boom.",
    );
  });

  test("an optional dependency may fail", async () => {
    const broken: Made = { name: "broken", kind: "task", args: ["--exit", "1"] };
    const lenient: Made = { ...task("lenient"), needs: { broken: { condition: done, required: false } } };
    await run(lenient, broken);
    expect(phases()).toEqual({ lenient: "completed", broken: "failed" });
  });

  test("a waiter of a log line that never comes is skipped when its service is given up", async () => {
    const failer: Made = {
      name: "failer",
      args: ["--exit", "1"],
      more: {
        restart: { mode: "no", maxRetries: null, beforeReady: false, limit: { max: 5, windowMs: 60_000 } },
        plan: {
          ...madeProject(world.folder, [{ name: "failer", args: ["--exit", "1"] }]).services.get("failer")!.plan,
          probe: { kind: "log", pattern: "never" },
        },
      },
    };
    await run({ ...task("waiter"), needs: { failer: "service_healthy" } }, failer);
    expect(phases()).toEqual({ waiter: "skipped", failer: "failed" });
  });

  test("a circle is refused before anything starts, and the message prints it", async () => {
    const project = madeProject(world.folder, [task("a", "b"), task("b", "c"), task("c", "a")]);
    expect(() => begin(project)).toThrow("a → b → c → a");
    expect(linesOf(file)).toEqual([]);
  });

  test("a command that does not exist fails at once and is not tried again", async () => {
    await run({ name: "ghost", argv: ["/bin/sh", "-c", "no-such-program-anywhere --serve"] });
    expect(world.service("ghost")).toMatchObject({
      phase: "failed",
      generation: 1,
      failure: { code: "command_missing" },
    });
    expect(world.service("ghost").why).toContain("no-such-program-anywhere");
    await world.environment.stop();
    await run({ name: "ghost", argv: ["no-such-program-anywhere"] });
    expect(world.service("ghost")).toMatchObject({ phase: "failed", failure: { code: "command_missing" } });
  });
});

describe("partial starts", () => {
  test("a start of one service brings what it needs, and nothing else", async () => {
    const detected = madeProject(world.folder, [
      task("base"),
      { name: "web", needs: { base: done } },
      { name: "other" },
    ]);
    const { runId } = begin(detected, ["web"]);
    await world.environment.settled(runId, AbortSignal.timeout(30_000));
    expect(phases()).toEqual({ base: "completed", web: "running", other: "stopped" });
    expect(() => begin(detected, ["nobody"])).toThrow("No service is called nobody");
    // The rest comes later; what is there is left alone.
    const pid = world.service("web").pid;
    await world.environment.settled(begin(detected).runId, AbortSignal.timeout(30_000));
    expect(phases()).toEqual({ base: "completed", web: "running", other: "running" });
    expect(world.service("web").pid).toBe(pid);
    expect(linesOf(file)).toEqual(["base"]);
  });

  test("what was skipped starts when the service it needs is mended and restarted", async () => {
    const line = "test -e mended || { touch mended; exit 1; }";
    const base: Made = { name: "base", kind: "task", argv: ["/bin/sh", "-c", line] };
    const detected = madeProject(world.folder, [base, { name: "web", needs: { base: done } }]);
    await world.environment.settled(begin(detected).runId, AbortSignal.timeout(30_000));
    expect(phases()).toEqual({ base: "failed", web: "skipped" });
    world.environment.restart(["base"]);
    await until("the page", 10_000, () => phases()["web"] === "running");
  });
});

describe("stopping", () => {
  test("ends in reverse order, parallel inside a level", async () => {
    const touch = ["--touch", "order.txt"];
    const started = "service_started";
    await run(
      { name: "A", args: touch },
      { name: "C", args: touch, needs: { A: started } },
      { name: "D", args: touch, needs: { A: started } },
      { name: "B", args: touch, needs: { C: started, D: started } },
    );
    await until("all programs to have begun", 10_000, () => linesOf(file).length === 4);
    await world.environment.stop();
    const ends = linesOf(file).slice(4);
    expect(ends[0]).toBe("-B");
    expect(ends.slice(1, 3).sort()).toEqual(["-C", "-D"]);
    expect(ends[3]).toBe("-A");
    expect(world.environment.status().phase).toBe("stopped");
  });

  test("a service that waits, and one in its backoff, stop at once", async () => {
    const port = await freePort();
    const never: Made = { name: "never", port, args: ["--listen-after", "3600000"] };
    const crasher: Made = { name: "crasher", args: ["--exit", "3"] };
    begin(madeProject(world.folder, [never, crasher, { name: "waiter", needs: { never: "service_healthy" } }]));
    await until(
      "the backoff",
      20_000,
      () => phases()["crasher"] === "backoff" && world.service("crasher").restarts >= 2,
    );
    expect(world.service("waiter")).toMatchObject({ phase: "waiting", why: expect.stringContaining("never (") });
    const before = performance.now();
    await world.environment.stop(["waiter", "crasher"]);
    expect(performance.now() - before).toBeLessThan(200);
    expect(phases()).toEqual({ never: "running", crasher: "stopped", waiter: "stopped" });
    // A cancelled backoff never fires.
    const { generation } = world.service("crasher");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(world.service("crasher").generation).toBe(generation);
  });
});
