import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./app.ts";

test("an OpenCode binary that cannot work is named, with the reason and the next step", async ({
  deckhand,
  harbour,
  home,
}) => {
  const { page } = deckhand;
  const tools = join(home, "..", "tools");
  mkdirSync(tools);
  const binary = (name: string, script: string, mode = 0o755) => {
    const path = join(tools, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, mode);
    return path;
  };
  const cases: [path: string, says: RegExp][] = [
    [join(tools, "nowhere"), /no(thing| such| file)|not exist|missing/i],
    [binary("not-executable", "exit 0", 0o644), /execut|permission|may not be run/i],
    [binary("too-old", "echo 0.9.0"), /0\.9\.0/],
    [
      binary("exits-at-once", 'if [ "$1" = --version ]; then echo 1.18.33; else echo broken >&2; exit 3; fi'),
      /ended|exit/i,
    ],
  ];
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  const server = page.getByRole("row", { name: "OpenCode server" });
  await expect(server).toContainText("Running", { timeout: 30_000 });
  await deckhand.command("Stop OpenCode server");
  await expect(server).toContainText("Stopped", { timeout: 20_000 });
  for (const [path, says] of cases) {
    await deckhand.command("Settings");
    await page.getByRole("textbox", { name: "OpenCode binary" }).fill(path);
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Done" }).click();
    await deckhand.command("Start OpenCode server");
    await expect(server, path).toContainText(says, { timeout: 20_000 });
  }
});

test("a store that was damaged is set aside, and the window says so", async ({ home, launch }) => {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "deckhand.db"), "this is no database ".repeat(200));
  const deckhand = await launch();
  const notices = deckhand.page.getByRole("region", { name: "Notices" });
  await expect(notices).toContainText("damaged");
  await notices.getByRole("button").first().click();
  await expect(notices).toBeHidden();
});
