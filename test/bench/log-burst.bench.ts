/**
 * Frame gaps of the page while a service writes 200,000 lines at once: in a browser, and in Electron where a runtime is named
 * (ELECTRON_OVERRIDE_DIST_PATH) and there is a display; beside the same page doing nothing, and beside a plain page that
 * appends a row of its own for each line. One JSON line for each figure.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium, type Page } from "@playwright/test";
import { writeBurstProject } from "../support/burst-project.ts";
import { electronSwitches, launchElectron } from "../support/electron.ts";

const LINES = 200_000;
const top = process.cwd();

interface Frames {
  readonly frames: number;
  readonly maxGapMs: number;
  readonly gapsOver100Ms: number;
}

/** Starts counting frames in the page; the function returned ends it and gives the figures. */
async function countFrames(page: Page): Promise<() => Promise<Frames>> {
  await page.evaluate(() => {
    const record = { frames: 0, maxGapMs: 0, gapsOver100Ms: 0, on: true };
    (globalThis as unknown as { record: typeof record }).record = record;
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      record.frames += 1;
      record.maxGapMs = Math.max(record.maxGapMs, now - last);
      if (now - last > 100) record.gapsOver100Ms += 1;
      last = now;
      if (record.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return () =>
    page.evaluate(() => {
      const { record } = globalThis as unknown as { record: Frames & { on: boolean } };
      record.on = false;
      return { frames: record.frames, maxGapMs: Math.round(record.maxGapMs), gapsOver100Ms: record.gapsOver100Ms };
    });
}

function print(where: string, name: string, figures: Record<string, number>): void {
  process.stdout.write(`${JSON.stringify({ bench: "log-burst", where, name, lines: LINES, ...figures })}\n`);
}

/** The project is open already; its environment is started, and its logs are on screen while the burst comes. */
async function measure(where: string, page: Page, burst: { start: () => void }): Promise<void> {
  await page.getByRole("button", { name: "Start environment" }).click();
  await page.getByRole("button", { name: "Trust and run" }).click();
  await page.getByRole("navigation", { name: "Projects" }).getByLabel("Logs", { exact: true }).click();
  await page.getByRole("log").getByText("started").first().waitFor();
  // The server starts beside the environment; its second of work is none of the page's.
  await page.waitForTimeout(4_000);
  const idle = await countFrames(page);
  await page.waitForTimeout(2_000);
  print(where, "idle", { ...(await idle()) });
  const busy = await countFrames(page);
  const started = performance.now();
  burst.start();
  await page.getByRole("log").getByText(`line ${LINES}`).waitFor({ timeout: 60_000 });
  const ms = Math.round(performance.now() - started);
  await page.waitForTimeout(500);
  print(where, "burst", { ...(await busy()), ms });
}

async function inBrowser(folder: string): Promise<void> {
  const directory = join(folder, "burst");
  const burst = writeBurstProject(directory, LINES);
  const host = spawn(
    process.execPath,
    [join(top, "out", "main", "headless.js"), "--home", join(folder, "home"), directory],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: ["--disable-dev-shm-usage", ...electronSwitches],
  });
  try {
    const address = await new Promise<string>((resolve) => {
      createInterface({ input: host.stdout }).once("line", resolve);
    });
    const page = await (await browser.newContext({ viewport: { width: 1_280, height: 820 } })).newPage();
    await page.goto(address.replace("deckhand ready ", ""));
    await measure("chromium", page, burst);
    await appendPlainly(await browser.newPage());
  } finally {
    await browser.close();
    host.kill("SIGTERM");
    await new Promise((resolve) => host.once("exit", resolve));
  }
}

/** What a page without any of our care does with as many lines. */
async function appendPlainly(page: Page): Promise<void> {
  const frames = await countFrames(page);
  const begun = performance.now();
  await page.evaluate(async (lines) => {
    for (let line = 1; line <= lines; line += 1) {
      const row = document.createElement("div");
      row.textContent = `line ${line}`;
      document.body.append(row);
      // As lines come over a pipe: some thousand between two turns of the event loop.
      if (line % 2_000 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
  }, LINES);
  await page.waitForTimeout(500);
  print("chromium", "a row appended for each line", {
    ...(await frames()),
    ms: Math.round(performance.now() - begun),
  });
}

async function inElectron(folder: string): Promise<void> {
  const directory = join(folder, "burst");
  const burst = writeBurstProject(directory, LINES);
  const env = { ...process.env } as Record<string, string>;
  const app = await launchElectron({ home: join(folder, "home"), args: [directory], env });
  try {
    await measure("electron", await app.firstWindow(), burst);
  } finally {
    await app.close();
  }
}

const runs = [inBrowser];
if (process.env["ELECTRON_OVERRIDE_DIST_PATH"] !== undefined && process.env["DISPLAY"] !== undefined)
  runs.push(inElectron);
else process.stderr.write("Electron is left out: no runtime is named, or there is no display.\n");
for (const run of runs) {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-bench-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
