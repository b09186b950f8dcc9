/** Runs vitest and Playwright so that a person can read along and the totals can be taken from their reports. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium, findCommand, hasDisplay } from "./machine.mjs";
import { runInForeground, runQuietly } from "./run.mjs";
import { addTotals, none, playwrightTotals, vitestTotals } from "./test-totals.mjs";

/** @param coverage Folder for its report; null: not measured. */
export async function runVitest({ top, folder, projects, filters, coverage, env }) {
  const report = join(folder, `vitest-${projects.join("-")}.json`);
  const code = await runInForeground(
    process.execPath,
    [
      join(top, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "-c",
      join("build", "vitest.config.ts"),
      ...projects.flatMap((project) => ["--project", project]),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      "--passWithNoTests",
      ...(coverage === null ? [] : ["--coverage", `--coverage.reportsDirectory=${coverage}`]),
      ...filters,
    ],
    { cwd: top, env },
  );
  return vitestTotals(readJson(report), code);
}

/** Runs what this machine has a window or a browser for; the rest is counted as skipped, with the reason. */
export async function runPlaywright({ top, folder, filters, env, runtime, say }) {
  const playwright = join(top, "node_modules", "@playwright", "test", "cli.js");
  const common = [playwright, "test", "-c", join("build", "playwright.config.ts"), "--pass-with-no-tests", ...filters];
  const wrapper = !hasDisplay(env) ? findCommand("xvfb-run") : undefined;
  const reasons = {
    electron:
      "reason" in runtime
        ? runtime.reason
        : hasDisplay(env) || wrapper !== undefined
          ? null
          : "there is no display and no xvfb-run",
    chromium: findChromium() === undefined ? "there is no Chromium or Chrome (DECKHAND_CHROMIUM can name one)" : null,
  };
  let totals = none;
  for (const [project, reason] of Object.entries(reasons)) {
    if (reason === null) continue;
    const skipped = await countTests(common, project, { cwd: top, env });
    say(`skipped: e2e in ${project} (${skipped} tests), because ${reason}`);
    totals = addTotals(totals, { ...none, skipped });
  }
  const projects = Object.keys(reasons).filter((project) => reasons[project] === null);
  if (projects.length === 0) return totals;
  const report = join(folder, "playwright.json");
  const command = [...common, "--reporter=list,json", ...projects.flatMap((project) => ["--project", project])];
  // Its own screen, of a size on which the window fits.
  const screen = wrapper === undefined ? [] : [wrapper, "-a", "--server-args=-screen 0 1440x960x24"];
  const [program, ...rest] = [...screen, process.execPath, ...command];
  const code = await runInForeground(program, rest, {
    cwd: top,
    env: {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_NAME: report,
      ...("program" in runtime ? { DECKHAND_ELECTRON: runtime.program } : {}),
    },
  });
  return addTotals(totals, playwrightTotals(readJson(report), code));
}

async function countTests(common, project, options) {
  const list = ["--list", "--reporter=json", "--project", project];
  const { output } = await runQuietly(process.execPath, [...common, ...list], options);
  try {
    return countSpecs(JSON.parse(output).suites);
  } catch {
    // Specs that do not even load fail in the project that does run.
    return 0;
  }
}

function countSpecs(suites = []) {
  return suites.reduce((sum, suite) => sum + suite.specs.length + countSpecs(suite.suites), 0);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The runner ended before it could write its report; its exit code says the rest.
    return null;
  }
}
