/** What the desktop shell promises, in a real Electron: nothing gets out of the window, nothing outlives the app. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type ElectronApplication, type Page } from "@playwright/test";
import { electronProgram, electronSwitches, launchElectron } from "../support/electron.ts";
import { top } from "../support/world.ts";

/** Every process of a test carries it, so that what is left of one can be found. */
const environment = () => ({ ...process.env, DECKHAND_E2E_HOME: home }) as Record<string, string>;

let home = "";
let app: ElectronApplication | null = null;
let other: ChildProcess | null = null;

test.beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-e2e-"));
});
test.afterEach(async () => {
  await app?.close();
  app = null;
  if (other?.exitCode === null) {
    other.kill("SIGTERM");
    await exitOf(other);
  }
  other = null;
  rmSync(home, { recursive: true, force: true });
});

async function launch(args: readonly string[] = []): Promise<ElectronApplication> {
  app = await launchElectron({ home, args, env: environment() });
  return app;
}

async function openWindow(args: readonly string[] = []) {
  const launched = await launch(args);
  const page = await launched.firstWindow();
  await page.waitForLoadState("domcontentloaded");
  return { app: launched, page };
}

/** The exit code, or the signal that ended it. */
function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode);
    else child.once("exit", (code, signal) => resolve(code ?? signal));
  });
}

/** A second start of the app from the outside, with what it printed. */
async function startAgain(args: readonly string[]): Promise<{ code: number | NodeJS.Signals | null; output: string }> {
  const child = spawn(electronProgram, [...electronSwitches, top, "--home", home, ...args], { env: environment() });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { code: await exitOf(child), output };
}

const log = () => readFileSync(join(home, "logs", "app", "app.log"), "utf8");

test("the page runs in a sandbox, isolated, without Node, under its policy", async () => {
  const { app: running, page } = await openWindow();
  const preferences = await running.evaluate(({ BrowserWindow }) => {
    // Not in Electron's types, but the one way to read what is really in force.
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as { getLastWebPreferences(): object };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
  });
  expect(
    await page.evaluate(() => ({
      origin: location.origin,
      secure: isSecureContext,
      bridge: Object.keys((window as unknown as { deckhand: object }).deckhand).sort(),
      node: [typeof globalThis.process, typeof (globalThis as { require?: unknown }).require],
    })),
  ).toEqual({
    origin: "app://deckhand",
    secure: true,
    bridge: ["connect", "platform"],
    node: ["undefined", "undefined"],
  });
});

test("the page breaks none of its own rules while it loads", async () => {
  const launched = await launch();
  const page = await launched.firstWindow();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.reload();
  await expect(page.locator("#root")).not.toBeEmpty();
  expect(complaints.filter((text) => /^error|violat|Refused/.test(text))).toEqual([]);
});

