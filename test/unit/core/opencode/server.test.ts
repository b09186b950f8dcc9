/** What a server does by itself while it runs, on a clock moved by hand and with a run that is made up. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { ServerHistory } from "#shared/schema/server.ts";
import { defaultServerSettings, type ServerSettings } from "#shared/schema/settings.ts";
import type { Exit } from "#shared/schema/service.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { createTextLogs } from "../../../../electron/core/log/text-log.ts";
import { createLogBook } from "../../../../electron/core/log/book.ts";
import type { LogBook } from "../../../../electron/core/log/types.ts";
import type { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import type { OwnedRunOptions } from "../../../../electron/core/opencode/owned-run.ts";
import type { Protocol } from "../../../../electron/core/opencode/protocol/protocol.ts";
import type { RunListeners } from "../../../../electron/core/opencode/run.ts";
import type { OpencodeServerOptions } from "../../../../electron/core/opencode/server-options.ts";
import { OpencodeServer } from "../../../../electron/core/opencode/server.ts";
import type { StopReport, Usage } from "../../../../electron/core/process/owned.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryBook } from "../../../support/memory-book.ts";

const MINUTE = 60_000;
const settled = async () => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function open(
  options: { settings?: Partial<ServerSettings>; book?: LogBook; more?: Partial<OpencodeServerOptions> } = {},
) {
  const clock = new ManualClock();
  const book = options.book ?? new MemoryBook();
  const world = {
    clock,
    busy: false,
    usage: null as Usage | null,
    settings: { ...defaultServerSettings, ...options.settings },
    runs: [] as { options: OwnedRunOptions; listeners: RunListeners; die: (exit: Exit) => void }[],
    /** What a run tells before it is ready. */
    meet: (listeners: RunListeners) => void listeners,
    readChat: () => Promise.resolve({}),
    health: () => Promise.resolve({ version: "1.18.33" }),
    report: { empty: true, survivors: [], killed: false } as StopReport,
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 1_000) {
        clock.advance(Math.min(left, 1_000));
        await settled();
      }
    },
  };
  const server = new OpencodeServer({
    keeper: {
      spawn: () => Promise.reject(new Error("nothing real is started")),
      portHolder: () => Promise.resolve(null),
      usage: () => world.usage,
    },
    book,
    workspaceId: "wsp_0000000000000001",
    directory: "/nowhere",
    findBinary: () =>
      Promise.resolve({ path: "/bin/opencode", source: "path", version: "1.18.33", skipped: ["/a is old"] }),
    environment: () => Promise.resolve({ PATH: "/bin", MY_API_KEY: "hidden" }),
    config: () => null,
    settings: () => world.settings,
    isBusy: () => world.busy,
    portChooser: { choose: () => Promise.resolve(4_100), isTaken: () => Promise.resolve(false) },
    startRun: (given, listeners) => {
      let die: (exit: Exit) => void = () => undefined;
      const exited = new Promise<Exit>((resolve) => (die = resolve));
      world.runs.push({ options: given, listeners, die });
      const process = { id: `run-${given.generation}`, pid: 100 + given.generation };
      listeners.onSpawned(process);
      world.meet(listeners);
      return Promise.resolve({
        process,
        client: { url: "http://127.0.0.1:4100" } as OpencodeClient,
        protocol: {
          generation: 1,
          health: () => world.health(),
          probe: () => Promise.resolve(),
          sessions: { readChat: () => world.readChat() },
        } as unknown as Protocol,
        version: "1.18.33",
        exited,
        endedBecause: ({ code }: Exit) => Promise.resolve(new AppError("opencode_exited", `ended with ${code}`)),
        stop: () => Promise.resolve(world.report),
      });
    },
    clock,
    logger: silentLogger,
    random: () => 0.5,
    randomPassword: () => "password",
    ...options.more,
  });
  closing.push(async () => {
    await server.close();
    expect(clock.pending).toBe(0);
  });
  return Object.assign(world, { server, book: book as MemoryBook });
}

