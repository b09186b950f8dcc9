/**
 * The part of `npm test -- --coverage` that judges: the folders on which everything else rests have a floor. Prints a line a
 * folder; below the floor also its weakest files.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** In percent; a folder counts with everything below it. */
export const floors = [
  { folder: "electron/core/environment", lines: 95, branches: 88 },
  { folder: "electron/core/compose", lines: 95, branches: 88 },
  { folder: "electron/core/service", lines: 95, branches: 88 },
  { folder: "electron/core/process", lines: 95, branches: 90 },
  { folder: "electron/core/log", lines: 95, branches: 90 },
  { folder: "electron/core/opencode", lines: 95, branches: 90 },
];
const WEAKEST_SHOWN = 6;

/** @returns {{ line: string, ok: boolean }[]} One judgement a folder. */
export function judgeCoverage(top, summaryFile) {
  const files = Object.entries(JSON.parse(readFileSync(summaryFile, "utf8")))
    .filter(([path]) => path !== "total")
    .map(([path, figures]) => ({ path: relative(top, path), figures }));
  return floors.map((floor) => judgeFolder(floor, files));
}

function judgeFolder(floor, files) {
  const own = files.filter(({ path }) => path.startsWith(join(floor.folder, "/")));
  const [lines, branches] = ["lines", "branches"].map((kind) => percent(own.map(({ figures }) => figures[kind])));
  const ok = own.length > 0 && lines >= floor.lines && branches >= floor.branches;
  const line = `${ok ? "✓" : "✗"} coverage of ${floor.folder}: lines ${lines.toFixed(2)} % (at least ${floor.lines}), branches ${branches.toFixed(2)} % (at least ${floor.branches}), ${own.length} files`;
  return { ok, line: ok ? line : [line, ...weakest(own)].join("\n") };
}

function percent(figures) {
  const total = figures.reduce((sum, { total: count }) => sum + count, 0);
  const covered = figures.reduce((sum, { covered: count }) => sum + count, 0);
  return total === 0 ? 100 : (100 * covered) / total;
}

function weakest(files) {
  const missing = ({ figures }) =>
    figures.lines.total - figures.lines.covered + figures.branches.total - figures.branches.covered;
  return files
    .toSorted((a, b) => missing(b) - missing(a))
    .slice(0, WEAKEST_SHOWN)
    .map(({ path, figures }) => `    ${path}: lines ${figures.lines.pct} %, branches ${figures.branches.pct} %`);
}
