/** What a person sees of an OpenCode server: its facts, its settings, its end in the middle of a turn, its log to take along. */
import { join } from "node:path";
import { startFake2 } from "../fakes/fake-opencode-2/fake-opencode-2.ts";
import { expect, test } from "./app.ts";
import { ChatPage } from "./pages/chat-page.ts";
import type { DeckhandPage } from "./pages/deckhand-page.ts";

test("a turn that was cut off by a crash keeps its text, and goes on with one click", async ({ deckhand, harbour }) => {
  const { page } = deckhand;
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await deckhand.go("Chat");
  const chat = new ChatPage(page);
  await chat.newSession();
  await chat.send("#slow 150\n#stream 400");
  await expect(chat.answers.last()).toContainText("12", { timeout: 60_000 });
  process.kill(await serverPid(deckhand), "SIGKILL");

  await deckhand.go("Chat");
  const cut = page.getByRole("group", { name: "Interrupted turn" });
  await expect(cut).toContainText("Cut off:", { timeout: 40_000 });
  await expect(chat.answers.last()).toContainText("12");
  await expect(cut.getByRole("button", { name: "Continue" })).toBeVisible();
  const before = await chat.answers.count();
  await cut.getByRole("button", { name: "Continue" }).click();
  await expect.poll(() => chat.answers.count(), { timeout: 60_000 }).toBeGreaterThan(before);
  await expect(cut.getByRole("button", { name: "Continue" })).toBeHidden();
});

test("the details of the server show its facts, and its last lines can be taken along", async ({
  deckhand,
  harbour,
}) => {
  const { page } = deckhand;
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(page.getByRole("row", { name: "OpenCode server" })).toContainText("Running", { timeout: 60_000 });
  await page.getByRole("row", { name: "OpenCode server" }).focus();
  await page.keyboard.press("Enter");
  const details = page.getByRole("complementary", { name: "Details of the OpenCode server" });
  await expect(details).toContainText(/http:\/\/127\.0\.0\.1:\d+/);
  await expect(details).toContainText(/1\.\d+\.\d+ · protocol 1/);
  await expect(details).toContainText(/pid \d+/);
  await expect(details).toContainText(/ready after \d/);
  await expect(details).toContainText(/\d+ MB/, { timeout: 30_000 });
  await expect(details.getByRole("img", { name: /^Memory over time: least/ })).toBeVisible({ timeout: 60_000 });

  // The clipboard of a test browser is nobody's; what would go there is what counts.
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", {
      value: { writeText: (text: string) => Promise.resolve(void Object.assign(window, { copied: text })) },
    });
  });
  await deckhand.command("Copy the last 100 lines of the OpenCode server");
  await expect(page.getByText(/Copied the state and the last \d+ lines/)).toBeVisible();
  const copied = await page.evaluate(() => String((window as { copied?: string }).copied));
  expect(copied).toMatch(/^OpenCode server: running, version 1\./);
  expect(copied).toContain("lines of its log:");
  await page.getByRole("row", { name: "OpenCode server" }).focus();
  await page.keyboard.press("Escape");
  await expect(details).toBeHidden();
});

test("a setting that cannot be is refused at its field, and one that can is kept", async ({ deckhand, harbour }) => {
  const { page } = deckhand;
  await deckhand.openFolder(harbour);
  await deckhand.command("Settings");
  const dialog = page.getByRole("dialog");
  const limit = dialog.getByRole("textbox", { name: "Memory limit" });
  await limit.fill("12");
  await limit.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("A whole number from 256");
  await limit.fill("2048");
  await limit.press("Enter");
  await expect(dialog.getByRole("alert")).toBeHidden();
  await dialog.getByRole("button", { name: "Add variable" }).click();
  await page.keyboard.type("2WRONG");
  await expect(dialog.getByRole("alert")).toContainText("letters, digits");
  await dialog.getByRole("textbox", { name: "Name of variable 1" }).fill("GREETING");
  await dialog.getByLabel("Value of GREETING").fill("ahoy");
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.reload();
  await deckhand.command("Settings");
  await expect(limit).toHaveValue("2048");
  await expect(dialog.getByLabel("Value of GREETING")).toHaveAttribute("type", "password");
  await dialog.getByRole("button", { name: "Reset Memory limit to its default" }).click();
  await expect(limit).toHaveValue("");
});

test("the shared server of OpenCode 2 is used with one press, and goes on without us", async ({
  deckhand,
  harbour,
  home,
}) => {
  const { page } = deckhand;
  const env = { XDG_STATE_HOME: join(home, "..", "xdg", "state") };
  const shared = await startFake2({ arguments: ["--service"], env });
  try {
    await deckhand.openFolder(harbour);
    await deckhand.command("Use an OpenCode server that runs already");
    const offer = page.getByRole("region", { name: "Shared server" });
    const use = offer.getByRole("button", { name: "Use OpenCode’s shared server" });
    await expect(offer).toContainText(/http:\/\/127\.0\.0\.1:\d+ · 2\.0\.12/);
    await use.click();
    // Nobody has approved the folder yet; afterwards the offer is there again.
    await page.getByRole("button", { name: "Trust and run" }).click();
    await use.click();
    await expect(page.getByRole("dialog")).toBeHidden();
    const row = page.getByRole("row", { name: "OpenCode server" });
    await expect(row).toContainText("Running");
    await expect(row).toContainText("Adopted");
    await deckhand.command("Show the OpenCode server");
    await page.getByRole("button", { name: "Let go" }).click();
    await expect(row).toContainText("Stopped");
    expect(shared.child.exitCode ?? shared.child.signalCode).toBeNull();
  } finally {
    await shared.end();
  }
});

async function serverPid(deckhand: DeckhandPage): Promise<number> {
  await deckhand.command("Show the OpenCode server");
  const details = deckhand.page.getByRole("complementary", { name: "Details of the OpenCode server" });
  await expect(details).toContainText(/pid \d+/);
  return Number(/pid (\d+)/.exec(await details.innerText())?.[1]);
}
