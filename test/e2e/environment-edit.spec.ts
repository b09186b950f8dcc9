import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, listen } from "../support/environment-world.ts";
import { expect, test } from "./app.ts";

test("a service is edited in its form, restarted after the question, and put back", async ({ deckhand, harbour }) => {
  const { page } = deckhand;
  const file = join(harbour, "deckhand.yaml");
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  const details = page.getByRole("complementary");
  const pid = async (name: string) => {
    // A press on the row that is open would close it.
    const isOpen = await page.getByRole("complementary", { name: `Details of ${name}` }).isVisible();
    if (!isOpen) await deckhand.service(name).click();
    await page.getByRole("radio", { name: "Overview", exact: true }).click();
    await expect(details).toContainText(/pid \d+/);
    return /pid (\d+)/.exec(await details.innerText())?.[1];
  };
  const api = await pid("dev:api");
  const worker = await pid("dev:worker");

  await page.getByRole("radio", { name: "Definition", exact: true }).click();
  await page.getByRole("button", { name: "Edit how it is stopped of dev:worker" }).click();
  const form = page.getByRole("form", { name: "Stop of dev:worker" });
  await form.getByLabel("Signal").fill("SIGINT");
  await form.getByLabel("Killed after").fill("soon");
  await form.getByRole("button", { name: "Continue…" }).click();
  // What is wrong stands at its field, and what was typed is still there.
  await expect(form.getByRole("alert")).toContainText("a duration such as");
  await expect(form.getByLabel("Killed after")).toHaveAttribute("aria-invalid", "true");
  await expect(form.getByLabel("Signal")).toHaveValue("SIGINT");
  await form.getByLabel("Killed after").fill("3s");
  await page.keyboard.press("Enter");

  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("stop_grace_period: 3s");
  expect(existsSync(file)).toBe(false);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(form.getByLabel("Killed after")).toHaveValue("3s");
  await form.getByRole("button", { name: "Continue…" }).click();
  await dialog.getByRole("button", { name: "Write it" }).click();
  // Behind an open dialog the form counts as hidden already; the dialog goes once the file is written.
  await expect(dialog).toBeHidden();
  await expect(form).toBeHidden();
  expect(readFileSync(file, "utf8")).toContain("stop_signal: SIGINT");

  const question = page.getByRole("region", { name: "Changed files" });
  await expect(question).toContainText("1 service would run differently");
  await question.getByRole("button", { name: "Take over" }).click();
  await expect(question).toBeHidden();
  await expect.poll(() => pid("dev:worker"), { timeout: 20_000 }).not.toBe(worker);
  expect(await pid("dev:api")).toBe(api);

  await page.getByRole("radio", { name: "Definition", exact: true }).click();
  await page.getByRole("button", { name: "Take back the last change" }).click();
  await expect.poll(() => existsSync(file)).toBe(false);
});

test("a port that is taken: who has it, and another one for this time or from now on", async ({
  deckhand,
  harbour,
}) => {
  const { page } = deckhand;
  const port = await freePort();
  const holder = await listen(port);
  try {
    writeFileSync(
      join(harbour, "small.mjs"),
      'import { createServer } from "node:http";\ncreateServer((_, answer) => answer.end()).listen(process.env.PORT, "127.0.0.1");\n',
    );
    writeFileSync(
      join(harbour, "deckhand.yaml"),
      `# Mine.\ndetect: false\nservices:\n  api:\n    command: node small.mjs # as ever\n    ports: { http: { prefer: ${port}, env: PORT, strict: true } }\n`,
    );
    await deckhand.openFolder(harbour);
    await deckhand.startEnvironment();
    await expect(deckhand.service("api")).toContainText("Blocked", { timeout: 30_000 });
    await deckhand.service("api").click();
    const details = page.getByRole("complementary");
    await expect(details).toContainText(`port ${port}, which is used by`);
    await expect(details).toContainText(`pid ${process.pid}`);
    await details.getByRole("button", { name: /^Start api on port \d+ this time$/ }).click();
    await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 30_000 });
    await expect(deckhand.service("api")).not.toContainText(`:${port}`);

    await deckhand.stopEnvironment();
    await expect(deckhand.environmentState).toContainText(/stopped/i, { timeout: 30_000 });
    await deckhand.startEnvironment();
    await expect(deckhand.service("api")).toContainText("Blocked", { timeout: 30_000 });
    await details.getByRole("button", { name: /^Use port \d+ for api from now on…$/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Change it" }).click();
    await page.getByRole("region", { name: "Changed files" }).getByRole("button", { name: "Take over" }).click();
    await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 30_000 });
    const text = readFileSync(join(harbour, "deckhand.yaml"), "utf8");
    expect(text).toContain("command: node small.mjs # as ever");
    expect(text).not.toContain(`prefer: ${port},`);
  } finally {
    await new Promise((done) => holder.close(done));
  }
});

test("one more of a service at a press, and why there cannot be more of another", async ({ deckhand, harbour }) => {
  const { page } = deckhand;
  writeFileSync(
    join(harbour, "deckhand.yaml"),
    `detect: false\nservices:\n  worker: { command: "exec node -e 'setInterval(() => {}, 1000)'" }\n  fixed: { command: "exec node -e 'setInterval(() => {}, 1000)'", ports: 4977, healthcheck: false }\n`,
  );
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 30_000 });
  await deckhand.service("worker").click();
  await page.getByRole("radio", { name: "Definition", exact: true }).click();
  await page.getByRole("button", { name: "One more of worker" }).click();
  await expect(deckhand.service("worker-1")).toContainText(/ready/i, { timeout: 20_000 });
  const details = page.getByRole("complementary");
  await expect(details).toContainText("its files say 1");
  await page.getByRole("button", { name: "One less of worker" }).click();
  await expect(deckhand.service("worker")).toBeVisible();
  await expect(deckhand.service("worker-1")).toBeHidden();
  await deckhand.service("fixed").click();
  await expect(details).toContainText("There can be one only: its command fixes port 4977");
});
