/**
 * `npm run faults -- --rounds N [FILTER…]`: the fault suite, every case N times (default 20). At the end one line: how many
 * cases, rounds and failures, and how long; before it the cases that took the longest for each round.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { summarize } from "./fault-summary.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const at = args.indexOf("--rounds");
const rounds = at === -1 ? 20 : Number(args[at + 1]);
const filters = at === -1 ? args : args.toSpliced(at, 2);

if (!Number.isInteger(rounds) || rounds < 1) {
  console.error("--rounds wants a whole number from 1 up.");
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-faults-"));
  const report = join(folder, "report.jsonl");
  const began = performance.now();
  try {
    await buildIfStale(console.error);
    const vitest = join(top, "node_modules", "vitest", "vitest.mjs");
    const project = ["run", "-c", join("build", "vitest.config.ts"), "--project", "faults", "--testTimeout", "0"];
    const env = { ...process.env, DECKHAND_FAULT_ROUNDS: String(rounds), DECKHAND_FAULT_REPORT: report };
    process.exitCode = await runInForeground(process.execPath, [vitest, ...project, ...filters], { cwd: top, env });
    for (const line of summarize(readReport(report), performance.now() - began)) console.log(line);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No case of the filter reached its end.
    return "";
  }
}