const closing: (() => Promise<void>)[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

it("is stopped when nobody has used it for as long as the settings say, announced a minute before", async () => {
  const world = open({ settings: { idleStopMinutes: 5 } });
  await world.server.start();
  await world.pass(3 * MINUTE);
  world.busy = true;
  await world.pass(10 * MINUTE);
  world.busy = false;
  await world.pass(4 * MINUTE - 5_000);
  expect(world.server.status().plan).toBeNull();
  await world.pass(10_000);
  expect(world.server.status().plan).toMatchObject({ action: "stop", at: expect.any(String) as string });
  await world.pass(MINUTE);
  expect(world.server.status()).toMatchObject({ state: "stopped", plan: null, failure: null });
});

it("stays when a person calls its stop off, or uses it", async () => {
  const world = open({ settings: { idleStopMinutes: 2 } });
  await world.server.start();
  await world.pass(90_000);
  expect(world.server.status().plan?.action).toBe("stop");
  expect(world.server.keep().plan).toBeNull();
  await world.pass(90_000);
  expect(world.server.status().plan?.action).toBe("stop");
  world.server.used();
  await world.pass(MINUTE - 5_000);
  expect(world.server.status()).toMatchObject({ state: "running", plan: null });
  world.settings = { ...world.settings, idleStopMinutes: null };
  await world.pass(60 * MINUTE);
  expect(world.server.status().state).toBe("running");
});

it("is restarted over its memory limit once no turn runs, and left alone where a person wants that", async () => {
  const mb = (count: number): Usage => ({ memoryBytes: count * 1_048_576, cpuPercent: 1, processes: 3, busiest: null });
  const world = open({ settings: { memoryLimitMb: 500 } });
  await world.server.start();
  world.busy = true;
  world.usage = mb(900);
  await world.pass(60_000);
  expect(world.server.status()).toMatchObject({
    notices: [{ code: "opencode_memory" }],
    plan: { action: "restart", at: null },
    generation: 1,
  });
  world.server.keep();
  world.busy = false;
  await world.pass(60_000);
  expect(world.server.status()).toMatchObject({ plan: null, generation: 1 });
  world.usage = mb(400);
  await world.pass(10_000);
  expect(world.server.status().notices).toEqual([]);
  world.usage = mb(900);
  await world.pass(25_000);
  expect(world.server.status()).toMatchObject({ state: "running", generation: 2, restarts: 1 });
});

it("names a process that never rests", async () => {
  const world = open();
  await world.server.start();
  const busiest = { pid: 9, command: "tsserver", cpuPercent: 99 };
  world.usage = { memoryBytes: 1, cpuPercent: 99, processes: 2, busiest };
  await world.pass(6 * MINUTE);
  expect(world.server.status().notices).toMatchObject([{ code: "opencode_cpu", details: busiest }]);
});

it("tells its readings: all of them first, then each; another start begins anew", async () => {
  const world = open();
  world.usage = { memoryBytes: 7, cpuPercent: null, processes: 1, busiest: null };
  await world.server.start();
  await world.pass(15_000);
  const heard: ServerHistory[] = [];
  const stop = world.server.history((news) => heard.push(news));
  await world.pass(5_000);
  await world.server.restart();
  stop();
  expect(heard.map(({ reset, samples }) => [reset, samples.length])).toEqual([
    [true, 3],
    [false, 1],
    [true, 0],
  ]);
});

it("shows a broken configuration of the folder, and a newer version, while it runs", async () => {
  const world = open({
    settings: { checkForUpdates: true },
    more: {
      updates: {
        noticeFor: (version) => Promise.resolve({ code: "opencode_update", message: version, next: null, details: {} }),
      },
    },
  });
  const details = { path: "/p/opencode.json", message: "--- Errors ---\nInvalidSymbol at line 3, column 5" };
  world.readChat = () => Promise.reject(new AppError("opencode_config", "refused", { details }));
  await world.server.start();
  await settled();
  const { state, notices } = world.server.status();
  expect([state, notices.map(({ code }) => code).sort()]).toEqual(["running", ["opencode_config", "opencode_update"]]);
  world.settings = { ...world.settings, checkForUpdates: false };
  world.readChat = () => Promise.reject(new AppError("opencode_unreachable", "busy"));
  await world.server.restart();
  await settled();
  expect(world.server.status().notices).toEqual([]);
});

it("shows what could not be ended", async () => {
  const world = open();
  await world.server.start();
  world.report = { empty: false, survivors: [{ pid: 5, command: "mount" }], killed: true };
  expect(await world.server.stop()).toMatchObject({
    state: "stopped",
    failure: { code: "opencode_kill_timeout", message: expect.stringContaining("mount (pid 5)") as string },
  });
});

it("notes every step with its reason, in debug mode its command and environment, and each event where that is wanted", async () => {
  const world = open({ settings: { debug: true, eventLog: true } });
  await world.server.start();
  world.runs[0]?.listeners.onEvent({
    directory: null,
    type: "a.b",
    properties: { text: "x".repeat(5_000) },
    position: null,
  });
  await world.server.stop();
  const text = world.book.text();
  expect(text).toContain("Passed over: /a is old");
  expect(text).toContain(
    "Command: /bin/opencode serve --port 4100 --hostname 127.0.0.1 --print-logs --log-level DEBUG",
  );
  expect(text).toContain("Environment: OPENCODE_SERVER=http://127.0.0.1:4100");
  expect(text).toContain("Environment: MY_API_KEY=•••");
  expect(text).not.toContain("hidden");
  for (const step of [
    "stopped → starting",
    "starting → waiting_ready",
    "waiting_ready → running",
    "stopping → stopped",
  ])
    expect(text).toContain(step);
  const events = world.book.lines.filter(({ source }) => source === "opencode-events");
  expect(events).toHaveLength(1);
  expect(events[0]?.text.length).toBeLessThan(4_200);
});

it("throws away what an older process still tells", async () => {
  const world = open();
  await world.server.start();
  await world.server.restart();
  const [old] = world.runs;
  const heard: string[] = [];
  world.server.onEvent(({ type }) => heard.push(type));
  old?.listeners.onEvent({ directory: null, type: "late", properties: {}, position: null });
  old?.listeners.onDisconnected("late");
  old?.listeners.onConnected();
  old?.listeners.onSpawned({ id: "late", pid: 1 });
  old?.die({ code: 1, signal: null });
  await world.pass(5_000);
  expect(heard).toEqual([]);
  expect(world.server.status()).toMatchObject({ state: "running", pid: 102, generation: 2, events: 0, restarts: 0 });
});

it("tries a start once more where that may help, and not where it cannot", async () => {
  let tries = 0;
  const failing = (code: "spawn_failed" | "opencode_unsafe" | "opencode_exited") => () => {
    tries += 1;
    return Promise.reject(new AppError(code, "no"));
  };
  for (const [code, expected] of [
    ["spawn_failed", 2],
    ["opencode_unsafe", 1],
  ] as const) {
    tries = 0;
    const world = open({ more: { startRun: failing(code) } });
    const start = expect(world.server.start()).rejects.toMatchObject({ code });
    await world.pass(3_000);
    await start;
    expect([tries, world.server.status().state]).toEqual([expected, "crashed"]);
  }
  tries = 0;
  let taken = 3;
  const portChooser = { choose: () => Promise.resolve(4_100), isTaken: () => Promise.resolve((taken -= 1) >= 0) };
  const world = open({ more: { startRun: failing("opencode_exited"), portChooser } });
  const start = expect(world.server.start()).rejects.toMatchObject({ code: "opencode_exited" });
  await world.pass(3_000);
  await start;
  // Three ports were taken meanwhile; then one try, and its repetition.
  expect(tries).toBe(5);
});

it("says when its environment cannot be prepared", async () => {
  const world = open({ more: { environment: () => Promise.reject(new Error("no shell")) } });
  await expect(world.server.start()).rejects.toMatchObject({ code: "opencode_environment", message: /no shell/ });
});

it("writes a copy of its log to the file of the settings, and does not start where it cannot", async () => {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-copy-"));
  folders.push(folder);
  const trouble = () => undefined;
  const book = createLogBook({
    folder: join(folder, "book"),
    clock: systemClock,
    logger: silentLogger,
    onTrouble: trouble,
  });
  const textLogs = createTextLogs({ clock: systemClock, logger: silentLogger, onTrouble: trouble });
  const world = open({ book, settings: { logFile: join(folder, "copy.log") }, more: { textLogs } });
  await world.server.start();
  await world.server.stop();
  expect(readFileSync(join(folder, "copy.log"), "utf8")).toMatch(/wsp_0000000000000001 note .*→ running: on http/);
  world.settings = { ...world.settings, logFile: join(folder, "nowhere/copy.log") };
  await expect(world.server.start()).rejects.toMatchObject({ code: "opencode_log_file" });
  expect(world.runs).toHaveLength(1);
  await textLogs.close();
  await book.close();
});

it("gives a turn in a server that seems dead its minute, unless a person calls that off", async () => {
  const world = open();
  await world.server.start();
  world.busy = true;
  world.health = () => Promise.reject(new AppError("opencode_unreachable", "refused"));
  world.runs[0]?.listeners.onDisconnected("no bytes for 25 s");
  await world.pass(25_000);
  const { state, plan } = world.server.status();
  expect([state, plan?.action]).toEqual(["degraded", "restart"]);
  expect(world.server.keep()).toMatchObject({ state: "degraded", plan: null });
  await world.pass(3 * MINUTE);
  expect(world.server.status()).toMatchObject({ state: "degraded", generation: 1, plan: null });
  // It comes to itself, and is lost again: that is another matter, which nobody has called off.
  world.runs[0]?.listeners.onConnected();
  await world.pass(10_000);
  world.runs[0]?.listeners.onDisconnected("no bytes for 25 s");
  await world.pass(25_000);
  expect(world.server.status().plan?.action).toBe("restart");
  world.health = () => Promise.resolve({ version: "1.18.33" });
  await world.pass(50_000);
  expect(world.server.status()).toMatchObject({ state: "degraded", generation: 1, plan: null });
  world.health = () => Promise.reject(new AppError("opencode_unreachable", "refused"));
  await world.pass(30_000);
  expect(world.server.status().plan?.at).not.toBeNull();
  await world.pass(MINUTE + 5_000);
  expect(world.server.status()).toMatchObject({ generation: 2, restarts: 1 });
});

it("knows of an event stream that broke before the server was ready, and of one that was connected again by then", async () => {
  const world = open();
  world.meet = ({ onConnected, onDisconnected }) => {
    onConnected();
    onDisconnected("the server ended the stream");
  };
  await world.server.start();
  await world.pass(1_000);
  expect(world.server.status()).toMatchObject({ state: "degraded", failure: { code: "opencode_no_events" } });
  world.runs[0]?.listeners.onConnected();
  await world.pass(1_000);
  expect(world.server.status()).toMatchObject({ state: "running", generation: 1 });
  world.meet = ({ onConnected, onDisconnected }) => {
    onConnected();
    onDisconnected("the server ended the stream");
    onConnected();
  };
  await world.server.restart();
  await world.pass(1_000);
  expect(world.server.status()).toMatchObject({ state: "running", generation: 2 });
});
