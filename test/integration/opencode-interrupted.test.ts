/** What becomes of a turn of a real OpenCode whose server ends in the middle of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Chat } from "../../electron/core/opencode/chat.ts";
import type { EventPosition } from "../../electron/core/opencode/event-positions.ts";
import { openDatabase } from "../../electron/core/store/database.ts";
import { StoredInterruptedTurns } from "../../electron/core/store/interrupted-turns.ts";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { openWorld, until, viewSession, type World } from "../support/opencode-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let model: ScriptedModel;
let world: World;
let folder: string;
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  guardian = await bundleGuardian();
  model = await startScriptedModel();
  folder = mkdtempSync(join(tmpdir(), "deckhand-cut-"));
  world = openWorld({ guardianPath: guardian.path, config: scriptedModelConfig(model.url) });
  await world.server.start();
});
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});
afterAll(async () => {
  await world.close();
  await model.close();
  await guardian.remove();
  rmSync(folder, { recursive: true });
});

/** A chat with a store that outlives it. */
function openChat(): Chat {
  const { database } = openDatabase(join(folder, "store.db"), () => 1);
  const chat = new Chat({
    server: world.server,
    directory: world.directory,
    clock: systemClock,
    logger: silentLogger,
    turns: new StoredInterruptedTurns({ database }),
  });
  cleanups.push(() => {
    chat.close();
    database.close();
  });
  return chat;
}
const status = (chat: Chat, id: SessionId) => chat.state().sessions.find((session) => session.id === id)?.status.type;
const marks = (view: ReturnType<typeof viewSession>) => {
  const snapshot = view.events.findLast((event) => event.kind === "snapshot");
  return snapshot?.kind === "snapshot" ? snapshot.messages.map((message) => message.interrupted) : [];
};

/** A session in the middle of a long answer. */
async function midway(chat: Chat) {
  const session = await chat.createSession("cut");
  const view = viewSession(chat, session.id);
  await until("the snapshot", () => view.events.length > 0);
  await chat.prompt(session.id, { text: "#slow 20\n#stream 3000" });
  await until("some text", () => (view.texts().at(-1) ?? "").includes("word-20"));
  expect(chat.busy()).toBe(true);
  return { id: session.id, view };
}

describe("a turn that is cut off", () => {
  it("by a crash is marked, keeps its text over restarts of server and host, and is continued", async () => {
    const first = openChat();
    const { id, view } = await midway(first);
    const { pid } = world.server.status();
    if (pid === null) throw new Error("no process");
    process.kill(pid, "SIGKILL");
    const told = await until("the mark", () =>
      view.events.find((event) => event.kind === "message" && event.info.interrupted !== null),
    );
    expect(told.kind === "message" ? told.info.interrupted : null).toMatch(/^[A-Z].*\.$/s);
    const text = view.texts().at(-1) ?? "";
    expect(text).toContain("word-20");
    await until("the restart", () => world.server.status().state === "running");
    first.close();

    const second = openChat();
    const later = viewSession(second, id);
    await until("the snapshot", () => later.events.length > 0);
    expect(later.texts().at(-1)).toBe(text);
    expect(marks(later).at(-1)).not.toBeNull();
    await second.continueTurn(id);
    const unmarked = later.events.findLast((event) => event.kind === "message" && event.info.interrupted === null);
    expect(unmarked).toBeDefined();
    await until("the end of the next turn", () => later.texts().length >= 4 && status(second, id) === "idle");
    await expect(second.continueTurn(id)).rejects.toMatchObject({ code: "not_found" });
    second.close();

    const third = openChat();
    const last = viewSession(third, id);
    await until("the snapshot", () => last.events.length > 0);
    expect(last.texts()[1]).toBe(text);
    expect(marks(last).filter((mark) => mark !== null)).toEqual([]);
    await third.remove(id);
  });

  it("by a stop is marked too, and its abort is not told as an error", async () => {
    const chat = openChat();
    const { id, view } = await midway(chat);
    await world.server.restart();
    await until("the next snapshot", () => marks(view).length > 0 && marks(view).at(-1) !== null);
    const snapshot = view.events.findLast((event) => event.kind === "snapshot");
    const message = snapshot?.kind === "snapshot" ? snapshot.messages.at(-1) : undefined;
    expect(message?.error).toBeNull();
    const part = message?.parts.find(({ type }) => type === "text");
    expect(part?.type === "text" ? part.text : "").toContain("word-20");
    await chat.remove(id);
  });

  it("by a person is aborted and nothing else", async () => {
    const chat = openChat();
    const { id, view } = await midway(chat);
    await chat.abort(id);
    await until("the error", () =>
      view.events.some((event) => event.kind === "message" && event.info.error?.name === "MessageAbortedError"),
    );
    await world.server.restart();
    await until("the snapshot after it", () => marks(view).length === 2);
    expect(marks(view)).toEqual([null, null]);
    await expect(chat.continueTurn(id)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the positions of events", () => {
  it("have no holes while nothing is lost, in a turn with tools", async () => {
    const positions: EventPosition[] = [];
    cleanups.push(world.server.onEvent(({ position }) => position !== null && positions.push(position)));
    const chat = openChat();
    const session = await chat.createSession("positions");
    await chat.prompt(session.id, { text: "#bash echo here" });
    const asked = await until("the permission", () => chat.state().permissions[0]);
    await chat.replyPermission(asked.id, "once");
    await until("the end", () => !chat.busy());
    const numbers = positions.filter((position) => position.session === session.id).map((position) => position.number);
    expect(numbers.length).toBeGreaterThan(10);
    const [first = 0] = numbers;
    expect(numbers).toEqual(numbers.map((_, index) => first + index));
  });
});
