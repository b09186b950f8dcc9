import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COMPOSE_POLICY,
  decideRestart,
  NO_HISTORY,
  PROCESS_POLICY,
  restartDelay,
  TASK_POLICY,
  type Ending,
  type RestartHistory,
  type RestartPolicy,
} from "../../../../electron/core/service/restart-policy.ts";

const MIDDLE = 0.5;
const crash = (at: number, readyForMs: number | null = null): Ending => ({
  success: false,
  readyForMs,
  everReady: readyForMs !== null,
  at,
});

describe("modes", () => {
  test.each([
    ["no", false, "stay_down"],
    ["no", true, "stay_down"],
    ["on-failure", true, "stay_down"],
    ["on-failure", false, "restart"],
    ["always", true, "restart"],
    ["always", false, "restart"],
    ["unless-stopped", true, "restart"],
  ] as const)("%s after success=%s: %s", (mode, success, kind) => {
    const policy: RestartPolicy = { ...PROCESS_POLICY, mode };
    expect(decideRestart(policy, NO_HISTORY, { ...crash(0), success }, MIDDLE).kind).toBe(kind);
  });

  test("a task is never restarted; a container only after it was ready once", () => {
    expect(decideRestart(TASK_POLICY, NO_HISTORY, crash(0), MIDDLE).kind).toBe("stay_down");
    expect(decideRestart(COMPOSE_POLICY, NO_HISTORY, crash(0), MIDDLE).kind).toBe("stay_down");
    expect(decideRestart(COMPOSE_POLICY, NO_HISTORY, { ...crash(0), everReady: true }, MIDDLE).kind).toBe("restart");
  });

  test("on-failure:2 restarts twice", () => {
    const policy: RestartPolicy = { ...PROCESS_POLICY, maxRetries: 2 };
    let history: RestartHistory = NO_HISTORY;
    const kinds: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const decision = decideRestart(policy, history, crash(at * 100_000), MIDDLE);
      kinds.push(decision.kind);
      if (decision.kind === "restart") history = decision.history;
    }
    expect(kinds).toEqual(["restart", "restart", "stay_down"]);
  });
});

function delaysOf(endings: readonly Ending[], policy = PROCESS_POLICY): (number | string)[] {
  let history: RestartHistory = NO_HISTORY;
  return endings.map((ending) => {
    const decision = decideRestart(policy, history, ending, MIDDLE);
    if (decision.kind !== "restart") return decision.kind;
    history = decision.history;
    return decision.delayMs;
  });
}

describe("delays", () => {
  test("double from 500 ms, and the sixth crash within a minute is a crash loop", () => {
    const endings = [0, 500, 1_500, 3_500, 7_500, 15_500].map((at) => crash(at));
    expect(delaysOf(endings)).toEqual([500, 1_000, 2_000, 4_000, 8_000, "crash_loop"]);
  });

  test("the first crash after ten good seconds restarts at once; delays begin with the second", () => {
    expect(delaysOf([crash(0, 10_000), crash(1_000), crash(2_000)])).toEqual([0, 500, 1_000]);
    expect(delaysOf([crash(0, 9_999)])).toEqual([500]);
  });

  test("forgiveness needs as long as the last delay, where that was longer", () => {
    const history: RestartHistory = { recent: [], inARow: 6, delayed: 6, sinceReady: 1, lastDelayMs: 16_000 };
    const early = decideRestart(PROCESS_POLICY, history, crash(100_000, 15_000), MIDDLE);
    expect(early).toMatchObject({ kind: "restart", delayMs: 30_000 });
    const late = decideRestart(PROCESS_POLICY, history, crash(100_000, 16_000), MIDDLE);
    expect(late).toMatchObject({ kind: "restart", delayMs: 0, history: { inARow: 1, delayed: 0 } });
  });

  test("never ready at all is a crash loop too, however slowly it goes", () => {
    const endings = Array.from({ length: 7 }, (_, index) => crash(index * 120_000));
    expect(delaysOf(endings).at(5)).toBe("crash_loop");
    // One that is ready each time for a while, once every two minutes, goes on for ever.
    expect(delaysOf(Array.from({ length: 40 }, (_, index) => crash(index * 120_000, 60_000)))).not.toContain(
      "crash_loop",
    );
  });

  test("every delay stays within a tenth of its step, and under 33 s", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (n, random) => {
          const base = Math.min(30_000, 500 * 2 ** Math.min(n - 1, 16));
          const delay = restartDelay(n, random);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(base * 0.9));
          expect(delay).toBeLessThanOrEqual(Math.ceil(base * 1.1));
        },
      ),
    );
  });
});

test("in no window of a minute are there more than five restarts, whatever happens", () => {
  const step = fc.record({
    pause: fc.integer({ min: 1, max: 90_000 }),
    ready: fc.option(fc.integer({ min: 0, max: 60_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let history: RestartHistory = NO_HISTORY;
      let at = 0;
      const restarts: number[] = [];
      for (const { pause, ready } of steps) {
        at += pause;
        const decision = decideRestart(PROCESS_POLICY, history, crash(at, ready), MIDDLE);
        if (decision.kind !== "restart") break;
        history = decision.history;
        restarts.push(at);
      }
      for (const first of restarts) {
        expect(restarts.filter((other) => other >= first && other < first + 60_000).length).toBeLessThanOrEqual(5);
      }
      expect(history.recent.length).toBeLessThanOrEqual(5);
    }),
  );
});
