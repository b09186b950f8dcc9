import { join } from "node:path";
import { _electron, errors, type ElectronApplication } from "@playwright/test";
import { until } from "./until.ts";
import { processesOf, top } from "./world.ts";

const dist = process.env["ELECTRON_OVERRIDE_DIST_PATH"] ?? join(top, "node_modules", "electron", "dist");
/** The test runner has found the program; the other way is for a run of Playwright by hand, on Linux. */
export const electronProgram = process.env["DECKHAND_ELECTRON"] ?? join(dist, "electron");
/** Root cannot use Chromium's sandbox. */
export const electronSwitches = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

/** The app is there in a second, under load in two or three. */
const LAUNCH_MS = 15_000;

/**
 * Starts the app under Playwright.
 *
 * Playwright holds Electron back until it has taken both of its debugging ports into use, and with Electron 33 that handshake
 * now and then (seen once in some 300 starts) does not end: Electron is never let on to `ready`. So it is tried a second time;
 * a start that fails twice is the app's.
 */
export async function launchElectron(options: {
  readonly home: string;
  readonly args?: readonly string[];
  readonly env: Record<string, string>;
}): Promise<ElectronApplication> {
  const start = () =>
    _electron.launch({
      executablePath: electronProgram,
      args: [...electronSwitches, top, "--home", options.home, ...(options.args ?? [])],
      env: options.env,
      timeout: LAUNCH_MS,
    });
  // Another host may own the home, as a test wants it; it does not end with the start that hung.
  const earlier = new Set(processesOf(options.home).map(({ pid }) => pid));
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof errors.TimeoutError)) throw error;
    await until("the end of the start that hung", LAUNCH_MS, () =>
      processesOf(options.home).every(({ pid }) => earlier.has(pid)),
    );
    return start();
  }
}
