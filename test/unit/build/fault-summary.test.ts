import { expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

const { summarize } = await importBuildScript<{ summarize(report: string, ms: number): string[] }>("fault-summary.mjs");

const line = (entry: object) => `${JSON.stringify(entry)}\n`;

it("counts cases, rounds, failures and skips, and shows the slowest for each round first", () => {
  const lines = summarize(
    line({ id: "P06", title: "slow", rounds: 10, ms: 5_000, failed: false }) +
      line({ id: "N01", title: "slower", rounds: 2, ms: 3_000, failed: true }) +
      line({ id: "P19", skipped: "no container" }),
    83_000,
  );
  expect(lines).toEqual([
    "Slowest cases, for each round:",
    "  N01  1.50 s × 2  slower",
    "  P06  0.50 s × 10  slow",
    "Not on Linux: P19 no container",
    "Failed: N01 slower",
    "Faults: 2 cases, 12 rounds, 1 failures, 1 skipped, 0.67 s a round, 1 min 23 s.",
  ]);
});

it("says so when nothing was played", () => {
  expect(summarize("", 400)).toEqual(["Faults: 0 cases, 0 rounds, 0 failures, 0 skipped, 0.00 s a round, 0 s."]);
});
