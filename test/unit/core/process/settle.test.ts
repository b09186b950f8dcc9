/** What a start does with what earlier runs left, on a machine that is made up. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ProcessLease } from "../../../../electron/core/process/lease.ts";
import { LeaseStore } from "../../../../electron/core/process/lease-store.ts";
import { homeIdOf } from "../../../../electron/core/process/marker.ts";
import type { RunRecord } from "../../../../electron/core/process/run-record.ts";
import { settleLeases } from "../../../../electron/core/process/settle.ts";
import { ProcessMachine } from "../../../support/process-machine.ts";
import { quickClock } from "../../../support/quick-clock.ts";

const OWNER = 4_000_000;
const CHILD = 4_000_001;
const GUARDIAN = 4_000_002;

let home: string;
let store: LeaseStore;
let machine: ProcessMachine;
let sent: [pid: number, signal: string][];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-settle-"));
  store = new LeaseStore(home);
  store.prepare();
  machine = new ProcessMachine();
  sent = [];
  vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
    sent.push([pid, String(signal)]);
    if (signal !== "SIGCONT") machine.entries.delete(Math.abs(pid));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

/** Seconds pass as hundredths. */
const settle = (factor = 100) =>
  settleLeases({ store, source: machine, clock: quickClock(factor), homeId: homeIdOf(home), runId: "now" });

function alive(pid: number, startTime = "1"): void {
  machine.entries.set(pid, { ...machine.add(0), pid, pgid: pid, sid: pid, startTime });
  machine.entries.delete(machine.add(0).pid);
}

function run(more: Partial<RunRecord> = {}): void {
  const guardian = { pid: GUARDIAN, startTime: "1" };
  const { bootId } = machine;
  store.writeRun({ version: 1, runId: "then", bootId, ownerPid: OWNER, ownerStartTime: "1", guardian, ...more });
}

function lease(more: Partial<ProcessLease> = {}): void {
  store.writeLease({
    version: 1,
    id: "one",
    kind: "service",
    name: "web",
    workspace: "w",
    argv0: "web",
    pid: CHILD,
    pgid: CHILD,
    sid: CHILD,
    startTime: "1",
    startOrder: 1,
    bootId: machine.bootId,
    ownerPid: OWNER,
    ownerStartTime: "1",
    marker: `${homeIdOf(home)}.then.one`,
    ports: [],
    stopSignal: "SIGINT",
    graceMs: 100,
    startedAt: 1,
    ...more,
  });
}

const files = () => readdirSync(join(home, "leases"));

test("a guardian at work is waited for, and nothing is left to do", async () => {
  run();
  lease();
  alive(GUARDIAN);
  alive(CHILD);
  let looks = 0;
  machine.onRead = (pid) => {
    if (pid !== GUARDIAN) return;
    looks += 1;
    if (looks < 5) return;
    machine.entries.clear();
    store.removeLease("one");
  };
  expect(await settle()).toMatchObject({ ended: [], survivors: [] });
  expect(looks).toBe(5);
  expect(sent).toEqual([]);
  expect(files()).toEqual([]);
});

test("a guardian that does not finish within 10 s is ended, and its work is done", async () => {
  run();
  lease();
  alive(GUARDIAN);
  alive(CHILD);
  expect(await settle()).toMatchObject({ ended: ["one"], survivors: [] });
  expect(sent[0]).toEqual([GUARDIAN, "SIGKILL"]);
  expect(sent[1]).toEqual([-CHILD, "SIGINT"]);
  expect(files()).toEqual([]);
});

test.each([
  ["whose pid is another's by now", () => alive(GUARDIAN, "2"), {}],
  ["of an earlier start of the machine", () => alive(GUARDIAN), { bootId: "another boot" }],
  ["that never was", () => undefined, { guardian: null }],
])("a guardian %s is neither waited for nor touched", async (_, prepare, record) => {
  run(record);
  prepare();
  const began = performance.now();
  await settle(1);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(sent).toEqual([]);
  expect(files()).toEqual([]);
});

test("what a living run owns stays with it, by its record, and by a lease whose record is lost", async () => {
  run({ guardian: null });
  lease();
  lease({ id: "two", marker: `${homeIdOf(home)}.lost.two` });
  alive(OWNER);
  alive(CHILD);
  const report = await settle();
  expect(report.foreign.toSorted()).toEqual(["one", "two"]);
  expect(report.ended).toEqual([]);
  expect(sent).toEqual([]);
  expect(files().toSorted()).toEqual(["one.json", "then.run", "two.json"]);
});

test("an owner whose pid is another's by now, or a zombie's, is dead", async () => {
  for (const change of [{ startTime: "2" }, { dead: true }]) {
    run({ guardian: null });
    lease();
    alive(OWNER);
    const owner = machine.entries.get(OWNER);
    if (owner !== undefined) machine.entries.set(OWNER, { ...owner, ...change });
    expect(await settle()).toMatchObject({ ended: ["one"], foreign: [] });
    expect(files()).toEqual([]);
  }
});

test("our own leases are not earlier ones", async () => {
  lease({ id: "mine", marker: `${homeIdOf(home)}.now.mine` });
  alive(CHILD);
  expect(await settle()).toMatchObject({ ended: [], foreign: [], dropped: [] });
  expect(files()).toEqual(["mine.json"]);
});

test("what cannot be ended is named, and its lease and run stay for the next start", async () => {
  vi.mocked(process.kill).mockImplementation(() => true);
  run({ guardian: null });
  lease();
  alive(CHILD);
  const report = await settle();
  expect(report.ended).toEqual([]);
  expect(report.survivors.map(({ pid }) => pid)).toEqual([CHILD]);
  expect(files().toSorted()).toEqual(["one.json", "then.run"]);
});

test("who carries the marker of a dead run of this home is ended without a lease; of other homes, nobody", async () => {
  const lost = machine.add(1);
  const stranger = machine.add(2);
  machine.markers.set(lost.pid, `${homeIdOf(home)}.then.lost`);
  machine.markers.set(stranger.pid, `${"0".repeat(16)}.then.lost`);
  await settle();
  expect(sent.map(([pid]) => pid)).toEqual([-lost.pid]);
});

test("a hold whose release fails stays on record; one that is released is ended, whatever the boot", async () => {
  for (const [id, script] of [
    ["good", "exit 0"],
    ["bad", "exit 1"],
  ] as const) {
    store.writeLease({
      version: 1,
      id,
      kind: "container",
      name: id,
      workspace: "w",
      bootId: "another boot",
      ownerPid: OWNER,
      ownerStartTime: "1",
      marker: `${homeIdOf(home)}.then.${id}`,
      startedAt: 1,
      release: { argv: ["sh", "-c", script], cwd: home, env: { PATH: "/usr/bin:/bin" } },
    });
  }
  expect(await settle(1)).toMatchObject({ ended: ["good"] });
  expect(files()).toEqual(["bad.json"]);
});
