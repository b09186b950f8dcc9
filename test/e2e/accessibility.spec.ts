/** What assistive technology meets on each page, light and dark, judged by axe. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./app.ts";

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page can be used with assistive technology, in ${colorScheme}`, async ({ deckhand, harbour }) => {
    test.setTimeout(240_000);
    const { page } = deckhand;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const judge = judgeOf(page, colorScheme);
    await judge("welcome");
    await deckhand.openFolder(harbour);
    for (const place of ["Environment", "Logs", "Chat"] as const) {
      await deckhand.go(place);
      await judge(place);
    }
    await deckhand.go("Environment");
    const choose = chooseOf(page);
    const judgeViews = async (views: readonly string[], when: string) => {
      for (const view of views) {
        await choose(view);
        await judge(`${view}, ${when}`);
      }
    };
    const judgeDialog = async (name: string, open: () => Promise<void>) => {
      await open();
      await expect(page.getByRole("dialog").getByRole("button").first()).toBeVisible();
      await judge(name);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toBeHidden();
    };
    await judgeViews(["Graph", "Steps"], "stopped");
    await judgeDialog("plan of a profile", () => page.getByRole("button", { name: /^Profile dev/ }).click());
    await judgeDialog("adopt", () => deckhand.command("Use an OpenCode server that runs already"));

    await deckhand.startEnvironment();
    await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
    await judgeViews(["Graph", "Steps", "Timeline", "List"], "ready");
    await judgeDialog("change of profile", () => page.getByRole("button", { name: /^Profile dev/ }).click());
    await judgeDialog("save", () => deckhand.command("Save what was detected as deckhand.yaml"));
    await judgeDialog("settings", () => deckhand.command("Settings"));
    await deckhand.service("dev:api").click();
    for (const part of ["Definition", "History", "Overview"]) {
      await choose(part);
      await judge(`${part} of a service`);
    }
    await choose("Graph");
    await judge("Graph with details");
    await page.keyboard.press("Escape");
    await deckhand.command("Show the OpenCode server");
    await judge("details of the server");
  });

  test(`trouble can be read with assistive technology, in ${colorScheme}`, async ({ deckhand, harbour }) => {
    test.setTimeout(240_000);
    const { page } = deckhand;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const judge = judgeOf(page, colorScheme);
    const choose = chooseOf(page);
    writeFileSync(join(harbour, "database", "migrate.mjs"), 'throw new Error("no database");');
    await deckhand.openFolder(harbour);
    await deckhand.startEnvironment();
    await expect(deckhand.environmentState).toContainText(/failed/i, { timeout: 60_000 });
    for (const view of ["Graph", "Steps", "Timeline", "List"]) {
      await choose(view);
      await judge(`${view}, failed`);
    }
    await deckhand.service("db:migrate").click();
    await judge("details of a service that failed");
    await deckhand.service("dev:web").click();
    await judge("details of a service that was skipped");
  });
}

const chooseOf = (page: Page) => (name: string) => page.getByRole("radio", { name, exact: true }).click();

/** In Electron no second page can be opened for the report, which the legacy mode does without. */
function judgeOf(page: Page, colorScheme: string): (where: string) => Promise<void> {
  return async (where) => {
    await page.waitForFunction(isSettled, colorScheme);
    // `region` is off: a panel of a library stands outside the landmarks, as it has to.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).disableRules("region").analyze();
    const found = violations.map(
      ({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
    );
    expect.soft(found).toEqual([]);
  };
}

/** The theme is in force, nothing fades or moves any more, and what is there has been painted. */
async function isSettled(colorScheme: string): Promise<boolean> {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return (
    matchMedia(`(prefers-color-scheme: ${colorScheme})`).matches &&
    document.querySelector("h1") !== null &&
    document.getAnimations().every(({ playState }) => playState !== "running")
  );
}
