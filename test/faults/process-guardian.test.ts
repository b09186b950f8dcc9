/** The owner of processes is killed, with and without its guardian: nothing of it may outlive it, and nobody else may be hurt. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { createProcessKeeper } from "../../electron/core/process/keeper.ts";
import { homeIdOf, parseMarker } from "../../electron/core/process/marker.ts";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import { bundleGuardian, bundleProgram } from "../support/guardian-bundle.ts";
import { faultCase } from "../support/fault-case.ts";
import { quickClock } from "../support/quick-clock.ts";
import { until } from "../support/until.ts";

/** `npm run faults -- --rounds N` sets it. */
const rounds = Number(process.env["DECKHAND_FAULT_ROUNDS"] ?? 5);
const programs = resolve(import.meta.dirname, "../fixtures/services");
const source = systemProcesses();
const isAlive = (pid: number) => source.read(pid)?.dead === false;

interface Started {
  readonly trees: readonly Record<string, number>[];
  readonly guardian: number;
  readonly settled: { readonly ended: readonly string[]; readonly survivors: readonly unknown[] };
}

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let owner: Awaited<ReturnType<typeof bundleProgram>>;
let home: string;
let begun: ChildProcess[];

beforeAll(async () => {
  guardian = await bundleGuardian();
  owner = await bundleProgram(join(programs, "keeper-owner.ts"));
});
afterAll(() => Promise.all([guardian.remove(), owner.remove()]));
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-guardian-"));
  begun = [];
});
afterEach(async () => {
  for (const child of begun) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  // Whatever a failed test left, by the marker of its home.
  for (const pid of await marked()) process.kill(pid, "SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

/** Everything alive that carries the marker of this test's home. */
async function marked(): Promise<number[]> {
  const homeId = homeIdOf(home);
  const table = await source.snapshot();
  return [...table.entries.keys()].filter((pid) => parseMarker(table.marker(pid) ?? "")?.homeId === homeId);
}

/** The guardian's own grace, played once; everywhere else what is stubborn is killed sooner. In ms. */
const REAL_GRACE_MS = 2_000;

async function startOwner(runId: string, count = 1, graceMs = 100): Promise<{ child: ChildProcess; started: Started }> {
  const released = join(home, "released");
  const args = [owner.path, home, runId, guardian.path, programs, String(count), released, String(graceMs)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  begun.push(child);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const line = await until("the owner's trees", 30_000, () => (text.includes("\n") ? text : null));
  writeFileSync(join(home, "host.json"), JSON.stringify({ pid: child.pid, port: 1 }));
  return { child, started: JSON.parse(line) as Started };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGKILL");
  await gone;
}

test(
  `S01 nothing is left 8 s after the owner was killed, ${rounds} of ${rounds} times`,
  { timeout: rounds * 20_000 },
  async () => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [count, graceMs] = round === 0 ? [2, REAL_GRACE_MS] : [1, 100];
      const { child, started } = await startOwner(`run-${round}`, count, graceMs);
      expect(await marked()).toHaveLength(count * 5);
      const start = performance.now();
      await killed(child);
      await until("everything to be gone", 8_000, async () => (await marked()).length === 0);
      await until("the guardian to be gone", 8_000 - (performance.now() - start), () => !isAlive(started.guardian));
      times.push(Math.round(performance.now() - start));
      expect(started.trees.flatMap((tree) => Object.values(tree)).filter(isAlive)).toEqual([]);
      expect(readdirSync(join(home, "leases"))).toEqual([]);
      expect(existsSync(join(home, "host.json"))).toBe(false);
      expect(existsSync(join(home, "released"))).toBe(true);
      rmSync(join(home, "released"));
    }
    console.log(`gone after ${times.join(", ")} ms`);
  },
);

test("a guardian is not impressed by the signals of a terminal or a logout", async () => {
  const { child, started } = await startOwner("run");
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM", "SIGQUIT"] as const) process.kill(started.guardian, signal);
  await killed(child);
  await until("everything to be gone", 8_000, async () => (await marked()).length === 0);
});

test("a host.json that names another host is left alone", async () => {
  const { child } = await startOwner("run");
  writeFileSync(join(home, "host.json"), JSON.stringify({ pid: process.pid }));
  await killed(child);
  await until("the leases to be gone", 8_000, () => readdirSync(join(home, "leases")).length === 0);
  expect(existsSync(join(home, "host.json"))).toBe(true);
});

test("S12 a pipe in the place of host.json, of a lease or of the run does not hold the guardian up", async () => {
  const { child, started } = await startOwner("run");
  const leases = join(home, "leases");
  rmSync(join(home, "host.json"));
  const pipes = [join(home, "host.json"), join(leases, "pipe.json"), join(leases, "other.run")];
  execFileSync("mkfifo", pipes);
  await killed(child);
  await until("everything to be gone", 8_000, async () => (await marked()).length === 0);
  await until("the guardian to be gone", 8_000, () => !isAlive(started.guardian));
  // Nobody has read them, and nobody has taken them for the files of the dead host.
  expect(pipes.map((path) => lstatSync(path).isFIFO())).toEqual([true, true, true]);
  expect(readdirSync(leases).toSorted()).toEqual(["other.run", "pipe.json"]);
});

test("an owner that quits in order leaves nothing, and runs what was held", async () => {
  const { child, started } = await startOwner("run");
  const gone = new Promise((done) => child.once("exit", done));
  child.stdin?.write("quit\n");
  await gone;
  expect(child.exitCode).toBe(0);
  expect(await marked()).toEqual([]);
  expect(isAlive(started.guardian)).toBe(false);
  expect(readdirSync(join(home, "leases"))).toEqual([]);
  expect(existsSync(join(home, "released"))).toBe(true);
});

faultCase(
  "S02",
  "after owner and guardian were killed the next start ends what is left, and nobody else's processes",
  async (stage) => {
    rmSync(home, { recursive: true, force: true });
    home = stage.home;
    const otherHome = mkdtempSync(join(tmpdir(), "deckhand-other-"));
    const { child, started } = await startOwner("run-1");
    // Strangers: one without a marker, one of another home, one in a group of its own, one that only looks like ours.
    const strangers = [
      undefined,
      `${homeIdOf(otherHome)}.run-1.x`,
      `${homeIdOf(home)}.run-1`,
      `${homeIdOf(home)}x.run-1.y`,
    ].map((marker) => {
      const env = { PATH: process.env["PATH"] ?? "", ...(marker === undefined ? {} : { DECKHAND_MARKER: marker }) };
      return spawn("sleep", ["600"], { stdio: "ignore", detached: marker !== undefined, env });
    });
    begun.push(...strangers);
    // Both at once: stopped first, so that the guardian sees nothing.
    process.kill(started.guardian, "SIGSTOP");
    await killed(child);
    process.kill(started.guardian, "SIGKILL");
    await until("the guardian to be gone", 2_000, () => !isAlive(started.guardian));
    expect(await marked()).toHaveLength(5);

    const scope = new Scope("next", silentLogger);
    const keeper = createProcessKeeper({
      home,
      runId: "run-2",
      // The grace of 5 s is real once, and a tenth of it afterwards.
      clock: stage.round === 0 ? systemClock : quickClock(10),
      logger: silentLogger,
      guardianPath: guardian.path,
      scope,
    });
    const begin = performance.now();
    const report = await keeper.settle();
    expect(performance.now() - begin).toBeLessThan(9_000);
    expect(report).toMatchObject({ dropped: [], quarantined: [], survivors: [], foreign: [] });
    expect(report.ended).toHaveLength(2);
    expect(await marked()).toEqual([]);
    expect(existsSync(join(home, "released"))).toBe(true);
    expect(readdirSync(join(home, "leases"))).toEqual([]);
    expect(strangers.map(({ pid }) => isAlive(pid ?? 0))).toEqual([true, true, true, true]);
    await scope.close();
    rmSync(otherHome, { recursive: true, force: true });
    // The stage ends its own home.
    home = mkdtempSync(join(tmpdir(), "deckhand-guardian-"));
  },
);

test("a second host of the same home leaves alone what a living one owns", async () => {
  const { child, started } = await startOwner("run-1");
  const scope = new Scope("second", silentLogger);
  const keeper = createProcessKeeper({
    home,
    runId: "run-2",
    clock: systemClock,
    logger: silentLogger,
    guardianPath: guardian.path,
    scope,
  });
  const report = await keeper.settle();
  expect(report.ended).toEqual([]);
  expect(report.foreign).toHaveLength(2);
  await scope.close();
  expect(await marked()).toHaveLength(5);
  expect(isAlive(started.guardian)).toBe(true);
  await killed(child);
  await until("everything to be gone", 8_000, async () => (await marked()).length === 0);
});

test("a start right after the kill waits for the guardian's work and finds nothing left to do", async () => {
  const { child } = await startOwner("run-1");
  await killed(child);
  const { child: next, started } = await startOwner("run-2");
  expect(started.settled).toMatchObject({ ended: [], survivors: [] });
  expect(await marked()).toHaveLength(5);
  await killed(next);
  await until("everything to be gone", 8_000, async () => (await marked()).length === 0);
});
