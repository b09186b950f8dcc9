import { describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

type Totals = { passed: number; failed: number; skipped: number };
const totals = await importBuildScript<{
  none: Totals;
  addTotals(one: Totals, other: Totals): Totals;
  formatTotals(totals: Totals): string;
  vitestTotals(report: object | null, code: number): Totals;
  playwrightTotals(report: object | null, code: number): Totals;
}>("test-totals.mjs");

const vitest = (passed: number, failed: number, pending = 0, todo = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: todo,
});
const playwright = (expected: number, unexpected: number, skipped = 0, flaky = 0) => ({
  stats: { expected, unexpected, skipped, flaky },
});

describe("the totals of a run", () => {
  it("come from vitest's report", () => {
    expect(totals.vitestTotals(vitest(5, 2, 3, 1), 1)).toEqual({ passed: 5, failed: 2, skipped: 4 });
  });

  it("come from Playwright's report; what passed only when repeated has failed", () => {
    expect(totals.playwrightTotals(playwright(5, 2, 3, 1), 1)).toEqual({ passed: 5, failed: 3, skipped: 3 });
  });

  it.each([
    ["a run that failed without a failed test", vitest(5, 0), 1, { passed: 5, failed: 1, skipped: 0 }],
    ["a run that wrote no report", null, 1, { passed: 0, failed: 1, skipped: 0 }],
    ["a run without tests", null, 0, { passed: 0, failed: 0, skipped: 0 }],
  ])("count %s for what it is", (_what, report, code, expected) => {
    expect(totals.vitestTotals(report, code)).toEqual(expected);
  });

  it("make the last line", () => {
    const sum = totals.addTotals({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 });
    expect(totals.formatTotals(sum)).toBe("11 passed, 22 failed, 33 skipped");
    expect(totals.formatTotals(totals.none)).toBe("0 passed, 0 failed, 0 skipped");
  });
});
