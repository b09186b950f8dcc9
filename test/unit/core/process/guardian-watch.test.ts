/** What a guardian does at the end of its pipe, on real programs of a host that is dead. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type GuardianOrders, runRelease } from "../../../../electron/core/process/guardian-duty.ts";
import { farewell, guardianExit, watchOwner } from "../../../../electron/core/process/guardian-watch.ts";
import { LeaseStore } from "../../../../electron/core/process/lease-store.ts";
import { homeIdOf } from "../../../../electron/core/process/marker.ts";
import { systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { ProcessMachine } from "../../../support/process-machine.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { until } from "../../../support/until.ts";

const source = systemProcesses();
/** The grace of 2 s is 100 ms. */
const clock = quickClock(20);
const stubborn = resolve(import.meta.dirname, "../../../fixtures/services/process-stubborn.mjs");

let home: string;
let store: LeaseStore;
let orders: GuardianOrders;
let begun: ChildProcess[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-watch-"));
  store = new LeaseStore(home);
  store.prepare();
  begun = [];
  // Nobody was started in the first moment of this boot with that pid.
  const owner = { ownerPid: 4_000_000, ownerStartTime: "1" };
  orders = { home, homeId: homeIdOf(home), runId: "run-1", bootId: source.bootId, ...owner };
});
afterEach(async () => {
  for (const child of begun) await ended(child, () => child.kill("SIGKILL"));
  rmSync(home, { recursive: true, force: true });
});

async function ended(child: ChildProcess, end: () => void = () => undefined): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  end();
  await gone;
}

const marker = (leaseId: string, runId = "run-1") => `${homeIdOf(home)}.${runId}.${leaseId}`;

async function start(argv: readonly [string, ...string[]], mark: string | null): Promise<ChildProcess> {
  const env = { PATH: process.env["PATH"] ?? "", ...(mark === null ? {} : { DECKHAND_MARKER: mark }) };
  const [file, ...args] = argv;
  const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "ignore"], env });
  begun.push(child);
  if (file === process.execPath) await new Promise((done) => child.stdout?.once("data", done));
  return child;
}

function common(id: string) {
  const { bootId, ownerPid, ownerStartTime } = orders;
  return {
    version: 1,
    id,
    name: id,
    workspace: "w",
    marker: marker(id),
    startedAt: 1,
    bootId,
    ownerPid,
    ownerStartTime,
  } as const;
}

function lease(id: string, child: ChildProcess, stopSignal: NodeJS.Signals): void {
  const pid = child.pid ?? 0;
  const { startTime = "", startOrder = 0 } = source.read(pid) ?? {};
  const own = { kind: "service", argv0: "x", pid, pgid: pid, sid: pid, startTime, startOrder } as const;
  store.writeLease({ ...common(id), ...own, ports: [], stopSignal, graceMs: 1_000 });
}

function hold(id: string, script: string): void {
  const release = { argv: ["sh", "-c", script] as [string, ...string[]], cwd: home, env: { PATH: "/usr/bin:/bin" } };
  store.writeLease({ ...common(id), kind: "container", release });
}

/** A guardian whose owner's pipe closes after these words. */
function watch(words: string, given: Partial<Parameters<typeof watchOwner>[0]> = {}): Promise<number> {
  const pipe = new PassThrough();
  const code = watchOwner({ pipe, orders, source, clock, ...given });
  pipe.end(words);
  return code;
}

test("the word lets it go without doing anything", async () => {
  const child = await start(["sleep", "600"], marker("a"));
  expect(await watch(`${farewell}\n`)).toBe(guardianExit.done);
  expect(child.signalCode).toBeNull();
});

test.each(["", "don", "done and more", `${"x".repeat(100_000)}done`])(
  "the end of the pipe without the word ends everything of that run (%#)",
  async (words) => {
    const child = await start(["sleep", "600"], marker("a"));
    expect(await watch(words)).toBe(guardianExit.done);
    await ended(child);
    expect(child.signalCode).toBe("SIGTERM");
  },
);

test("a pipe that breaks is one that ended", async () => {
  const child = await start(["sleep", "600"], marker("a"));
  const pipe = new PassThrough();
  const code = watchOwner({ pipe, orders, source, clock });
  pipe.destroy(new Error("EIO"));
  expect(await code).toBe(guardianExit.done);
  await ended(child);
});

test("an owner that lives, and only closed its pipe, keeps what it owns", async () => {
  const child = await start(["sleep", "600"], marker("a"));
  const self = source.read(process.pid);
  const living = { ...orders, ownerPid: process.pid, ownerStartTime: self?.startTime ?? "" };
  expect(await watch("", { orders: living })).toBe(guardianExit.ownerLives);
  expect(child.signalCode).toBeNull();
});

test("an owner that takes a moment to be gone is waited for; one whose pid is another's by now is gone", async () => {
  const machine = new ProcessMachine();
  const { pid: ownerPid } = machine.add(0);
  const given = { source: machine, orders: { ...orders, ownerPid } };
  let looks = 0;
  machine.onRead = () => {
    looks += 1;
    if (looks === 3) machine.add(0, { dead: true });
  };
  expect(await watch("", given)).toBe(guardianExit.done);
  expect(looks).toBe(3);
  machine.onRead = () => undefined;
  machine.add(0, { startTime: "2" });
  expect(await watch("", given)).toBe(guardianExit.done);
});

