import { rmSync } from "node:fs";
import type { Page } from "@playwright/test";
import { copyProject, expect, test } from "./app.ts";

test("opens a folder, asks before anything runs, brings everything up in order, and stops without a trace", async ({
  deckhand,
  harbour,
}) => {
  await deckhand.openFolder(harbour);
  await expect(deckhand.environmentState).toContainText(/stopped/i);
  await deckhand.page.getByRole("button", { name: "Start environment" }).click();
  const trust = deckhand.page.getByRole("alertdialog");
  await expect(trust).toContainText("node database/migrate.mjs");
  await expect(trust).toContainText("vite web");
  await expect(trust.getByRole("button", { name: "Cancel" })).toBeFocused();
  await deckhand.page.keyboard.press("Enter");
  await expect(trust).toBeHidden();
  await expect(deckhand.environmentState).toContainText(/stopped/i);

  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  for (const task of ["db:migrate", "db:seed"]) await expect(deckhand.service(task)).toContainText("Done");
  for (const service of ["dev:api", "dev:worker", "dev:web"])
    await expect(deckhand.service(service)).toContainText(/running|ready/i);
  const link = deckhand
    .service("dev:api")
    .getByRole("button", { name: /127\.0\.0\.1|localhost/ })
    .or(deckhand.service("dev:api").getByRole("link"))
    .first();
  const address = /https?:\/\/\S+|[\w.]+:\d+/.exec((await link.textContent()) ?? "")?.[0] ?? "";
  const url = address.startsWith("http") ? address : `http://${address}`;
  expect((await fetch(`${url.replace(/\/$/, "")}/healthz`)).status).toBe(200);

  await deckhand.stopEnvironment();
  await expect(deckhand.environmentState).toContainText(/stopped/i, { timeout: 30_000 });
  await expect(fetch(`${url.replace(/\/$/, "")}/healthz`)).rejects.toThrow();
});

test("shows a service that dies and comes back, with its restart counted", async ({ deckhand, harbour }) => {
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  await deckhand.service("dev:worker").click();
  const before = await workerPid(deckhand.page);
  process.kill(before, "SIGKILL");
  await expect.poll(async () => workerPid(deckhand.page), { timeout: 30_000 }).not.toBe(before);
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 30_000 });
});

test("tells how a start went, what a service is made of, and what became of it", async ({ deckhand, harbour }) => {
  const { page } = deckhand;
  const refused: string[] = [];
  page.on("console", (message) => message.text().includes("Content Security Policy") && refused.push(message.text()));
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  await expect(page.getByRole("main")).toContainText(/Started in [\d.]+ (ms|s)/);

  const view = (name: string) => page.getByRole("radio", { name, exact: true });
  const byWave = page.getByRole("list", { name: "Services by wave" });
  await view("Steps").click();
  await expect(byWave.getByRole("button", { name: /^dev:api/ })).toContainText(/\d (ms|s)/);
  await view("Graph").click();
  await expect(byWave.getByRole("button", { name: /on the critical path/ })).not.toHaveCount(0);
  await byWave.getByRole("button", { name: /^dev:api, ready/ }).click();

  const details = page.getByRole("complementary");
  await expect(details.getByRole("img", { name: /^Memory over time/ })).toBeVisible({ timeout: 20_000 });
  await view("Definition").click();
  await expect(details).toContainText("package.json#scripts.dev:api");
  await expect(details.getByRole("region", { name: "Variables" })).toBeVisible();
  await view("History").click();
  await byWave.getByRole("button", { name: /^db:migrate/ }).click();
  await expect(details.getByRole("region", { name: "Past runs of db:migrate" })).toContainText("Done");
  await expect(details.getByRole("region", { name: "Timeline of db:migrate" })).toContainText("Starting");
  await view("Timeline").click();
  await expect(page.getByRole("list", { name: "Timeline" })).toContainText("dev:web");

  await page.getByRole("button", { name: /^Profile dev/ }).click();
  await expect(page.getByRole("dialog")).toContainText("Nothing would change");
  expect(refused).toEqual([]);
});

test("says what is wrong with a folder, and what to do", async ({ deckhand, home }) => {
  const broken = copyProject("broken-package", `${home}/../broken-package`);
  await deckhand.openFolder(broken);
  await expect(deckhand.page.getByRole("main")).toContainText("package.json");
  await deckhand.openFolder(copyProject("broken-cycle", `${home}/../broken-cycle`));
  await expect(deckhand.page.getByRole("main")).toContainText("→");
});

test("a folder that is gone says so and loses nothing else", async ({ deckhand, home, harbour }) => {
  const gone = copyProject("harbour", `${home}/../gone`);
  await deckhand.openFolder(gone);
  await deckhand.openFolder(harbour);
  rmSync(gone, { recursive: true });
  await deckhand.page.getByRole("button", { name: /^Project gone/ }).click();
  await deckhand.page.getByRole("button", { name: "Start environment" }).click();
  await expect(deckhand.page.getByText(/no folder/i).first()).toBeVisible();
});

async function workerPid(page: Page): Promise<number> {
  const text = await page
    .getByRole("complementary")
    .or(page.getByRole("region", { name: /dev:worker/ }))
    .first()
    .innerText();
  return Number(/pid\D*(\d+)/i.exec(text)?.[1] ?? 0);
}
