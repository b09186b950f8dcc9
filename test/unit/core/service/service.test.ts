/** One service on a clock moved by hand and a runtime whose every end the test decides. */
import type { Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Exit, ServiceRun } from "#shared/schema/service.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import type { Usage } from "../../../../electron/core/process/owned.ts";
import type { Instance, Launch, Runtime } from "../../../../electron/core/service/runtime.ts";
import type { ServiceChange } from "../../../../electron/core/service/service-record.ts";
import { DEFAULT_RULES } from "../../../../electron/core/service/service-rules.ts";
import { Service } from "../../../../electron/core/service/service.ts";
import { freePort, listen, madeProject, type Made } from "../../../support/environment-world.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBook } from "../../../support/memory-book.ts";
import { until } from "../../../support/until.ts";

interface Generation {
  readonly launch: Launch;
  readonly signal: AbortSignal;
  /** Lets `start` answer, or fail. */
  readonly up: () => void;
  readonly refuse: (error: Error) => void;
  readonly exit: (exit: Exit) => void;
  stops: number;
}

class FakeRuntime implements Runtime {
  readonly generations: Generation[] = [];
  /** Starts answer by themselves. */
  prompt = true;
  stopError: Error | null = null;
  survivors: { pid: number; command: string }[] = [];

  start(launch: Launch, signal: AbortSignal): Promise<Instance> {
    return new Promise((resolve, reject) => {
      let exit: (exit: Exit) => void = () => undefined;
      const exited = new Promise<Exit>((settle) => (exit = settle));
      const generation: Generation = {
        launch,
        signal,
        stops: 0,
        refuse: reject,
        exit,
        up: () =>
          resolve({
            pid: 1_000 + launch.generation,
            usageId: "lease",
            exited,
            drained: exited.then(() => undefined),
            health: null,
            stop: () => {
              generation.stops += 1;
              if (this.stopError !== null) return Promise.reject(this.stopError);
              exit({ code: null, signal: "SIGTERM" });
              return Promise.resolve({ empty: this.survivors.length === 0, survivors: this.survivors });
            },
          }),
      };
      this.generations.push(generation);
      if (this.prompt) generation.up();
    });
  }
}

let clock: ManualClock;
let runtime: FakeRuntime;
let book: MemoryBook;
let changes: ServiceChange[];
let errors: string[];
let hooks: string[];
let runs: ServiceRun[];
let usage: Usage | null;
let service: Service;
let server: Server | null = null;
/** Who is found to hold its port, once that is known. */
let holder: Promise<null>;

function make(made: Made, lastRun: ServiceRun | null = null): Service {
  const detected = [...madeProject("/", [made]).services.values()][0]!;
  return new Service({
    detected,
    runtime,
    clock,
    random: () => 0.5,
    book,
    logger: { ...silentLogger, error: (message) => errors.push(message) },
    exec: () => Promise.resolve({ ok: true }),
    hook: (argv) => {
      hooks.push(argv.join(" "));
      return Promise.resolve({ code: argv[0] === "false" ? 1 : 0, signal: null });
    },
    usage: () => usage,
    lastRun,
    onRun: (_, run) => runs.push(run),
    portHolder: () => holder,
    onChange: (_, change) => change !== null && changes.push(change),
    onExplained: () => undefined,
  });
}

beforeEach(() => {
  clock = new ManualClock();
  runtime = new FakeRuntime();
  book = new MemoryBook();
  changes = [];
  errors = [];
  hooks = [];
  runs = [];
  usage = null;
  holder = Promise.resolve(null);
  service = make({ name: "api" });
});
afterEach(async () => {
  expect(clock.pending, "timers left").toBe(0);
  if (server !== null) await new Promise((resolve) => server?.close(resolve));
  server = null;
});

const turns = async () => {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
};
/** What the environment does when a service's turn has come. */
const launch = (ports = service.detected.plan.ports) => service.launch(ports, {});
const phases = () => changes.map(({ to }) => to.phase);
const current = () => runtime.generations.at(-1)!;

async function stopAll(): Promise<void> {
  service.unwant("user");
  service.halt();
  await turns();
}

test("a straight life", async () => {
  service.want("user");
  launch();
  await turns();
  expect(service.state).toEqual({ desired: "running", phase: "running", health: "none", generation: 1 });
  expect([service.ready, service.steady]).toEqual([true, false]);
  clock.advance(1_000);
  expect(service.steady).toBe(true);
  await stopAll();
  expect(phases()).toEqual(["pending", "starting", "running", "running", "stopping", "stopped"]);
  expect(current().stops).toBe(1);
});