test("each by its own signal, the stubborn by SIGKILL, those of other runs and homes not at all; then all is forgotten", async () => {
  const meek = await start(["sleep", "600"], marker("meek"));
  const deaf = await start([process.execPath, stubborn], marker("deaf"));
  const unmarked = await start(["sleep", "600"], null);
  const others = await Promise.all([
    start(["sleep", "600"], marker("x", "run-2")),
    start(["sleep", "600"], `${"0".repeat(16)}.run-1.x`),
    start(["sleep", "600"], null),
  ]);
  lease("meek", meek, "SIGINT");
  lease("deaf", deaf, "SIGTERM");
  lease("unmarked", unmarked, "SIGHUP");
  store.writeRun({
    version: 1,
    runId: "run-1",
    bootId: orders.bootId,
    ownerPid: orders.ownerPid,
    ownerStartTime: "1",
    guardian: null,
  });
  writeFileSync(join(home, "host.json"), JSON.stringify({ pid: orders.ownerPid }));
  hold("kept", "exit 3");
  hold("released", "touch released");
  expect(await watch("")).toBe(guardianExit.done);
  await Promise.all([meek, deaf, unmarked].map((child) => ended(child)));
  expect([meek, deaf, unmarked].map(({ signalCode }) => signalCode)).toEqual(["SIGINT", "SIGKILL", "SIGHUP"]);
  expect(others.map(({ signalCode }) => signalCode)).toEqual([null, null, null]);
  // What could not be released stays, with its run, for the next start.
  expect(readdirSync(join(home, "leases")).toSorted()).toEqual(["kept.json", "run-1.run"]);
  expect(existsSync(join(home, "released"))).toBe(true);
  expect(existsSync(join(home, "host.json"))).toBe(false);
});

test("what cannot be ended keeps its lease, and the guardian says so", async () => {
  const machine = new ProcessMachine();
  machine.bootId = orders.bootId;
  const stuck = machine.add(1);
  const own = { kind: "service", argv0: "x", pid: 4_000_000, pgid: 4_000_000, sid: 4_000_000 } as const;
  store.writeLease({
    ...common("stuck"),
    ...own,
    startTime: "1",
    startOrder: 1,
    ports: [],
    stopSignal: "SIGTERM",
    graceMs: 1,
  });
  machine.markers.set(stuck.pid, marker("stuck"));
  expect(await watch("", { source: machine })).toBe(guardianExit.survivors);
  expect(readdirSync(join(home, "leases"))).toEqual(["stuck.json"]);
});

test.each([
  ["damaged", "{"],
  ["no object", "7"],
  ["empty", "null"],
  ["without a pid", "{}"],
  ["another host's", `{"pid":${process.pid}}`],
])("a host.json that is %s is left alone", async (_, text) => {
  writeFileSync(join(home, "host.json"), text);
  expect(await watch("")).toBe(guardianExit.done);
  expect(existsSync(join(home, "host.json"))).toBe(true);
});

test("S12: neither a pipe nor a link in the place of host.json, leases or the run holds it up or is obeyed", async () => {
  const child = await start(["sleep", "600"], marker("a"));
  const target = join(home, "elsewhere.json");
  writeFileSync(target, JSON.stringify({ pid: orders.ownerPid }));
  execFileSync(
    "mkfifo",
    ["host.json", "a.json", "run-1.run"].map((name) => join(home, name)),
  );
  execFileSync("mv", [join(home, "a.json"), join(home, "run-1.run"), join(home, "leases")]);
  mkdirSync(join(home, "leases", "folder.json"));
  const began = performance.now();
  expect(await watch("")).toBe(guardianExit.done);
  await ended(child);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(existsSync(join(home, "host.json"))).toBe(true);
  rmSync(join(home, "host.json"));
  symlinkSync(target, join(home, "host.json"));
  expect(await watch("")).toBe(guardianExit.done);
  expect(existsSync(target) && existsSync(join(home, "host.json"))).toBe(true);
});

test("a release that ends with 0 is one; another code, a missing program and a NUL are none", async () => {
  const release = (argv: readonly string[], cwd = home) =>
    runRelease({ argv: argv as [string, ...string[]], cwd, env: { PATH: "/usr/bin:/bin" } }, clock);
  expect(await release(["true"])).toBe(true);
  expect(await release(["false"])).toBe(false);
  expect(await release(["no-such-program"])).toBe(false);
  expect(await release(["true"], "/no/such/folder")).toBe(false);
  expect(await release(["echo", "a\0b"])).toBe(false);
});

test("a release that does not end within 30 s is ended, and none", async () => {
  const manual = new ManualClock();
  const pidFile = join(home, "pid");
  const argv = ["sh", "-c", `echo $$ > '${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 600`] as const;
  const released = runRelease({ argv: [...argv], cwd: home, env: { PATH: "/usr/bin:/bin" } }, manual);
  await until("the release to run", 5_000, () => existsSync(pidFile));
  const pid = Number(execFileSync("cat", [pidFile], { encoding: "utf8" }));
  manual.advance(29_999);
  expect(source.read(pid)?.dead).toBe(false);
  manual.advance(1);
  expect(await released).toBe(false);
  await until("its end", 5_000, () => source.read(pid)?.dead !== false);
  expect(manual.pending).toBe(0);
});
