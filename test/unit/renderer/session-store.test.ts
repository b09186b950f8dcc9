import { expect, test } from "vitest";
import type { Message, MessageInfo, Part, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { SessionStore } from "../../../renderer/chat/session-store.ts";
import { rootOf } from "../../../renderer/chat/sessions.ts";

const id = "ses_1" as SessionId;
const tokens = { input: 0, output: 0, reasoning: 0 };
const session = (change: Partial<Session> = {}): Session => ({
  id,
  parentId: null,
  title: "",
  status: { type: "idle" },
  createdAt: 1,
  updatedAt: 1,
  cost: 0,
  tokens,
  ...change,
});
const info = (message: string, role: MessageInfo["role"], createdAt: number): MessageInfo => ({
  id: message,
  sessionId: id,
  role,
  createdAt,
  completedAt: null,
  model: null,
  agent: null,
  error: null,
  interrupted: null,
  cost: 0,
  tokens,
});
const text = (part: string, value = "", done = false): Part => ({
  type: "text",
  id: part,
  text: value,
  synthetic: false,
  done,
});
const snapshot = (messages: Message[]): SessionEvent => ({
  kind: "snapshot",
  session: session(),
  messages,
  truncated: false,
});

function made(...messages: Message[]) {
  const store = new SessionStore();
  store.apply([snapshot(messages)]);
  const heard: string[] = [];
  const listen = (key: string) => store.subscribe(key, () => void heard.push(key));
  return { store, heard, listen };
}

test("a snapshot replaces everything, also what a part was before", () => {
  const { store, heard, listen } = made({ ...info("m1", "user", 1), parts: [text("p1", "old")] });
  listen("part:p1");
  store.apply([snapshot([{ ...info("m2", "user", 2), parts: [text("p2", "new")] }])]);
  expect(store.messages()).toEqual([{ id: "m2", role: "user", partIds: ["p2"] }]);
  expect(store.part("p1")).toBeUndefined();
  expect(heard).toEqual(["part:p1"]);
});

test("a delta changes its part and nothing else", () => {
  const { store, heard, listen } = made({
    ...info("m1", "assistant", 1),
    parts: [text("p1", "Hel"), text("p2", "other")],
  });
  const before = store.messages();
  for (const key of ["list", "session", "info:m1", "part:p1", "part:p2"]) listen(key);
  store.apply([
    { kind: "delta", messageId: "m1", partId: "p1", delta: "lo" },
    { kind: "delta", messageId: "m1", partId: "p1", delta: " you" },
  ]);
  expect(store.part("p1")).toMatchObject({ text: "Hello you" });
  expect(heard).toEqual(["part:p1"]);
  expect(store.messages()).toBe(before);
});

test("a delta for a part that is not there is left alone", () => {
  const { store } = made();
  store.apply([{ kind: "delta", messageId: "m1", partId: "gone", delta: "x" }]);
  expect(store.part("gone")).toBeUndefined();
});

test("parts come, are replaced in place, and go", () => {
  const { store } = made({ ...info("m1", "assistant", 1), parts: [] });
  store.apply([
    { kind: "part", messageId: "m1", part: text("p1") },
    { kind: "part", messageId: "m1", part: text("p2") },
  ]);
  store.apply([{ kind: "part", messageId: "m1", part: text("p1", "whole", true) }]);
  expect(store.messages()[0]?.partIds).toEqual(["p1", "p2"]);
  expect(store.part("p1")).toMatchObject({ text: "whole", done: true });
  store.apply([{ kind: "part_removed", messageId: "m1", partId: "p1" }]);
  expect(store.messages()[0]?.partIds).toEqual(["p2"]);
});

test("a message stands where its time says, and takes its parts with it when it goes", () => {
  const { store } = made(
    { ...info("m1", "user", 10), parts: [] },
    { ...info("m3", "assistant", 30), parts: [text("p3")] },
  );
  store.apply([{ kind: "message", info: info("m2", "user", 20) }]);
  expect(store.messages().map((message) => message.id)).toEqual(["m1", "m2", "m3"]);
  store.apply([{ kind: "message_removed", messageId: "m3" }]);
  expect(store.messages().map((message) => message.id)).toEqual(["m1", "m2"]);
  expect(store.part("p3")).toBeUndefined();
});

test("the error of a turn is shown until the next one begins", () => {
  const { store } = made();
  store.apply([{ kind: "error", name: "APIError", message: "401" }]);
  expect(store.error()).toMatchObject({ message: "401" });
  store.apply([{ kind: "session", session: session({ status: { type: "busy" } }) }]);
  expect(store.error()).toBeNull();
});

test("a listener that left hears nothing", () => {
  const { store, heard, listen } = made({ ...info("m1", "assistant", 1), parts: [text("p1")] });
  listen("part:p1")();
  store.apply([{ kind: "delta", messageId: "m1", partId: "p1", delta: "x" }]);
  expect(heard).toEqual([]);
});

test("a sub-agent's session belongs to the one a person opened, also several levels down", () => {
  const family = [
    session(),
    session({ id: "ses_2" as SessionId, parentId: id }),
    session({ id: "ses_3" as SessionId, parentId: "ses_2" as SessionId }),
  ];
  expect(rootOf(family, "ses_3" as SessionId)).toBe(id);
  expect(rootOf(family, "ses_unknown" as SessionId)).toBe("ses_unknown");
  const circle = [session({ parentId: "ses_2" as SessionId }), session({ id: "ses_2" as SessionId, parentId: id })];
  expect([id, "ses_2"]).toContain(rootOf(circle, id));
});