test("a stop while it is being started: the start is called off, and what came up all the same is ended", async () => {
  runtime.prompt = false;
  service.want("user");
  launch();
  service.unwant("user");
  service.halt();
  expect(service.state.phase).toBe("stopping");
  expect(current().signal.aborted).toBe(true);
  current().up();
  await turns();
  expect(service.state).toMatchObject({ phase: "stopped", desired: "stopped" });
  expect(current().stops).toBe(1);
  expect(phases()).not.toContain("running");
});

test("a start called off that fails is a stop, not a failure", async () => {
  runtime.prompt = false;
  service.want("user");
  launch();
  service.unwant("user");
  service.halt();
  current().refuse(new AppError("compose_failed", "interrupted"));
  await turns();
  expect(service).toMatchObject({ failure: null, why: null });
  expect(service.state.phase).toBe("stopped");
});

test.each([
  ["port_in_use", "blocked"],
  ["docker_stopped", "blocked"],
  ["docker_missing", "blocked"],
  ["command_missing", "failed"],
  ["spawn_failed", "failed"],
  ["compose_failed", "failed"],
] as const)("a start refused with %s is %s", async (code, phase) => {
  runtime.prompt = false;
  service.want("user");
  launch();
  current().refuse(new AppError(code, "no."));
  await turns();
  expect(service.state.phase).toBe(phase);
  expect(service.failure).toMatchObject({ code, message: "no." });
  service.want("user");
  expect(service.failure).toBeNull();
});

test("wanted again while it stops: it begins anew once nothing of the old one is left", async () => {
  service.want("user");
  launch();
  await turns();
  service.unwant("user");
  service.halt();
  service.want("user");
  expect(service.state.phase).toBe("stopping");
  await turns();
  expect(service.state).toMatchObject({ phase: "pending", desired: "running", generation: 1 });
});

test("a backoff is cut short by a start, and cancelled by a stop", async () => {
  service.want("user");
  launch();
  await turns();
  current().exit({ code: 1, signal: null });
  await turns();
  expect(service.state.phase).toBe("backoff");
  expect(service.why).toContain("Starts again in 500 ms");
  service.want("user");
  expect(service.state.phase).toBe("pending");
  expect(service.restarts).toBe(0);
  launch();
  await turns();
  current().exit({ code: 1, signal: null });
  await turns();
  service.unwant("user");
  expect(service.state.phase).toBe("stopped");
  clock.advance(60_000);
  expect(service.state.phase).toBe("stopped");
});

test("a stop that comes while it is found out why it ended is a stop, and no restart follows", async () => {
  let found: () => void = () => undefined;
  holder = new Promise((resolve) => (found = () => resolve(null)));
  service = make({ name: "api", port: 4_310 });
  service.want("user");
  launch();
  await turns();
  current().exit({ code: 1, signal: null });
  await turns();
  expect(service.state.phase).toBe("stopping");
  service.unwant("user");
  found();
  await turns();
  expect(service.state).toMatchObject({ phase: "stopped", generation: 1 });
  expect(runs.map(({ outcome }) => outcome)).toEqual(["stopped"]);
});

test("what a crash left is ended before anything is decided", async () => {
  service.want("user");
  launch();
  await turns();
  runtime.survivors = [{ pid: 77, command: "node stuck.mjs" }];
  current().exit({ code: 1, signal: null });
  await turns();
  expect(current().stops).toBe(1);
  expect(book.text()).toContain("Could not be ended: node stuck.mjs (pid 77).");
  expect(phases().slice(-2)).toEqual(["stopping", "backoff"]);
  await stopAll();
});

test("an end that fails in a way nobody foresaw is a failure one can start again from", async () => {
  service.want("user");
  launch();
  await turns();
  runtime.stopError = new AppError("compose_failed", "docker compose stop api ended with code 1");
  service.requestRestart("user");
  service.halt();
  await turns();
  expect(errors).toEqual(["A service's life ended in an error"]);
  expect(service.state.phase).toBe("failed");
  expect(service.failure).toMatchObject({ code: "compose_failed" });
  runtime.stopError = null;
  service.want("user");
  launch();
  await turns();
  expect(service.state.phase).toBe("running");
  await stopAll();
});

