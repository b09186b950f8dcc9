/** Everything of the environment page without a mouse: starting it, its views, each service and its details, and the way back. */
import type { Page } from "@playwright/test";
import { expect, test } from "./app.ts";

/** Tab stops between two things; more than that is not within reach. */
const MOST_STOPS = 40;

/** Goes on with Tab until something of this name has the focus. */
async function tabTo(page: Page, name: RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  const seen: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    const focused = await focusedName(page);
    if (name.test(focused)) return;
    seen.push(focused);
    await page.keyboard.press(key);
  }
  throw new Error(`No Tab leads to ${name}; it went over ${seen.join(" | ")}.`);
}

/** What a screen reader would call the element with the focus: role and name, or what is written in it. */
function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "nothing";
    const name = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "";
    return `${element.getAttribute("role") ?? element.tagName.toLowerCase()} ${name}`;
  });
}

test("the whole environment page can be used with the keyboard alone", async ({ deckhand, harbour }) => {
  test.setTimeout(120_000);
  const { page } = deckhand;
  const press = (key: string) => page.keyboard.press(key);
  await deckhand.openFolder(harbour);

  // Start, and approve what would run: the safe answer has the focus, the other one is a Tab away.
  await tabTo(page, /^button Start environment/);
  await press("Enter");
  await expect(page.getByRole("alertdialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  await tabTo(page, /^button Trust and run/);
  await press("Enter");
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });

  // The list: one stop, arrows between its rows, Enter for the details, Esc back to the row.
  await tabTo(page, /^row db:migrate/);
  await press("End");
  await expect(deckhand.service("dev:web").or(deckhand.service("dev:worker")).and(page.locator(":focus"))).toHaveCount(
    1,
  );
  await press("Home");
  await press("ArrowDown");
  await expect(deckhand.service("db:seed")).toBeFocused();
  await press("Enter");
  const details = page.getByRole("complementary", { name: "Details of db:seed" });
  await expect(details).toBeVisible();

  // The details: their parts, and the way to what a service needs, with the focus kept inside.
  await tabTo(page, /^radio Overview/);
  await press("ArrowRight");
  await expect(details.getByRole("radio", { name: "Definition" })).toBeChecked();
  await press("ArrowRight");
  await expect(details.getByRole("radio", { name: "History" })).toBeChecked();
  await press("ArrowRight");
  await tabTo(page, /^button db:migrate/);
  await press("Enter");
  const other = page.getByRole("complementary", { name: "Details of db:migrate" });
  await expect(other).toBeFocused();
  await tabTo(page, /^button Close details/);
  await press("Enter");
  await expect(deckhand.service("db:migrate")).toBeFocused();

  // The actions of a row.
  await press("End");
  await tabTo(page, /^button Restart dev:/);
  await tabTo(page, /^button Stop dev:/);

  // The other views, by arrows; each gives the focus back to what opened the details.
  await tabTo(page, /^radio List/, "Shift+Tab");
  const byWave = page.getByRole("list", { name: "Services by wave" });
  await press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Graph" })).toBeChecked();
  await tabTo(page, /^button db:migrate/);
  await press("ArrowRight");
  await expect(byWave.getByRole("button", { name: /^db:seed/ })).toBeFocused();
  await press("Enter");
  await tabTo(page, /^button Close details/);
  await press("Escape");
  await expect(byWave.getByRole("button", { name: /^db:seed/ })).toBeFocused();

  await tabTo(page, /^radio Graph/, "Shift+Tab");
  await press("ArrowRight");
  await tabTo(page, /^button db:migrate/);
  await press("ArrowDown");
  await expect(byWave.getByRole("button", { name: /^db:seed/ })).toBeFocused();
  await press("Space");
  await expect(details).toBeVisible();
  await press("Escape");
  await expect(details).toBeHidden();

  await tabTo(page, /^radio Steps/, "Shift+Tab");
  await press("ArrowRight");
  const timeline = page.getByRole("list", { name: "Timeline" });
  await tabTo(page, /^button (db|dev):/);
  await press("ArrowDown");
  await expect(timeline.locator(":focus")).toHaveCount(1);

  // The profile, and the way back from it.
  await tabTo(page, /^button Profile dev/, "Shift+Tab");
  await press("Enter");
  await expect(page.getByRole("dialog")).toContainText("Nothing would change");
  await press("Escape");
  await expect(page.getByRole("button", { name: /^Profile dev/ })).toBeFocused();

  await tabTo(page, /^button Stop environment/);
  await press("Enter");
  await expect(deckhand.environmentState).toContainText(/stopped/i, { timeout: 30_000 });
});
