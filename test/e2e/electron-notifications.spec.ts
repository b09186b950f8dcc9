/** The desktop's own notifications: of a service that fails and of its recovery, once each, and what a click on them does. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ElectronApplication } from "@playwright/test";
import { worldEnvironment } from "../support/world.ts";
import { expect, startElectron, test } from "./app.ts";
import { DeckhandPage } from "./pages/deckhand-page.ts";

/** Trouble is told after a second, that all is well again after five. */
const TOLD_MS = 15_000;

interface Told {
  readonly title: string;
  readonly body: string;
}

/** A service that is left alone when it ends, and one that it does not concern. */
function makeShop(folder: string): string {
  mkdirSync(folder);
  writeFileSync(join(folder, "api.mjs"), 'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1_000);');
  writeFileSync(
    join(folder, "deckhand.yaml"),
    `version: 1
detect: false
services:
  api: { command: [${process.execPath}, api.mjs], restart: "no" }
  web: { command: [${process.execPath}, api.mjs], restart: "no" }
`,
  );
  return folder;
}

/**
 * Takes the place of the desktop, which a test machine has not: notifications are kept in place of being shown, and the window
 * has the focus when the test says so. The app's own code, and Electron's notifications as objects, are the real ones.
 */
async function standInForDesktop(electron: ElectronApplication): Promise<void> {
  await electron.evaluate(({ BrowserWindow, Notification }) => {
    const shown: Electron.Notification[] = [];
    Object.assign(globalThis, { shown, focused: false });
    Notification.isSupported = () => true;
    Notification.prototype.show = function (this: Electron.Notification) {
      shown.push(this);
    };
    BrowserWindow.getFocusedWindow = () =>
      (globalThis as unknown as { focused: boolean }).focused ? (BrowserWindow.getAllWindows()[0] ?? null) : null;
  });
}

const told = (electron: ElectronApplication): Promise<Told[]> =>
  electron.evaluate(() =>
    (globalThis as unknown as { shown: Electron.Notification[] }).shown.map(({ title, body }) => ({ title, body })),
  );

const setFocused = (electron: ElectronApplication, focused: boolean): Promise<void> =>
  electron.evaluate((_, value) => void Object.assign(globalThis, { focused: value }), focused);

const clickNewest = (electron: ElectronApplication): Promise<void> =>
  electron.evaluate(() => {
    (globalThis as unknown as { shown: Electron.Notification[] }).shown.at(-1)?.emit("click");
  });

const isWindowVisible = (electron: ElectronApplication): Promise<boolean> =>
  electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() ?? false);

const hideWindow = (electron: ElectronApplication): Promise<void> =>
  electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());

/** Ends the process of a service as an accident would. */
async function killService(deckhand: DeckhandPage, name: string): Promise<void> {
  const { page } = deckhand;
  await deckhand.go("Environment");
  const details = page.getByRole("complementary", { name: `Details of ${name}` });
  if (!(await details.isVisible())) await deckhand.service(name).click();
  const text = await details.getByText(/^pid \d+/).textContent();
  process.kill(Number(/\d+/.exec(text ?? "")?.[0]), "SIGKILL");
}

test("the desktop tells of a failure and of the recovery once each, a click shows the service, and the setting is obeyed", async ({
  home,
  model,
}) => {
  test.setTimeout(120_000);
  const app = await startElectron(home, worldEnvironment(join(home, ".."), model));
  const { electron, page } = app;
  try {
    await standInForDesktop(electron);
    const deckhand = new DeckhandPage(app);
    await deckhand.openFolder(makeShop(join(home, "..", "shop")));
    await deckhand.startEnvironment();
    await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 30_000 });
    expect(await told(electron)).toEqual([]);

    // A failure, while the window is out of sight and shows something else.
    await killService(deckhand, "api");
    await page.keyboard.press("Escape");
    await deckhand.go("Chat");
    await hideWindow(electron);
    await expect.poll(() => told(electron), { timeout: TOLD_MS }).toHaveLength(1);
    const [failure] = await told(electron);
    expect(failure?.title).toBe("shop: api failed");
    expect(failure?.body).toMatch(/^api was ended by SIGKILL\. .+ start it again\.$/);

    // A click brings the window, and in it the service with its cause.
    expect(await isWindowVisible(electron)).toBe(false);
    await clickNewest(electron);
    await expect.poll(() => isWindowVisible(electron)).toBe(true);
    const details = page.getByRole("complementary", { name: "Details of api" });
    await expect(details.getByRole("alert")).toContainText("api was ended by SIGKILL");

    // The recovery, and nothing more for as long as it stays well.
    await details.getByRole("button", { name: "Try api again" }).click();
    await expect(deckhand.environmentState).toContainText(/ready/i);
    await expect.poll(() => told(electron), { timeout: TOLD_MS }).toHaveLength(2);
    expect((await told(electron))[1]).toEqual({ title: "shop: api is well again", body: "" });

    // Whoever looks at the window sees it there.
    await setFocused(electron, true);
    const toast = (text: string) => page.getByRole("listitem").filter({ hasText: text });
    await killService(deckhand, "web");
    await deckhand.go("Logs");
    await expect(toast("shop: web failed")).toBeVisible({ timeout: TOLD_MS });
    expect(await told(electron)).toHaveLength(2);

    // Switched off, it says nothing, though nobody looks; the window still does.
    await setFocused(electron, false);
    await deckhand.command("Settings");
    const setting = page.getByRole("switch", { name: "Notifications" });
    await expect(setting).toBeChecked();
    await setting.click();
    await expect(setting).not.toBeChecked();
    await page.getByRole("button", { name: "Done" }).click();
    await killService(deckhand, "api");
    await deckhand.go("Logs");
    await expect(toast("shop: api failed")).toBeVisible({ timeout: TOLD_MS });
    expect(await told(electron)).toHaveLength(2);

    // On again, the next one is told.
    await deckhand.command("Notifications on or off");
    await deckhand.go("Environment");
    await page.getByRole("button", { name: "Start environment" }).click();
    await expect.poll(() => told(electron), { timeout: TOLD_MS }).toHaveLength(3);
    expect((await told(electron))[2]?.title).toMatch(/^shop: (api and web|web and api) are well again$/);
  } finally {
    await app.quit();
  }
});