test("the page cannot leave, open windows, embed, or reach the network", async () => {
  const { app: running, page } = await openWindow();
  const attempts = await page.evaluate(async () => {
    const tell = async (attempt: () => unknown) => {
      try {
        return String(await attempt());
      } catch {
        return "refused";
      }
    };
    const image = (src: string) =>
      new Promise((resolve) => {
        const element = new Image();
        element.addEventListener("load", () => resolve("loaded"));
        element.addEventListener("error", () => resolve("refused"));
        element.src = src;
      });
    return {
      window: await tell(() => window.open("https://example.com/")),
      blank: await tell(() => window.open("about:blank")),
      own: await tell(() => fetch("/index.html").then(() => "loaded")),
      loopback: await tell(() => fetch("http://127.0.0.1:9/").then(() => "loaded")),
      socket: await tell(
        () =>
          new Promise((resolve) => {
            const socket = new WebSocket("ws://127.0.0.1:9/");
            socket.addEventListener("open", () => resolve("open"));
            socket.addEventListener("error", () => resolve("refused"));
          }),
      ),
      image: await image("https://example.com/leak.png"),
      camera: await tell(() => navigator.mediaDevices.getUserMedia({ video: true }).then(() => "granted")),
      screen: await tell(() => navigator.mediaDevices.getDisplayMedia().then(() => "granted")),
      notifications: await tell(() => Notification.requestPermission()),
      worker: await tell(() => navigator.serviceWorker.register("/index.html").then(() => "registered")),
    };
  });
  expect(attempts).toEqual({
    window: "null",
    blank: "null",
    own: "refused",
    loopback: "refused",
    socket: "refused",
    image: "refused",
    camera: "refused",
    screen: "refused",
    notifications: "denied",
    worker: "refused",
  });
  for (const address of [
    "https://example.com/",
    "http://127.0.0.1:9/",
    "app://elsewhere/",
    "file:///etc/passwd",
    "data:text/html,x",
  ]) {
    await page.evaluate((to) => {
      location.href = to;
    }, address);
  }
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.src = "app://deckhand/index.html";
    document.body.append(frame);
  });
  // The window still answers, at the same address, with no other window beside it.
  await expect.poll(() => page.evaluate(() => location.href)).toBe("app://deckhand/");
  expect(await running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test("only files of the page are served", async () => {
  const { app: running } = await openWindow();
  const statuses = await running.evaluate(async ({ session }) => {
    const paths = ["/", "/index.html", "/..%2fpackage.json", "/%2e%2e%2fmain%2fmain.js", "/%5c..%5cmain%5cmain.js"];
    paths.push("/index.html%00.js", "/missing.js", "/assets/", "/~act/quit");
    const found: Record<string, number> = {};
    for (const path of paths) found[path] = (await session.defaultSession.fetch(`app://deckhand${path}`)).status;
    found["other host"] = (await session.defaultSession.fetch("app://elsewhere/index.html")).status;
    const ranged = await session.defaultSession.fetch("app://deckhand/index.html", { headers: { Range: "bytes=0-3" } });
    found["ranged"] = ranged.status;
    return found;
  });
  expect(statuses).toEqual({
    "/": 200,
    "/index.html": 200,
    "/..%2fpackage.json": 404,
    "/%2e%2e%2fmain%2fmain.js": 404,
    "/%5c..%5cmain%5cmain.js": 404,
    "/index.html%00.js": 404,
    "/missing.js": 404,
    "/assets/": 404,
    "/~act/quit": 404,
    "other host": 404,
    ranged: 200,
  });
});

test("a connection from anywhere but the main frame is refused and its port closed", async () => {
  const { app: running } = await openWindow();
  const closed = await running.evaluate(({ BrowserWindow, ipcMain }) => {
    const { webContents } = BrowserWindow.getAllWindows()[0]!;
    const frame = (change: object) => ({
      origin: "app://deckhand",
      parent: null,
      processId: webContents.mainFrame.processId,
      routingId: webContents.mainFrame.routingId,
      ...change,
    });
    const senders = [
      null,
      frame({ origin: "https://example.com" }),
      frame({ parent: {} }),
      frame({ routingId: 9_999 }),
    ];
    let count = 0;
    for (const senderFrame of senders) {
      ipcMain.emit("deckhand:connect", { sender: webContents, senderFrame, ports: [{ close: () => (count += 1) }] });
    }
    ipcMain.emit("deckhand:connect", { sender: webContents, senderFrame: webContents.mainFrame, ports: [] });
    return count;
  });
  expect(closed).toBe(4);
});

test("a second start brings the first window to the front, opens its folder and ends", async () => {
  const { app: running, page } = await openWindow();
  await expect(page.locator("#root")).not.toBeEmpty();
  await running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
  const again = await startAgain([join(top, "test", "fixtures", "projects", "harbour")]);
  expect(again.code).toBe(0);
  expect(again.output).toContain("Deckhand is open already");
  await expect
    .poll(() => running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isMinimized()))
    .toBe(false);
  await expect(page.getByText("harbour").first()).toBeVisible();
});

