/** How many checks passed, failed and were skipped, out of each runner's own report. */

/** @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Totals */

/** @type {Totals} */
export const none = { passed: 0, failed: 0, skipped: 0 };

/** @returns {Totals} */
export function addTotals(one, other) {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/** The last line of a run; scripts read it. */
export function formatTotals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Totals of vitest's JSON report.
 *
 * @param report Null when it wrote none.
 * @param {number} code Its exit code. A run can fail without a failed test: an error outside of any, or a file that does not
 *   load. Then one failure is counted, so that the totals never look better than the run was.
 * @returns {Totals}
 */
export function vitestTotals(report, code) {
  const totals =
    report === null
      ? none
      : {
          passed: report.numPassedTests,
          failed: report.numFailedTests,
          skipped: report.numPendingTests + report.numTodoTests,
        };
  return withExitCode(totals, code);
}

/**
 * Totals of Playwright's JSON report. A test that passed only when repeated counts as failed: it is not to be relied on.
 *
 * @returns {Totals}
 */
export function playwrightTotals(report, code) {
  const totals =
    report === null
      ? none
      : {
          passed: report.stats.expected,
          failed: report.stats.unexpected + report.stats.flaky,
          skipped: report.stats.skipped,
        };
  return withExitCode(totals, code);
}

function withExitCode(totals, code) {
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}
