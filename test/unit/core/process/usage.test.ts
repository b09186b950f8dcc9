import { expect, test } from "vitest";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { ProcessSet } from "../../../../electron/core/process/process-set.ts";
import type { ProcessEntry, ProcessSource } from "../../../../electron/core/process/process-table.ts";
import { lookMs, sampleMs, UsageSampler, watchedMs } from "../../../../electron/core/process/usage.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

/** A machine of figures, which counts how it was looked at. */
class Machine implements ProcessSource {
  readonly bootId = "boot";
  readonly entries = new Map<number, ProcessEntry>();
  looks = 0;
  reads = 0;
  broken = false;

  set(pid: number, figures: { cpuMs?: number; memoryBytes?: number; ppid?: number; startTime?: string } = {}) {
    const { cpuMs = 0, memoryBytes = 0, ppid = 1, startTime = "1" } = figures;
    const sid = ppid === 1 ? pid : 50;
    this.entries.set(pid, { pid, ppid, pgid: sid, sid, startOrder: 1, startTime, dead: false, memoryBytes, cpuMs });
  }

  snapshot() {
    this.looks += 1;
    if (this.broken) return Promise.reject(new Error("no /proc"));
    return Promise.resolve({ entries: new Map(this.entries), marker: () => null });
  }

  read(pid: number) {
    this.reads += 1;
    return this.entries.get(pid) ?? null;
  }

  children = (pid: number) => [...this.entries.values()].filter(({ ppid }) => ppid === pid).map((entry) => entry.pid);

  command(pid: number) {
    return `program-${pid}`;
  }
}

function world(machine = new Machine()) {
  const clock = new ManualClock();
  machine.set(50);
  const set = new ProcessSet({
    source: machine,
    seeds: [{ pid: 50, startTime: "1" }],
    carries: () => false,
    since: 0,
    exclude: () => new Set(),
  });
  let complete = 0;
  const warnings: string[] = [];
  const sampler = new UsageSampler({
    source: machine,
    clock,
    logger: { ...silentLogger, warn: (message: string) => warnings.push(message) },
    sets: () => [["one", set] as const],
    onLooked: () => (complete += 1),
  });
  /** Lets time pass, with what was due then. */
  const pass = async (ms: number) => {
    const step = sampleMs / 2;
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left));
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { machine, clock, sampler, pass, warnings, complete: () => complete };
}

test("memory is that of the whole tree, CPU that since the last reading, and the busiest process is named", async () => {
  const { machine, sampler, pass } = world();
  machine.set(50, { memoryBytes: 10, cpuMs: 5_000 });
  machine.set(51, { memoryBytes: 20, cpuMs: 90_000, ppid: 50 });
  sampler.start();
  expect(sampler.usage("one")).toBeNull();
  await pass(sampleMs);
  expect(sampler.usage("one")).toEqual({ memoryBytes: 30, cpuPercent: null, processes: 2, busiest: null });
  machine.set(50, { memoryBytes: 12, cpuMs: 5_200 });
  machine.set(51, { memoryBytes: 20, cpuMs: 91_000, ppid: 50 });
  await pass(sampleMs);
  expect(sampler.usage("one")).toEqual({
    memoryBytes: 32,
    cpuPercent: 60,
    processes: 2,
    busiest: { pid: 51, command: "program-51", cpuPercent: 50 },
  });
  await pass(sampleMs);
  expect(sampler.usage("one")).toMatchObject({ cpuPercent: 0, busiest: null });
  sampler.stop();
});

test("a process that ended takes nothing away, one found late brings no more than the time between two readings", async () => {
  const { machine, sampler, pass } = world();
  machine.set(51, { cpuMs: 9_000, ppid: 50 });
  sampler.start();
  await pass(sampleMs);
  machine.entries.delete(51);
  machine.set(52, { cpuMs: 900_000, ppid: 50 });
  sampler.usage("one");
  await pass(sampleMs);
  expect(sampler.usage("one")).toMatchObject({ cpuPercent: 100, busiest: { pid: 52 } });
  // The same pid, another process.
  machine.set(52, { cpuMs: 400, ppid: 50, startTime: "2" });
  await pass(sampleMs);
  expect(sampler.usage("one")).toMatchObject({ cpuPercent: 20, processes: 2 });
  sampler.stop();
});

