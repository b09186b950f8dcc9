/** What a run of the fault suite came to, from the lines that its cases wrote (test/support/fault-case.ts). */

const SLOWEST = 10;

/**
 * @param {string} report One JSON object a line: `{id, title, rounds, ms, failed}` of a case, `{id, skipped}` of one that
 * cannot be played here.
 * @param {number} ms How long the whole run took.
 * @returns {string[]} Lines for people; the last one counts everything.
 */
export function summarize(report, ms) {
  const entries = report
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const cases = entries.filter((entry) => entry.skipped === undefined);
  const skipped = entries.filter((entry) => entry.skipped !== undefined);
  const mean = (entry) => entry.ms / entry.rounds;
  const slowest = cases.toSorted((a, b) => mean(b) - mean(a)).slice(0, SLOWEST);
  const rounds = cases.reduce((sum, entry) => sum + entry.rounds, 0);
  const failures = cases.filter((entry) => entry.failed);
  const played = cases.reduce((sum, entry) => sum + entry.ms, 0);
  return [
    ...(slowest.length === 0 ? [] : ["Slowest cases, for each round:"]),
    ...slowest.map(
      (entry) => `  ${entry.id.padEnd(4)} ${(mean(entry) / 1_000).toFixed(2)} s × ${entry.rounds}  ${entry.title}`,
    ),
    ...skipped.map((entry) => `Not on Linux: ${entry.id} ${entry.skipped}`),
    ...failures.map((entry) => `Failed: ${entry.id} ${entry.title}`),
    `Faults: ${cases.length} cases, ${rounds} rounds, ${failures.length} failures, ${skipped.length} skipped, ` +
      `${(played / Math.max(1, rounds) / 1_000).toFixed(2)} s a round, ${duration(ms)}.`,
  ];
}

function duration(ms) {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
