/**
 * `npm test [-- PART… [FILTER…]] [--coverage]`: every check of the project, each with its own heading. What this machine cannot
 * run is skipped with one line that says what and why. The last line is always `N passed, N failed, N skipped`.
 *
 * `--coverage` measures unit, integration and faults together and judges the folders that have a floor.
 *
 * Parts: lint, format, types, dead-code, build, unit, integration, faults, e2e. Filters are handed to the test runner.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { judgeCoverage } from "./coverage-floors.mjs";
import { findRuntime } from "./electron-runtime.mjs";
import { dockerTrouble } from "./machine.mjs";
import { runQuietly } from "./run.mjs";
import { addTotals, formatTotals, none } from "./test-totals.mjs";
import { runPlaywright, runVitest } from "./test-runners.mjs";

const top = join(import.meta.dirname, "..");
const staticChecks = ["lint", "format", "types", "dead-code"];
const vitestProjects = ["unit", "integration", "faults"];
const parts = [...staticChecks, "build", ...vitestProjects, "e2e"];

const args = process.argv.slice(2);
const wantsCoverage = args.includes("--coverage");
const named = args.filter((argument) => parts.includes(argument));
const filters = args.filter((argument) => !parts.includes(argument) && argument !== "--coverage");
const wanted = named.length === 0 ? parts : named;
const folder = mkdtempSync(join(tmpdir(), "deckhand-test-"));
const coverage = wantsCoverage ? join(folder, "coverage") : null;

let totals = none;
const count = (more) => {
  totals = addTotals(totals, more);
};
const say = (line) => console.log(line);
const heading = (part) => say(`\n── ${part} ${"─".repeat(Math.max(0, 70 - part.length))}`);

/** A check that only passes or fails: nothing to read unless it fails. */
async function check(part, run) {
  const started = performance.now();
  const trouble = await run();
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  say(trouble === null ? `✓ ${part} (${seconds} s)` : `✗ ${part} (${seconds} s)\n${trouble.trimEnd()}\n`);
  count({ ...none, ...(trouble === null ? { passed: 1 } : { failed: 1 }) });
  return trouble === null;
}

async function runScript(name) {
  const script = name === "format" ? ["format", "--", "--check"] : [name];
  const { code, output } = await runQuietly("npm", ["run", "--silent", ...script], { cwd: top });
  return code === 0 ? null : output;
}

async function main() {
  for (const part of staticChecks.filter((each) => wanted.includes(each))) await check(part, () => runScript(part));
  const needsBuild = ["build", "integration", "faults", "e2e"].some((part) => wanted.includes(part));
  const built =
    !needsBuild ||
    (await check("build", () =>
      buildIfStale(say).then(
        () => null,
        (error) => error.message,
      ),
    ));

  const docker = dockerTrouble();
  const needsDocker = wanted.some((part) => ["integration", "faults", "e2e"].includes(part));
  if (docker !== null && needsDocker) say(`skipped: everything with real containers, because ${docker}`);
  const env = {
    ...process.env,
    DECKHAND_TEST_DOCKER: docker === null ? "1" : "0",
    // Code that is counted runs slower; tests that bound their own time allow for it.
    DECKHAND_COVERAGE: wantsCoverage ? "1" : "0",
  };

  const projects = vitestProjects.filter((each) => wanted.includes(each) && (built || each === "unit"));
  // Coverage is only true of all parts together, so they run as one.
  const runs = wantsCoverage && projects.length > 0 ? [projects] : projects.map((each) => [each]);
  for (const run of runs) {
    heading(run.join(", "));
    count(await runVitest({ top, folder, projects: run, filters, coverage, env }));
  }
  if (coverage !== null) {
    heading("coverage");
    for (const { line, ok } of judgeCoverage(top, join(coverage, "coverage-summary.json"))) {
      say(line);
      count({ ...none, ...(ok ? { passed: 1 } : { failed: 1 }) });
    }
  }
  if (wanted.includes("e2e") && built) {
    heading("e2e");
    const runtime = await findRuntime({ top, env, say });
    count(await runPlaywright({ top, folder, filters, env, runtime, say }));
  }
  if (!built) say("not run: integration, faults and e2e, because the build failed");
}

try {
  await main();
} catch (error) {
  say(error.stack);
  count({ ...none, failed: 1 });
} finally {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = totals.failed === 0 ? 0 : 1;
  say(`\n${formatTotals(totals)}`);
}