test("a server that never answers is restarted at its deadline, and given up after five in a row", async () => {
  const port = await freePort();
  service = make({ name: "api", port });
  service.want("user");
  for (let generation = 1; generation <= 6; generation += 1) {
    expect(service.state.phase).toBe("pending");
    launch();
    // Real connections to a port nobody listens on, on a clock that is moved once each has been refused.
    await until(`the end of generation ${generation}`, 10_000, async () => {
      clock.advance(5_000);
      await new Promise((resolve) => setImmediate(resolve));
      return service.state.phase === "backoff" || service.state.phase === "crash_loop";
    });
    expect(service.missedDeadline).toBe(true);
    expect(service.failure?.code).toBe("not_ready");
    expect(current().stops).toBe(1);
    if (generation < 6) clock.advance(30_000);
  }
  expect(service.state).toMatchObject({ phase: "crash_loop", generation: 6 });
  expect(service.restarts).toBe(5);
  expect(service.why).toContain("Nobody listens on port");
});

test("a probe that finds it well makes it ready; the next generation begins unknown", async () => {
  const port = await freePort();
  server = await listen(port);
  service = make({ name: "api", port });
  service.want("user");
  launch();
  await until("its health", 5_000, async () => {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
    return service.ready;
  });
  expect(service.state.health).toBe("healthy");
  clock.advance(10_000);
  current().exit({ code: 0, signal: null });
  await turns();
  // A server is never done, and one that was well for ten seconds comes back without a timer.
  expect(service.state.phase).toBe("pending");
  expect(service.why).toContain("Starts again at once");
  launch();
  await turns();
  expect(service.state).toMatchObject({ phase: "running", health: "starting", generation: 2 });
  expect(service.ready).toBe(false);
  await stopAll();
});

test("a task is ready when it is done, not while it runs", async () => {
  service = make({ name: "migrate", kind: "task" });
  service.want("user");
  launch();
  await turns();
  clock.advance(5_000);
  expect([service.ready, service.steady]).toEqual([false, false]);
  current().exit({ code: 0, signal: null });
  await turns();
  expect(service.state.phase).toBe("completed");
  expect([service.ready, service.steady]).toEqual([true, true]);
});

test("what it exceeds ends it, and it comes back whatever its policy says; with `stop` it stays down", async () => {
  const limited = (onExceed: "restart" | "stop"): Made => ({
    name: "api",
    more: {
      restart: { mode: "no", maxRetries: null, beforeReady: false, limit: { max: 5, windowMs: 60_000 } },
      rules: { ...DEFAULT_RULES, limits: { memoryBytes: 10, cpuPercent: null, cpuForMs: 0, onExceed } },
    },
  });
  for (const [onExceed, phase] of [
    ["restart", "backoff"],
    ["stop", "failed"],
  ] as const) {
    service = make(limited(onExceed));
    service.want("user");
    launch();
    await turns();
    usage = { memoryBytes: 11, cpuPercent: null, processes: 1, busiest: null };
    clock.advance(1_000);
    await turns();
    expect(service.state.phase).toBe(phase);
    expect(service.failure?.code).toBe("limit_exceeded");
    expect(runs.at(-1)).toMatchObject({ outcome: "failed", why: expect.stringContaining("of memory") });
    await stopAll();
  }
});

test("a task that failed in an earlier life of the host says so, until it is started", async () => {
  const past = { generation: 3, startedAt: "2026-11-21T12:00:00.000Z", durationMs: 9, exit: { code: 1, signal: null } };
  const made = { name: "migrate", kind: "task" } as const;
  service = make(made, { ...past, outcome: "failed", why: "no such column." });
  expect(service.why).toBe("It failed when it last ran, 2026-11-21T12:00:00.000Z: no such column.");
  service.want("user");
  expect(service.why).toBeNull();
  await stopAll();
  expect(make(made, { ...past, outcome: "completed", why: null }).why).toBeNull();
  expect(make({ name: "api" }, { ...past, outcome: "failed", why: null }).why).toBeNull();
});

test("who wanted it ended is told in every change", async () => {
  service.want("agent");
  launch();
  await turns();
  service.unwant("agent");
  service.halt();
  await turns();
  expect(changes.filter(({ to }) => to.phase === "stopping").map(({ actor }) => actor)).toEqual(["agent"]);
});
