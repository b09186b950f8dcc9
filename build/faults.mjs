/**
 * `npm run faults -- --rounds N [--workers N] [FILTER…]`: the fault suite, every case N times (default 20), so many files at a
 * time (default 1). Most of a round is waiting for a process to end, so twice as many workers as cores are no strain. At the end
 * one line: how many cases, rounds and failures, and how long; before it the cases that took the longest for each round.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { summarize } from "./fault-summary.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const trouble = [];
const rounds = takeNumber("--rounds", 20);
const workers = takeNumber("--workers", 1);

if (trouble.length > 0) {
  console.error(trouble.join("\n"));
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-faults-"));
  const report = join(folder, "report.jsonl");
  const began = performance.now();
  try {
    await buildIfStale(console.error);
    const vitest = join(top, "node_modules", "vitest", "vitest.mjs");
    const project = ["run", "-c", join("build", "vitest.config.ts"), "--project", "faults", "--testTimeout", "0"];
    const env = {
      ...process.env,
      DECKHAND_FAULT_ROUNDS: String(rounds),
      DECKHAND_FAULT_WORKERS: String(workers),
      DECKHAND_FAULT_REPORT: report,
    };
    process.exitCode = await runInForeground(process.execPath, [vitest, ...project, ...args], { cwd: top, env });
    for (const line of summarize(readReport(report), performance.now() - began)) console.log(line);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes the option with its value from the arguments. */
function takeNumber(option, usual) {
  const at = args.indexOf(option);
  if (at === -1) return usual;
  const value = Number(args.splice(at, 2)[1]);
  if (!Number.isInteger(value) || value < 1) trouble.push(`${option} wants a whole number from 1 up.`);
  return value;
}

function readReport(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No case of the filter reached its end.
    return "";
  }
}
