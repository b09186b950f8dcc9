import { describe, expect, test } from "vitest";
import { DEFAULT_TIMINGS, runProbe, timingsWith, type ProbeAnswer } from "../../../../electron/core/service/probe.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const failing: ProbeAnswer = { ok: false, reason: "nobody is there" };

/** A loop on a clock moved by hand; `answer` decides each attempt, `log` is what was announced and when. */
function loop(answer: (attempt: number) => ProbeAnswer | Promise<ProbeAnswer> | "hang") {
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const times: number[] = [];
  const log: string[] = [];
  let underWay = 0;
  const finished = runProbe(
    {
      clock,
      timings: DEFAULT_TIMINGS,
      what: "the probe",
      attempt: async (signal) => {
        times.push(clock.monotonic());
        underWay += 1;
        expect(underWay).toBe(1);
        try {
          const result = answer(times.length);
          if (result === "hang")
            return await new Promise((resolve) => signal.addEventListener("abort", () => resolve(failing)));
          return await result;
        } finally {
          underWay -= 1;
        }
      },
      onHealthy: () => log.push(`${clock.monotonic()} healthy`),
      onUnhealthy: (reason) => log.push(`${clock.monotonic()} unhealthy: ${reason}`),
      onDeadline: (reason) => log.push(`${clock.monotonic()} deadline: ${reason}`),
    },
    controller.signal,
  );
  const settle = async () => {
    for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
  };
  const advance = async (ms: number, step = 10) => {
    await settle();
    for (let passed = 0; passed < ms; passed += step) {
      clock.advance(step);
      await settle();
    }
  };
  return { clock, controller, times, log, finished, advance };
}

describe("the loop", () => {
  test("probes at once, then after 3 % of the time passed, up to a second, and announces the first success", async () => {
    let done = false;
    const probe = loop(() => (done ? { ok: true } : failing));
    await probe.advance(30_000);
    expect(probe.times[0]).toBe(0);
    for (const [index, time] of probe.times.entries()) {
      const gap = (probe.times[index + 1] ?? Infinity) - time;
      if (gap === Infinity) continue;
      const expected = Math.min(1_000, Math.max(15, 0.03 * time));
      expect(gap).toBeGreaterThanOrEqual(Math.floor(expected));
      expect(gap).toBeLessThanOrEqual(expected + 20);
    }
    expect(probe.times.length).toBeLessThan(190);
    done = true;
    await probe.advance(1_020);
    expect(probe.log).toHaveLength(1);
    expect(probe.log[0]).toContain("healthy");
    probe.controller.abort();
    await probe.finished;
    expect(probe.clock.pending).toBe(0);
  });

  test("after it: every ten seconds, and every thirty once it has been well for a minute", async () => {
    const probe = loop(() => ({ ok: true }));
    await probe.advance(200_000, 500);
    const gaps = probe.times.slice(1).map((time, index) => time - probe.times[index]!);
    expect(gaps[0]).toBe(10_000);
    expect(gaps.at(-1)).toBe(30_000);
    expect(probe.log).toEqual(["0 healthy"]);
    probe.controller.abort();
    await probe.finished;
  });

  test("three failures in a row make it unhealthy, two do not; one success makes it well", async () => {
    const bad = new Set([2, 3, 5, 6, 7]);
    const probe = loop((attempt) => (bad.has(attempt) ? failing : { ok: true }));
    await probe.advance(100_000, 500);
    expect(probe.log).toEqual(["0 healthy", "60000 unhealthy: nobody is there", "70000 healthy"]);
    probe.controller.abort();
    await probe.finished;
  });

  test("a probe that hangs is ended after three seconds, and never overlaps the next", async () => {
    const probe = loop((attempt) => (attempt <= 2 ? "hang" : { ok: true }));
    await probe.advance(7_000);
    expect(probe.times).toHaveLength(3);
    expect(probe.times[1]).toBeGreaterThanOrEqual(3_000);
    expect(probe.log[0]).toContain("healthy");
    probe.controller.abort();
    await probe.finished;
  });

  test("without a success in 120 s it is given up, not before and not much after", async () => {
    const probe = loop(() => failing);
    await probe.advance(119_000, 50);
    expect(probe.log).toEqual([]);
    await probe.advance(2_000, 50);
    expect(probe.log).toHaveLength(1);
    const at = Number(probe.log[0]!.split(" ")[0]);
    expect(at).toBeGreaterThanOrEqual(120_000);
    expect(at).toBeLessThan(120_200);
    expect(probe.log[0]).toContain("deadline: nobody is there, for 2 min");
    await probe.finished;
    expect(probe.clock.pending).toBe(0);
  });

  test("a final answer ends the wait; one that throws counts as a failure", async () => {
    const final = loop((attempt) => (attempt < 3 ? failing : { ok: false, reason: "it is broken", final: true }));
    await final.advance(1_000);
    expect(final.log).toEqual([expect.stringContaining("deadline: it is broken")]);
    await final.finished;
    const throwing = loop((attempt) => (attempt < 3 ? Promise.reject(new Error("boom")) : { ok: true }));
    await throwing.advance(1_000);
    expect(throwing.log).toEqual([expect.stringContaining("healthy")]);
    throwing.controller.abort();
    await throwing.finished;
  });

  test("ends at once when told to, even in the middle of a probe", async () => {
    const probe = loop(() => "hang");
    await probe.advance(100);
    probe.controller.abort();
    await probe.finished;
    expect(probe.log).toEqual([]);
    expect(probe.clock.pending).toBe(0);
  });
});

