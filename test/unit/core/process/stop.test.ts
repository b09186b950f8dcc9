/** The end of a set whose members cannot be ended, change, or share their group with strangers. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProcessSet, type Seed } from "../../../../electron/core/process/process-set.ts";
import { stopSet, type StopRequest } from "../../../../electron/core/process/stop.ts";
import { ProcessMachine } from "../../../support/process-machine.ts";
import { quickClock } from "../../../support/quick-clock.ts";

/** Grace and rounds of SIGKILL pass fifty times as fast. */
const clock = quickClock(50);
let machine: ProcessMachine;
let sent: [pid: number, signal: string][];
/** What a signal does. */
let answer: (pid: number, signal: string) => void;

beforeEach(() => {
  machine = new ProcessMachine();
  sent = [];
  answer = () => undefined;
  vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
    sent.push([pid, String(signal)]);
    answer(pid, String(signal));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function stop(seeds: readonly Seed[], more: Partial<StopRequest> = {}, exclude: readonly number[] = []) {
  const set = new ProcessSet({
    source: machine,
    seeds,
    carries: () => true,
    since: 0,
    exclude: () => new Set(exclude),
  });
  const deadline = clock.monotonic() + 100;
  return stopSet({ source: machine, clock, set, signalFor: () => "SIGINT", deadline: () => deadline, ...more });
}

test("nobody there: nobody is signalled", async () => {
  expect(await stop([])).toEqual({ empty: true, survivors: [], killed: false });
  expect(sent).toEqual([]);
});

test("who survives even SIGKILL is tried once more in another way, and then named", async () => {
  const stuck = machine.add(0);
  const tried: number[] = [];
  const report = await stop([stuck], { lastPass: (pid) => Promise.resolve(void tried.push(pid)) });
  expect(report).toEqual({ empty: false, survivors: [{ pid: stuck.pid, command: "program 0" }], killed: true });
  expect(tried).toEqual([stuck.pid]);
  expect(new Set(sent.map(([, signal]) => signal))).toEqual(new Set(["SIGINT", "SIGCONT", "SIGKILL"]));
  expect(new Set(sent.map(([pid]) => Math.abs(pid)))).toEqual(new Set([stuck.pid]));
});

test("without another way the survivors are named all the same", async () => {
  const stuck = machine.add(0);
  expect(await stop([stuck])).toMatchObject({ empty: false, survivors: [{ pid: stuck.pid }] });
});

test("the last pass is for who still is who it was, and what it ended is not reported", async () => {
  const stuck = machine.add(0);
  const report = await stop([stuck], {
    lastPass: () => Promise.resolve(machine.entries.clear()),
  });
  expect(report).toEqual({ empty: true, survivors: [], killed: true });
});

test("a pid that becomes somebody else's between the look and the signal is spared", async () => {
  const member = machine.add(0);
  const tried: number[] = [];
  // The look at all still shows it; the look just before each signal finds another.
  machine.onRead = (pid) => void machine.entries.set(pid, { ...member, startTime: "2" });
  const look = machine.snapshot.bind(machine);
  machine.snapshot = async () => {
    machine.entries.set(member.pid, member);
    return look();
  };
  await stop([member], { lastPass: (pid) => Promise.resolve(void tried.push(pid)) });
  expect(sent).toEqual([]);
  expect(tried).toEqual([]);
});

test("a group that also holds a stranger is not signalled as a whole, in any step", async () => {
  const stranger = machine.add(0);
  const member = machine.add(1, { pgid: stranger.pid, sid: stranger.pid });
  machine.markers.set(member.pid, "home.run.lease");
  answer = (pid, signal) => {
    if (signal === "SIGKILL") machine.entries.delete(pid);
  };
  expect(await stop([member], { repeatAfterMs: 20 }, [stranger.pid])).toEqual({
    empty: true,
    survivors: [],
    killed: true,
  });
  expect(new Set(sent.map(([pid]) => pid))).toEqual(new Set([member.pid]));
  expect(sent.filter(([, signal]) => signal === "SIGINT").length).toBeGreaterThan(1);
});

test("who joins while the first signal is sent gets it too, once, with those of its group", async () => {
  const first = machine.add(0);
  answer = (pid, signal) => {
    if (signal !== "SIGINT") return;
    if (pid === -first.pid) {
      machine.entries.delete(first.pid);
      const late = machine.add(2, { ppid: first.pid });
      machine.add(3, { pgid: late.pid, sid: late.pid });
      machine.markers.set(late.pid, "home.run.lease");
    } else machine.entries.clear();
  };
  expect(await stop([first])).toMatchObject({ empty: true, killed: false });
  expect(sent.filter(([, signal]) => signal === "SIGINT").map(([pid]) => pid)).toEqual([-first.pid, -first.pid - 2]);
});

test("a deadline that is over asks once, then kills; who ends at its last moment was not killed", async () => {
  const member = machine.add(0);
  answer = (_, signal) => {
    if (signal === "SIGCONT") machine.entries.clear();
  };
  expect(await stop([member], { deadline: () => 0 })).toEqual({ empty: true, survivors: [], killed: false });
});

/** SIGINT. */
const IGNORES_IT = 2;

test("who ignores the signal, and has nobody left who would end it, is not waited for", async () => {
  const root = machine.add(0);
  const stray = machine.add(1, { sid: root.sid, ignoredSignals: IGNORES_IT });
  answer = (pid, signal) => {
    if (Math.abs(pid) === root.pid && signal === "SIGINT") machine.entries.delete(root.pid);
    if (Math.abs(pid) === stray.pid && signal === "SIGKILL") machine.entries.delete(stray.pid);
  };
  const far = clock.monotonic() + 3_600_000;
  expect(await stop([root], { deadline: () => far })).toEqual({ empty: true, survivors: [], killed: true });
});

test.each([
  [
    "while the process that was started lives: it may be waiting for them",
    { rootStays: true, ignoredSignals: IGNORES_IT },
  ],
  ["where one of them hears it", { rootStays: false, ignoredSignals: 0 }],
])("those get their whole grace %s", async (_, { rootStays, ignoredSignals }) => {
  const root = machine.add(0);
  const stray = machine.add(1, { sid: root.sid, ignoredSignals });
  machine.add(2, { sid: root.sid, ignoredSignals: IGNORES_IT });
  answer = (pid, signal) => {
    if (!rootStays && Math.abs(pid) === root.pid) machine.entries.delete(root.pid);
    if (signal === "SIGKILL") machine.entries.delete(Math.abs(pid));
  };
  const deadline = clock.monotonic() + 500;
  expect((await stop([root], { deadline: () => deadline })).killed).toBe(true);
  expect(clock.monotonic()).toBeGreaterThanOrEqual(deadline);
  expect(sent.some(([pid, signal]) => signal === "SIGKILL" && Math.abs(pid) === stray.pid)).toBe(true);
});
