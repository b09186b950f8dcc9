/** What assistive technology meets on each page, light and dark, judged by axe. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./app.ts";

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page can be used with assistive technology, in ${colorScheme}`, async ({ deckhand, harbour }) => {
    const { page } = deckhand;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // In Electron no second page can be opened for the report, which the legacy mode does without. `region` is off: a panel of
    // a library stands outside the landmarks, as it has to.
    const judge = async (where: string) => {
      await page.waitForFunction(isSettled, colorScheme);
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).disableRules("region").analyze();
      const found = violations.map(
        ({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
      );
      expect.soft(found).toEqual([]);
    };
    await judge("welcome");
    await deckhand.openFolder(harbour);
    for (const place of ["Environment", "Logs", "Chat"] as const) {
      await deckhand.go(place);
      await judge(place);
    }
    await deckhand.go("Environment");
    for (const view of ["Graph", "Start", "Timeline", "List"]) {
      await page.getByRole("radio", { name: view, exact: true }).click();
      await judge(view);
    }
    await deckhand.service("dev:api").click();
    for (const part of ["Definition", "History", "Overview"]) {
      await page.getByRole("radio", { name: part, exact: true }).click();
      await judge(part);
    }
  });
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