describe("what an author says", () => {
  const quiet = async () => {
    for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
  };

  test("a period holds from the start and for good, a start interval above the usual longest one too", () => {
    expect(timingsWith(DEFAULT_TIMINGS, {})).toEqual(DEFAULT_TIMINGS);
    expect(timingsWith(DEFAULT_TIMINGS, { periodMs: 400 })).toMatchObject({
      periodMs: 400,
      calmPeriodMs: 400,
      startIntervalMs: 15,
      startIntervalMaxMs: 400,
    });
    expect(timingsWith(DEFAULT_TIMINGS, { periodMs: 15 })).toMatchObject({
      startIntervalMs: 15,
      startIntervalMaxMs: 15,
    });
    expect(timingsWith(DEFAULT_TIMINGS, { startIntervalMs: 5_000 })).toMatchObject({ startIntervalMaxMs: 5_000 });
    expect(timingsWith(DEFAULT_TIMINGS, { periodMs: 400, calmPeriodMs: 900 })).toMatchObject({ calmPeriodMs: 900 });
  });

  test.each([
    [{ startPeriodMs: 0, deadlineMs: 1_000 }, 1_000],
    [{ startPeriodMs: 500, deadlineMs: 1_000 }, 1_000],
    // Inside the start period a deadline would make no sense: three failures every 200 ms after it.
    [{ startPeriodMs: 3_000, deadlineMs: 1_000, periodMs: 200, failureThreshold: 3 }, 3_600],
    // As Kubernetes and docker compose count, from what is said of failures.
    [{ periodMs: 1_000, failureThreshold: 3 }, 3_000],
    [{ startPeriodMs: 2_000, periodMs: 500, failureThreshold: 4 }, 4_000],
    [{ initialDelayMs: 1_000, periodMs: 1_000, failureThreshold: 2 }, 3_000],
    [{ initialDelayMs: 500, startPeriodMs: 500, periodMs: 200 }, 1_600],
  ])("with %o it is given up at %d ms", async (given, due) => {
    const clock = new ManualClock(0);
    const ends: number[] = [];
    const finished = runProbe(
      {
        clock,
        timings: timingsWith(DEFAULT_TIMINGS, given),
        what: "it",
        attempt: () => Promise.resolve(failing),
        onHealthy: () => undefined,
        onUnhealthy: () => undefined,
        onDeadline: () => ends.push(clock.monotonic()),
      },
      new AbortController().signal,
    );
    while (ends.length === 0 && clock.monotonic() < 10_000) {
      await quiet();
      clock.advance(10);
    }
    await finished;
    expect(ends[0]).toBeGreaterThanOrEqual(due);
    expect(ends[0]).toBeLessThan(due + 50);
  });

  test("a period alone says nothing of failures", () => {
    expect(timingsWith(DEFAULT_TIMINGS, { periodMs: 1_000 })).toMatchObject({
      deadlineMs: 120_000,
      deadlineFailures: 0,
    });
    expect(timingsWith(DEFAULT_TIMINGS, { failureThreshold: 6 })).toMatchObject({ deadlineMs: 60_000 });
    expect(timingsWith(DEFAULT_TIMINGS, { startPeriodMs: 300_000 })).toMatchObject({ deadlineMs: 330_000 });
  });

  test("a check that hangs has its time, as often as failures are said", async () => {
    const clock = new ManualClock(0);
    const ends: [number, string][] = [];
    let attempts = 0;
    const finished = runProbe(
      {
        clock,
        timings: timingsWith(DEFAULT_TIMINGS, { periodMs: 200, timeoutMs: 1_000, failureThreshold: 2 }),
        what: "it",
        attempt: (signal) => {
          attempts += 1;
          return new Promise((resolve) => signal.addEventListener("abort", () => resolve(failing)));
        },
        onHealthy: () => undefined,
        onUnhealthy: () => undefined,
        onDeadline: (reason) => ends.push([clock.monotonic(), reason]),
      },
      new AbortController().signal,
    );
    while (ends.length === 0 && clock.monotonic() < 10_000) {
      await quiet();
      clock.advance(10);
    }
    await finished;
    expect(attempts).toBe(2);
    expect(ends[0]?.[0]).toBeGreaterThanOrEqual(2_000);
    expect(ends[0]?.[0]).toBeLessThan(2_300);
    expect(ends[0]?.[1]).toMatch(/, for 2/);
  });

  test("a success in the start period counts at once", async () => {
    const clock = new ManualClock(0);
    const controller = new AbortController();
    const log: number[] = [];
    const finished = runProbe(
      {
        clock,
        timings: timingsWith(DEFAULT_TIMINGS, { startPeriodMs: 60_000 }),
        what: "it",
        attempt: () => Promise.resolve({ ok: true }),
        onHealthy: () => log.push(clock.monotonic()),
        onUnhealthy: () => undefined,
        onDeadline: () => undefined,
      },
      controller.signal,
    );
    await quiet();
    expect(log).toEqual([0]);
    controller.abort();
    await finished;
  });
});
