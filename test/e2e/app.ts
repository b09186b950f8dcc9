/**
 * The app under test, the same for both projects: in Electron the real window, in Chromium the page of a headless host. Each
 * test gets a home, a copy of the sample project and a scripted model of its own, and proves at its end that no process that
 * carries the home's marker is left.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test as base, expect, type Browser, type ElectronApplication, type Page } from "@playwright/test";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { launchElectron } from "../support/electron.ts";
import { copyProject, processesOf, top, worldEnvironment } from "../support/world.ts";
import { DeckhandPage } from "./pages/deckhand-page.ts";

export { copyProject, expect };

/** Start of a host with everything cold, on two busy cores. */
const START_MS = 30_000;

export interface RunningApp {
  readonly page: Page;
  /** Process id of the host itself. */
  readonly hostPid: number;
  /** Chooses what the native folder dialog answers; where there is none the path is typed. */
  chooseFolder(directory: string): Promise<void>;
  /** Quits as a person would, and waits until the host has ended. */
  quit(): Promise<void>;
}

interface Fixtures {
  /** Folder of the host's state, new for each test. */
  home: string;
  /** A copy of the sample project. */
  harbour: string;
  model: ScriptedModel;
  /** Starts the app; for tests that prepare its home first. */
  launch: () => Promise<DeckhandPage>;
  deckhand: DeckhandPage;
}

export const test = base.extend<Fixtures, { pageBrowser: Browser | null }>({
  // Playwright's own `browser` would also be launched for Electron, which brings its page along.
  pageBrowser: [
    async ({ playwright }, use, { project }) => {
      const browser = project.name === "electron" ? null : await playwright.chromium.launch(project.use.launchOptions);
      await use(browser);
      await browser?.close();
    },
    { scope: "worker" },
  ],
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from the pattern
  home: async ({}, use) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-e2e-")));
    await use(join(folder, "home"));
    await expect.poll(() => processesOf(folder), { message: "left behind", timeout: 10_000 }).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  },
  harbour: async ({ home }, use) => {
    await use(copyProject("harbour", join(home, "..", "harbour")));
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from the pattern
  model: async ({}, use) => {
    const model = await startScriptedModel();
    await use(model);
    await model.close();
  },
  launch: async ({ home, model, pageBrowser }, use, testInfo) => {
    const env = worldEnvironment(join(home, ".."), model);
    const apps: RunningApp[] = [];
    await use(async () => {
      const app =
        pageBrowser === null
          ? await startElectron(home, env)
          : await startHeadless(home, env, async (url) => {
              const context = await pageBrowser.newContext({ viewport: testInfo.project.use.viewport ?? null });
              const page = await context.newPage();
              await page.goto(url);
              return page;
            });
      apps.push(app);
      return new DeckhandPage(app);
    });
    for (const app of apps) await app.quit();
  },
  deckhand: async ({ launch }, use) => {
    await use(await launch());
  },
});

/** The desktop app, also for what a test asks of its main process. */
export async function startElectron(
  home: string,
  env: Record<string, string>,
): Promise<RunningApp & { readonly electron: ElectronApplication }> {
  const electron = await launchElectron({ home, env });
  const page = await electron.firstWindow({ timeout: START_MS });
  const hostPid = electron.process().pid ?? 0;
  return {
    page,
    hostPid,
    electron,
    async chooseFolder(directory) {
      await electron.evaluate(({ dialog }, path) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
      }, directory);
    },
    async quit() {
      const ended = new Promise<void>((resolvePromise) => {
        if (electron.process().exitCode !== null || electron.process().signalCode !== null) resolvePromise();
        else electron.process().once("exit", () => resolvePromise());
      });
      await electron.evaluate(({ app }) => app.quit()).catch(() => undefined); // It may be gone before it answers.
      await ended;
    },
  };
}

async function startHeadless(
  home: string,
  env: Record<string, string>,
  open: (url: string) => Promise<Page>,
): Promise<RunningApp> {
  const child: ChildProcess = spawn(process.execPath, [join(top, "out", "main", "headless.js"), "--home", home], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolvePromise) => child.once("exit", () => resolvePromise()));
  const line = await new Promise<string>((resolvePromise, reject) => {
    const timer = setTimeout(() => reject(new Error("The headless host was not ready in time.")), START_MS);
    if (child.stdout === null) return reject(new Error("no stdout"));
    createInterface({ input: child.stdout }).once("line", (text) => {
      clearTimeout(timer);
      resolvePromise(text);
    });
    void ended.then(() => reject(new Error("The headless host ended at once.")));
  });
  const page = await open(line.replace("deckhand ready ", ""));
  return {
    page,
    hostPid: child.pid ?? 0,
    chooseFolder: () => Promise.resolve(),
    async quit() {
      await page.context().close();
      child.kill("SIGTERM");
      await ended;
    },
  };
}