test("while nobody asks there is one look in 10 s, and no more than that while somebody does", async () => {
  const { machine, sampler, pass, complete } = world();
  sampler.start();
  await pass(60 * lookMs);
  expect(machine.looks).toBeGreaterThanOrEqual(59);
  expect(machine.looks).toBeLessThanOrEqual(61);
  expect(machine.reads).toBe(0);
  expect(complete()).toBe(machine.looks);
  const before = machine.looks;
  for (let time = 0; time < 10 * lookMs; time += sampleMs) {
    sampler.usage("one");
    await pass(sampleMs);
  }
  expect(machine.looks - before).toBeGreaterThanOrEqual(9);
  expect(machine.looks - before).toBeLessThanOrEqual(11);
  expect(machine.reads).toBeGreaterThanOrEqual(35);
  sampler.stop();
});

test("whoever begins to ask gets a fresh reading at once, and is forgotten some seconds after the last question", async () => {
  const { machine, sampler, pass } = world();
  sampler.start();
  await pass(sampleMs + lookMs / 2);
  machine.set(50, { memoryBytes: 77 });
  expect(sampler.usage("one")?.memoryBytes).toBe(0);
  await pass(1);
  expect(sampler.usage("one")?.memoryBytes).toBe(77);
  await pass(watchedMs + sampleMs);
  const { looks, reads } = machine;
  await pass(lookMs - sampleMs);
  expect(machine.looks + machine.reads - looks - reads).toBeLessThanOrEqual(1);
  sampler.stop();
});

test("a child of the tree is in the next reading, also between two looks", async () => {
  const { machine, sampler, pass } = world();
  sampler.start();
  sampler.usage("one");
  await pass(sampleMs);
  machine.set(51, { ppid: 50, memoryBytes: 5 });
  machine.set(52, { ppid: 51, memoryBytes: 6 });
  sampler.usage("one");
  await pass(sampleMs);
  expect(machine.looks).toBe(1);
  expect(sampler.usage("one")).toMatchObject({ processes: 3, memoryBytes: 11 });
  // Its parent ends: a known member stays one.
  machine.entries.delete(51);
  machine.set(52, { ppid: 1, memoryBytes: 6 });
  await pass(sampleMs);
  expect(sampler.usage("one")).toMatchObject({ processes: 2, memoryBytes: 6 });
  sampler.stop();
});

test("where the system tells no children, every reading is a look", async () => {
  const machine = new Machine();
  const { children: _, ...rest } = machine;
  const plain: ProcessSource = {
    ...rest,
    snapshot: () => machine.snapshot(),
    read: (pid) => machine.read(pid),
    command: (pid) => machine.command(pid),
  };
  machine.set(50);
  const set = new ProcessSet({
    source: plain,
    seeds: [{ pid: 50, startTime: "1" }],
    carries: () => false,
    since: 0,
    exclude: () => new Set(),
  });
  expect((await set.follow(0)).map(({ pid }) => pid)).toEqual([50]);
  expect(machine.looks).toBe(1);
});

test("a machine that cannot be looked at is told and tried again; what was forgotten has no figures", async () => {
  const { machine, sampler, pass, warnings, clock } = world();
  machine.broken = true;
  sampler.start();
  sampler.start();
  await pass(sampleMs);
  expect(warnings).toHaveLength(1);
  machine.broken = false;
  await pass(lookMs);
  expect(sampler.usage("one")).not.toBeNull();
  sampler.forget("one");
  expect(sampler.usage("one")).toBeNull();
  sampler.stop();
  sampler.stop();
  expect(clock.pending).toBe(0);
  // A question after the end starts nothing.
  sampler.usage("one");
  expect(clock.pending).toBe(0);
});
