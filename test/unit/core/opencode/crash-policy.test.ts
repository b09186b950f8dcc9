import { expect, it } from "vitest";
import {
  CRASH_WINDOW_MS,
  judgeCrash,
  recentCrashes,
  reconnectDelay,
} from "../../../../electron/core/opencode/crash-policy.ts";

it("restarts after the first and the second crash, the second time later, and gives up at the third", () => {
  expect(judgeCrash([0], 0, 0.5)).toEqual({ restartInMs: 10 });
  expect(judgeCrash([0, 1_000], 1_000, 0.5)).toEqual({ restartInMs: 500 });
  expect(judgeCrash([0, 1_000, 2_000], 2_000, 0.5)).toEqual({ gaveUp: true, crashes: 3 });
});

it("spreads restarts by half of the delay either way", () => {
  expect([0, 0.999].map((random) => judgeCrash([0, 1], 1, random))).toEqual([
    { restartInMs: 250 },
    { restartInMs: 750 },
  ]);
});

it("forgets crashes that are older than its window", () => {
  const now = CRASH_WINDOW_MS + 500;
  expect(recentCrashes([0, 500, 501, now], now)).toEqual([501, now]);
  expect(judgeCrash([0, 100, now], now, 0.5)).toEqual({ restartInMs: 10 });
});

it("looks for a server that is not ours for ever, at last every half minute", () => {
  expect([1, 2, 3, 4, 400].map((failures) => reconnectDelay(failures, 0.5))).toEqual([10, 500, 5_000, 30_000, 30_000]);
});