test("a home that another host owns is told with a way on, and tried again on demand", async () => {
  other = spawn(process.execPath, [join(top, "out", "main", "headless.js"), "--home", home], { env: environment() });
  await new Promise<void>((resolve) => other?.stdout?.once("data", () => resolve()));
  const { app: running, page } = await openWindow();
  await expect(page.getByRole("alert")).toContainText("Deckhand did not start");
  await expect(page.getByRole("alert")).toContainText(home);
  await page.getByRole("link", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toContainText("Deckhand did not start");
  other.kill("SIGTERM");
  await exitOf(other);
  await page.getByRole("link", { name: "Try again" }).click();
  await expect(page.locator("#root")).not.toBeEmpty();
  const exit = exitOf(running.process());
  running.process().kill("SIGTERM");
  expect(await exit).toBe(0);
});

test("a page that crashes comes back, and after the third time asks first", async () => {
  const { app: running } = await openWindow();
  const inPage = (code: string) =>
    running
      .evaluate(
        ({ BrowserWindow }, script) => BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(script),
        code,
      )
      .catch(() => null);
  for (const crashes of [1, 2, 3]) {
    await expect.poll(() => inPage("document.querySelector('#root')?.childElementCount > 0")).toBe(true);
    await running.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    );
    // Asking a page that is just going down would never be answered.
    await expect.poll(() => log().split("the page crashed").length - 1).toBe(crashes);
  }
  await expect.poll(() => inPage("document.body.innerText")).toContain("The page keeps crashing");
  await inPage("document.querySelector('a').click()");
  await expect.poll(() => inPage("document.querySelector('#root')?.childElementCount > 0")).toBe(true);
  expect(log()).not.toContain("a connection was refused");
});

test("the window opens where it was", async () => {
  const first = await openWindow();
  await first.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 50, width: 900, height: 640 }),
  );
  await first.app.close();
  const second = await openWindow();
  expect(await second.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())).toMatchObject(
    {
      width: 900,
      height: 640,
    },
  );
});

for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"], ["SIGHUP", "SIGTERM", "SIGTERM"]] as const) {
  test(`${signals.join(", ")} ends the app in order`, async () => {
    const { app: running } = await openWindow();
    const exit = exitOf(running.process());
    for (const signal of signals) running.process().kill(signal);
    expect(await exit).toBe(0);
    expect(log()).toContain("everything stopped");
  });
}

/** Throws in the main process, and waits until everything is stopped and the window says so. */
async function faultIn(running: ElectronApplication, page: Page): Promise<void> {
  await running.evaluate(() => {
    setTimeout(() => {
      throw new Error("a made-up fault");
    }, 0);
  });
  await expect(page.getByRole("link", { name: "Start again" })).toBeVisible({ timeout: 15_000 });
  await expect(page.getByRole("alert")).toContainText("a made-up fault");
  expect(log()).toContain("a made-up fault");
  expect(log()).toContain("everything stopped");
}

test("a fault in the app itself is logged, everything is stopped, and it ends with 1 when the person quits", async () => {
  const { app: running, page } = await openWindow();
  const exit = exitOf(running.process());
  await faultIn(running, page);
  await page.getByRole("link", { name: "Quit" }).click({ noWaitAfter: true });
  expect(await exit).toBe(1);
});

test("after a fault it starts again when the person says so, and never by itself", async () => {
  const { app: running, page } = await openWindow();
  const exit = exitOf(running.process());
  const asked = join(home, "asked");
  // A new start could not be told from this one's; so it is written down instead.
  await running.evaluate(({ app: electron }, file) => {
    electron.relaunch = () => process.getBuiltinModule("node:fs").writeFileSync(file, "");
  }, asked);
  await faultIn(running, page);
  expect(existsSync(asked)).toBe(false);
  await page.getByRole("link", { name: "Start again" }).click({ noWaitAfter: true });
  expect(await exit).toBe(1);
  expect(existsSync(asked)).toBe(true);
});

test("an app that had a fault still ends at a signal, and when its window is closed", async () => {
  const first = await openWindow();
  const signalled = exitOf(first.app.process());
  await faultIn(first.app, first.page);
  first.app.process().kill("SIGTERM");
  expect(await signalled).toBe(1);
  const second = await openWindow();
  const closed = exitOf(second.app.process());
  await faultIn(second.app, second.page);
  await second.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close()).catch(() => undefined);
  expect(await closed).toBe(1);
});
