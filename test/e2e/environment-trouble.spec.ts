/** Trouble of a real start, as a person meets it: the cause, what it keeps from starting, and the way on, in every view. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { expect, test } from "./app.ts";

test("a migration that fails is named with its cause, holds back the rest, and goes on once it is mended", async ({
  deckhand,
  harbour,
}, testInfo) => {
  const { page } = deckhand;
  const migrate = join(harbour, "database", "migrate.mjs");
  const sound = readFileSync(migrate, "utf8");
  writeFileSync(migrate, `${sound}\nthrow new Error("relation orders already exists");\n`);
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/failed/i, { timeout: 60_000 });

  const failed = deckhand.service("db:migrate");
  await expect(failed).toContainText("Failed");
  await expect(failed).toContainText("relation orders already exists");
  await expect(deckhand.service("dev:api")).toContainText("Skipped");
  await expect(deckhand.service("dev:api")).toContainText(/db:migrate.* failed/);
  await page.screenshot({ path: testInfo.outputPath("failed-migration.png") });

  const inTrouble = page.getByRole("group", { name: "In trouble" });
  for (const view of ["Graph", "Steps", "Timeline", "List"]) {
    await page.getByRole("radio", { name: view, exact: true }).click();
    await expect(inTrouble.getByRole("button")).toHaveText(["db:migrate failed"]);
    await page.screenshot({ path: testInfo.outputPath(`failed-migration-${view.toLowerCase()}.png`) });
  }
  await page.keyboard.press("F8");
  const details = page.getByRole("complementary", { name: "Details of db:migrate" });
  await expect(details.getByRole("alert")).toContainText("relation orders already exists");
  await expect(details.getByRole("group", { name: /^Last lines/ }).first()).toContainText("Error: relation orders");
  await page.screenshot({ path: testInfo.outputPath("failed-migration-details.png") });

  writeFileSync(migrate, sound);
  await page.getByRole("button", { name: "Start environment" }).click();
  const trust = page.getByRole("button", { name: "Trust and run" });
  const going = deckhand.environmentState.filter({ hasNotText: "Failed" });
  await expect(trust.or(going)).toBeVisible();
  if (await trust.isVisible()) await trust.click();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  await expect(inTrouble).toBeHidden();
});

test("a port that somebody else holds is named with its holder, and the service starts once it is free", async ({
  deckhand,
  home,
}, testInfo) => {
  const { page } = deckhand;
  const holder = await listen();
  try {
    const shop = join(home, "..", "shop");
    writeShop(shop, portOf(holder));
    await deckhand.openFolder(shop);
    await deckhand.startEnvironment();
    const web = deckhand.service("web");
    await expect(web).toContainText("Blocked", { timeout: 30_000 });
    await expect(web).toContainText(String(portOf(holder)));
    await expect(web).toContainText(`pid ${process.pid}`);
    await expect(web.getByRole("button", { name: "Copy the pid of who holds the port of web" })).toBeVisible();
    await page.screenshot({ path: testInfo.outputPath("taken-port.png") });
    await web.click();
    await page.screenshot({ path: testInfo.outputPath("taken-port-details.png") });
    await page.keyboard.press("Escape");
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
  await deckhand.service("web").getByRole("button", { name: "Try web again" }).click();
  await expect(deckhand.service("web")).toContainText("Ready", { timeout: 30_000 });
});

/** A port of this very process: the stranger in the way. */
function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** One service that takes this port and no other. */
function writeShop(folder: string, port: number): void {
  mkdirSync(folder);
  writeFileSync(
    join(folder, "web.mjs"),
    `import { createServer } from "node:http";
createServer((_, response) => response.end("open")).listen(Number(process.env.PORT), "127.0.0.1");
`,
  );
  writeFileSync(
    join(folder, "deckhand.yaml"),
    `version: 1
detect: false
services:
  web: { command: [${process.execPath}, web.mjs], ports: { http: { prefer: ${port}, env: PORT, strict: true } } }
`,
  );
}
