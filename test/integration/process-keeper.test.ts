/** The keeper on real programs: every way of not ending when told to. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { createProcessKeeper, type Keeper } from "../../electron/core/process/keeper.ts";
import type { OwnedProcess, SpawnRequest } from "../../electron/core/process/owned.ts";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const programs = resolve(import.meta.dirname, "../fixtures/services");
const source = systemProcesses();
let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let home: string;
let scope: Scope;
let keeper: Keeper;
let lines: string[];

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-keeper-"));
  scope = new Scope("test", silentLogger);
  keeper = createProcessKeeper({
    home,
    runId: "run",
    clock: systemClock,
    logger: silentLogger,
    guardianPath: guardian.path,
    scope,
  });
  lines = [];
});
afterEach(async () => {
  await scope.close();
  expect(existsSync(join(home, "leases")) ? readdirSync(join(home, "leases")) : []).toEqual([]);
  rmSync(home, { recursive: true, force: true });
});

function start(argv: [string, ...string[]], more: Partial<SpawnRequest> = {}): Promise<OwnedProcess> {
  return keeper.spawn({
    kind: "service",
    name: "test",
    workspace: "wsp_0000000000000000",
    argv,
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "" },
    graceMs: 500,
    ports: [],
    onLine: (_, text) => void lines.push(text),
    ...more,
  });
}

const program = (name: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  join(programs, name),
  ...args,
];
const firstLine = () => until("its first line", 10_000, () => lines[0]);
const isAlive = (pid: number) => source.read(pid)?.dead === false;

describe("stop", () => {
  test("ends a program that obeys at once, without SIGKILL", async () => {
    const owned = await start(["sleep", "600"], { graceMs: 10_000 });
    const begun = performance.now();
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(await owned.exited).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("waits for a program that takes its time within the grace", async () => {
    const owned = await start(
      ["sh", "-c", "trap 'sleep 0.4; echo closed; exit 7' TERM; echo up; while :; do sleep 0.05; done"],
      {
        graceMs: 10_000,
      },
    );
    await firstLine();
    expect(await owned.stop()).toMatchObject({ empty: true, killed: false });
    expect(await owned.exited).toEqual({ code: 7, signal: null });
    expect(lines).toContain("closed");
  });

  test("kills a program that ignores the signal, when its grace is over and not before", async () => {
    const owned = await start(program("process-stubborn.mjs"), { graceMs: 700 });
    await firstLine();
    const begun = performance.now();
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
    expect(performance.now() - begun).toBeGreaterThan(650);
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(await owned.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("wakes a stopped program, so that it can end by itself", async () => {
    const owned = await start(["sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"], {
      graceMs: 10_000,
    });
    await firstLine();
    process.kill(owned.pid, "SIGSTOP");
    expect(await owned.stop()).toMatchObject({ empty: true, killed: false });
    expect(await owned.exited).toEqual({ code: 5, signal: null });
  });

  test("repeats the signal for a program that swallows the first; the clean-up it began is left alone", async () => {
    writeFileSync(join(home, "clean-up"), "trap 'echo hit' TERM; sleep 0.9; echo cleaned");
    const script = `trap 'trap "exit 6" TERM; sh clean-up &' TERM; echo up; while :; do sleep 0.05; done`;
    const owned = await start(["sh", "-c", script], { graceMs: 10_000, repeatAfterMs: 300 });
    await firstLine();
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
    expect(await owned.exited).toEqual({ code: 6, signal: null });
    expect(lines).toContain("cleaned");
    expect(lines).not.toContain("hit");
  });

  test("sends the signal that was asked for", async () => {
    const owned = await start(["sh", "-c", "trap 'exit 9' INT; echo up; while :; do sleep 0.05; done"], {
      stopSignal: "SIGINT",
      graceMs: 10_000,
    });
    await firstLine();
    await owned.stop();
    expect(await owned.exited).toEqual({ code: 9, signal: null });
  });

  test("ends a whole tree: stubborn, stopped and a daemon in a session of its own", async () => {
    const owned = await start(program("process-tree.mjs", "--stubborn"));
    const pids = Object.values(JSON.parse(await firstLine()) as Record<string, number>);
    expect(pids.filter(isAlive)).toHaveLength(5);
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test("ends what a program leaves behind that has exited by itself", async () => {
    const owned = await start(program("process-daemon.mjs"));
    expect(await owned.exited).toEqual({ code: 0, signal: null });
    const daemon = Number(await firstLine());
    await until("the daemon to be listed", 5_000, () => keeper.list().some(({ pid }) => pid === daemon));
    expect(await owned.stop()).toMatchObject({ empty: true, killed: true });
    expect(isAlive(daemon)).toBe(false);
    expect(keeper.list()).toEqual([]);
  });

  test("is not held up by a grandchild that keeps the pipes", async () => {
    const owned = await start(program("process-daemon.mjs", "--hold"));
    await owned.exited;
    const begun = performance.now();
    await owned.drained;
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(lines).toHaveLength(1);
    expect(await owned.stop()).toMatchObject({ empty: true });
    expect(isAlive(Number(lines[0]))).toBe(false);
  });

  test("catches a program that starts 200 more while it is stopped", async () => {
    const owned = await start(program("process-forker.mjs"), { graceMs: 300 });
    await firstLine();
    const report = await owned.stop();
    expect(report).toEqual({ empty: true, survivors: [], killed: true });
    const table = await source.snapshot();
    expect([...table.entries.keys()].filter((pid) => table.marker(pid)?.includes(owned.id))).toEqual([]);
  });

  test("names a daemon that hid from it and holds its port, and does not kill it", async () => {
    const port = await freePort();
    const owned = await start(program("process-daemon.mjs", "--scrub", "--listen", String(port)), { ports: [port] });
    await owned.exited;
    const daemon = Number(await firstLine());
    expect((await keeper.portHolder(port))?.pid).toBe(daemon);
    const report = await owned.stop();
    expect(report.empty).toBe(false);
    expect(report.survivors).toEqual([{ pid: daemon, command: expect.stringContaining(`still holds port ${port}`) }]);
    expect(isAlive(daemon)).toBe(true);
    process.kill(daemon, "SIGKILL");
  });

  test("asked twice answers with one stop, as soon as the more urgent wants it", async () => {
    const owned = await start(program("process-stubborn.mjs"), { graceMs: 60_000 });
    await firstLine();
    const begun = performance.now();
    const first = owned.stop();
    const second = owned.stop({ graceMs: 200 });
    expect(second).toBe(first);
    expect(await first).toMatchObject({ empty: true, killed: true });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe("spawn", () => {
  test("loses no exit, however quick it comes, and leaves no lease", async () => {
    const exits = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => (await start(["sh", "-c", `exit ${index % 100}`])).exited),
    );
    expect(exits).toEqual(Array.from({ length: 200 }, (_, index) => ({ code: index % 100, signal: null })));
    await until("all to be forgotten", 5_000, () =>
      readdirSync(join(home, "leases")).every((name) => name === "run.run"),
    );
    expect(keeper.list()).toEqual([]);
  });

  test("gives the child exactly the environment asked for, and the marker", async () => {
    const owned = await start(["/usr/bin/env"], { env: { ONLY: "this" } });
    await owned.drained;
    expect(lines).toHaveLength(2);
    expect(lines).toContain("ONLY=this");
    expect(lines.find((line) => line.startsWith("DECKHAND_MARKER="))).toMatch(
      new RegExp(`^DECKHAND_MARKER=[0-9a-f]{16}\\.run\\.${owned.id}$`),
    );
  });

  test.each([
    ["a program that does not exist", ["no-such-program"], {}, "command_missing", /no such program/],
    ["a program that may not be run", ["./plain.txt"], {}, "command_missing", /may not be run/],
    ["a script without its interpreter", ["./script"], {}, "command_missing", /no such program/],
    ["a folder that does not exist", ["true"], { cwd: "/no/such/folder" }, "spawn_failed", /does not exist/],
    ["a folder that is a file", ["true"], { cwd: "/etc/passwd" }, "spawn_failed", /not a folder/],
    ["an argument that no program can be given", ["echo", "a\0b"], {}, "spawn_failed", /refused/],
    ["a stop signal that stops nothing", ["true"], { stopSignal: "SIGCHLD" as const }, "spawn_failed", /stops nothing/],
  ])("refuses %s", async (_, argv, more, code, message) => {
    writeFileSync(join(home, "plain.txt"), "text");
    writeFileSync(join(home, "script"), "#!/no/such/interpreter\n");
    chmodSync(join(home, "script"), 0o755);
    await expect(start(argv as [string, ...string[]], more)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(keeper.list()).toEqual([]);
  });

  test("refuses once the host ends", async () => {
    await scope.close();
    await expect(start(["true"])).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("the keeper", () => {
  test("ends everything when its scope closes", async () => {
    const all = await Promise.all([
      start(["sleep", "600"]),
      start(program("process-stubborn.mjs")),
      start(["cat", "/dev/zero"], { onLine: () => undefined }),
    ]);
    await firstLine();
    const guard = keeper.list().find(({ kind }) => kind === "guardian")?.pid ?? 0;
    expect(isAlive(guard)).toBe(true);
    await scope.close();
    expect(all.map(({ pid }) => pid).filter(isAlive)).toEqual([]);
    expect(isAlive(guard)).toBe(false);
  });

  test("reads memory and CPU of a tree, not only of its first process", async () => {
    const owned = await start([
      "sh",
      "-c",
      `${process.execPath} -e 'const held = Buffer.alloc(80e6, 1); for (;;) held[0] = held[0] ^ 1'; :`,
    ]);
    expect(keeper.usage(owned.id)).toBeNull();
    const usage = await until("a second reading", 15_000, () => {
      const reading = keeper.usage(owned.id);
      return reading !== null && reading.cpuPercent !== null && reading.memoryBytes > 80e6 ? reading : null;
    });
    expect(usage.cpuPercent).toBeGreaterThan(10);
    expect(keeper.list()[0]?.memoryBytes).toBeGreaterThan(80e6);
    await owned.stop();
    expect(keeper.usage(owned.id)).toBeNull();
  });

  test("runs the release command of a hold that is left when it closes, and not of one that was dropped", async () => {
    const release = (name: string) => ({
      argv: ["touch", join(home, name)] as [string, ...string[]],
      cwd: home,
      env: { PATH: process.env["PATH"] ?? "" },
    });
    const dropped = await keeper.hold({ kind: "container", name: "a", workspace: "w", release: release("dropped") });
    await keeper.hold({ kind: "container", name: "b", workspace: "w", release: release("left") });
    expect(keeper.list().map(({ kind }) => kind)).toEqual(["container", "container", "guardian"]);
    dropped.drop();
    await scope.close();
    expect(existsSync(join(home, "dropped"))).toBe(false);
    expect(existsSync(join(home, "left"))).toBe(true);
  });

  test("starts a new guardian when the old one dies, and lets it go with the last lease", async () => {
    const owned = await start(["sleep", "600"]);
    const guard = () => keeper.list().find(({ kind }) => kind === "guardian")?.pid ?? null;
    const first = guard() ?? 0;
    process.kill(first, "SIGKILL");
    const second = await until("another guardian", 5_000, () => (guard() === first ? null : guard()));
    await owned.stop();
    expect(keeper.list()).toEqual([]);
    await until("the guardian to go", 5_000, () => !isAlive(second));
  });

  test("names who listens on a port, and nobody where nobody does", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await until("the server", 2_000, () => server.listening);
    const address = server.address() as { port: number };
    expect((await keeper.portHolder(address.port))?.pid).toBe(process.pid);
    await new Promise((done) => server.close(done));
    expect(await keeper.portHolder(address.port)).toBeNull();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await until("a free port", 2_000, () => server.listening);
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
