import { expect, test } from "./app.ts";
import { ChatPage } from "./pages/chat-page.ts";

test("a turn streams into the window, a command asks first and its output is shown", async ({ deckhand, harbour }) => {
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await deckhand.go("Chat");
  const chat = new ChatPage(deckhand.page);
  await chat.newSession();
  await chat.send("#say Hello from the harbour");
  await expect(chat.answers.last()).toContainText("Hello from the harbour", { timeout: 60_000 });

  await chat.send("#bash echo it-was-run && sleep 0.1 && echo twice");
  await expect(chat.permission).toContainText("echo it-was-run", { timeout: 30_000 });
  await chat.permission.getByRole("button", { name: /once/i }).click();
  await expect(chat.permission).toBeHidden();
  await expect(chat.tool("bash").last()).toContainText("twice", { timeout: 30_000 });

  await chat.send("#bash echo never");
  await chat.permission.getByRole("button", { name: "Reject", exact: true }).click();
  await expect(chat.permission).toBeHidden({ timeout: 15_000 });
  await expect(chat.tool("bash").last()).toContainText(/reject/i);
});

test("a turn can be stopped, keeps what it said, and the next one works", async ({ deckhand, harbour }) => {
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await deckhand.go("Chat");
  const chat = new ChatPage(deckhand.page);
  await chat.newSession();
  await chat.send("#slow 100 #stream 400");
  await expect(chat.answers.last()).toContainText(/\w/, { timeout: 60_000 });
  await chat.stop.click();
  await expect(chat.stop).toBeHidden({ timeout: 15_000 });
  const said = await chat.answers.last().innerText();
  expect(said.length).toBeGreaterThan(3);
  await chat.send("#say still here");
  await expect(chat.answers.last()).toContainText("still here", { timeout: 30_000 });
});

test("a reload in the middle of a turn loses nothing", async ({ deckhand, harbour }) => {
  await deckhand.openFolder(harbour);
  await deckhand.startEnvironment();
  await deckhand.go("Chat");
  const chat = new ChatPage(deckhand.page);
  await chat.newSession();
  await chat.send("#slow 40 #stream 100");
  await expect(chat.answers.last()).toContainText(/\w/, { timeout: 60_000 });
  await deckhand.page.reload();
  await expect(chat.answers.last()).toContainText("100", { timeout: 30_000 });
});
