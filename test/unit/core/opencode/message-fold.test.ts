import { describe, expect, it } from "vitest";
import type { Message, MessageInfo, Part, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { LiveTexts } from "../../../../electron/core/opencode/live-texts.ts";
import { MessageFold, type Knowledge, MESSAGES_SHOWN } from "../../../../electron/core/opencode/message-fold.ts";
import type { Change } from "../../../../electron/core/opencode/changes.ts";

const sessionId = "ses_1" as SessionId;

function info(id: string, change: Partial<MessageInfo> = {}): MessageInfo {
  const tokens = { input: 0, output: 0, reasoning: 0 };
  const base = {
    id,
    sessionId,
    role: "assistant",
    createdAt: 1,
    completedAt: null,
    model: null,
    agent: null,
    error: null,
    interrupted: null,
  } as const;
  return { ...base, cost: 0, tokens, ...change };
}
const text = (id: string, value: string, done = false): Part => ({
  type: "text",
  id,
  text: value,
  synthetic: false,
  done,
});
const message = (id: string, parts: Part[], change: Partial<MessageInfo> = {}): Message => ({
  ...info(id, change),
  parts,
});

const toMessage = (value: MessageInfo): Change => ({ kind: "message", sessionId, info: value });
const toPart = (messageId: string, part: Part): Change => ({ kind: "part", sessionId, messageId, part });
const toDelta = (messageId: string, partId: string, delta: string): Change => ({
  kind: "delta",
  sessionId,
  messageId,
  partId,
  delta,
});
const idle: Change = { kind: "status", sessionId, status: { type: "idle" } };
const busy: Change = { kind: "status", sessionId, status: { type: "busy" } };
const retry: Change = { kind: "status", sessionId, status: { type: "retry", attempt: 1, message: "x", next: 1 } };
const error: Change = { kind: "error", sessionId, name: "APIError", message: "no" };

const known = (change: Partial<Knowledge>): Knowledge => ({
  live: new Map(),
  marks: new Map(),
  busy: false,
  truncated: false,
  ...change,
});
function fold(...messages: Message[]): MessageFold {
  const made = new MessageFold();
  made.load(messages, known({ busy: true, truncated: false }));
  return made;
}
const told = (made: MessageFold, ...changes: Change[]): SessionEvent[] =>
  changes.flatMap((change) => made.apply(change));
const texts = (made: MessageFold) =>
  made.messages().flatMap(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : part.type)));

describe("a streamed text", () => {
  it("grows by its pieces and is replaced by the whole", () => {
    const made = fold(message("m", []));
    const events = told(made, toPart("m", text("p", "")), toDelta("m", "p", "He"), toDelta("m", "p", "llo"));
    expect(events.map((event) => event.kind)).toEqual(["part", "delta", "delta"]);
    expect(texts(made)).toEqual(["Hello"]);
    told(made, toPart("m", text("p", "Hello!", true)));
    expect(texts(made)).toEqual(["Hello!"]);
  });

  it("does not change any more once it is complete: pieces from before the snapshot come too late", () => {
    const made = fold(message("m", [text("p", "whole", true)]));
    expect(told(made, toDelta("m", "p", "ole"), toDelta("m", "unknown", "x"), toDelta("unknown", "p", "x"))).toEqual(
      [],
    );
    expect(texts(made)).toEqual(["whole"]);
  });

  it("is restored from our own copy, which the server does not have before its end", () => {
    const made = new MessageFold();
    made.load(
      [message("m", [text("p", ""), text("q", "done", true)])],
      known({
        live: new Map([
          ["p", "so far"],
          ["q", "done and more"],
        ]),
        busy: true,
      }),
    );
    told(made, toDelta("m", "p", ", and on"));
    expect(texts(made)).toEqual(["so far, and on", "done"]);
  });

  it("is left out of a snapshot where an attempt broke off without a word and nobody works any more", () => {
    const left = [message("m", [text("p", ""), text("q", "ok", true)])];
    const made = new MessageFold();
    made.load(left, known({ busy: false, truncated: false }));
    expect(texts(made)).toEqual(["ok"]);
    made.load(left, known({ busy: true, truncated: false }));
    expect(texts(made)).toEqual(["", "ok"]);
  });

  it("is taken back at a retry if it is unfinished; what was complete stays", () => {
    const tool: Part = { type: "patch", id: "t", files: [] };
    const made = fold(
      message("u", [text("a", "ask", true)], { role: "user" }),
      message("m", [text("p", "one", true), tool, text("q", "half")]),
    );
    expect(told(made, retry)).toEqual([{ kind: "part_removed", messageId: "m", partId: "q" }]);
    expect(told(made, retry)).toEqual([]);
    expect(texts(made)).toEqual(["ask", "one", "patch"]);
  });
});

describe("messages", () => {
  it("keep their parts when their info changes, and their order", () => {
    const made = fold(message("a", [text("p", "x", true)]), message("b", []));
    told(made, toMessage(info("a", { cost: 2 })), toMessage(info("c")), toPart("c", text("q", "y", true)));
    expect(made.messages().map(({ id, cost, parts }) => [id, cost, parts.length])).toEqual([
      ["a", 2, 1],
      ["b", 0, 0],
      ["c", 0, 1],
    ]);
  });

  it("are removed once, and parts of what is gone are ignored", () => {
    const made = fold(message("a", []));
    expect(
      told(
        made,
        { kind: "message_removed", sessionId, messageId: "a" },
        { kind: "message_removed", sessionId, messageId: "a" },
      ),
    ).toHaveLength(1);
    expect(
      told(made, toPart("a", text("p", "x")), { kind: "part_removed", sessionId, messageId: "a", partId: "p" }),
    ).toEqual([]);
  });

  it("are bounded: the older half is let go and the snapshot says so", () => {
    const made = fold();
    for (let index = 0; index <= 2 * MESSAGES_SHOWN; index += 1) made.apply(toMessage(info(`m${index}`)));
    expect(made.messages()).toHaveLength(MESSAGES_SHOWN);
    expect([made.messages().at(-1)?.id, made.truncated]).toEqual([`m${2 * MESSAGES_SHOWN}`, true]);
  });

  it("handed out do not change when the fold goes on", () => {
    const made = fold(message("m", [text("p", "a")]));
    const before = JSON.stringify(made.messages());
    const snapshot = made.messages();
    told(made, toDelta("m", "p", "b"), toPart("m", text("q", "c")));
    expect(JSON.stringify(snapshot)).toBe(before);
  });
});

describe("an error of the turn", () => {
  it("is told once, by the message it belongs to, though idle comes twice", () => {
    const made = fold(message("u", [], { role: "user" }));
    const failed = info("m", { completedAt: 2, error: { name: "APIError", message: "no" } });
    const events = told(made, busy, toMessage(info("m")), error, idle, idle, toMessage(failed), idle, idle);
    expect(events.map((event) => event.kind)).toEqual(["message", "message"]);
  });

  it("is told by itself where no message took it up", () => {
    const made = fold(message("u", [], { role: "user" }));
    expect(told(made, busy, error, idle, idle)).toEqual([{ kind: "error", name: "APIError", message: "no" }]);
    const other = fold(message("u", [], { role: "user" }));
    const events = told(other, toMessage(info("m")), error, idle, toMessage(info("m", { completedAt: 3 })), idle);
    expect(events.map((event) => event.kind)).toEqual(["message", "message", "error"]);
  });
});

describe("LiveTexts", () => {
  const of = (live: LiveTexts) => Array.from(live.of(sessionId));

  it("holds what is being streamed and lets go of what is complete, void or stored", () => {
    const live = new LiveTexts();
    for (const change of [
      toPart("m", text("p", "a")),
      toDelta("m", "p", "b"),
      toPart("m", text("q", "x")),
      toDelta("m", "r", "?"),
    ])
      live.apply(change);
    expect(of(live)).toEqual([
      ["p", "ab"],
      ["q", "x"],
    ]);
    live.apply(toPart("m", text("q", "x", true)));
    live.apply(busy);
    expect(of(live)).toEqual([["p", "ab"]]);
    live.apply({ ...idle, sessionId: "ses_2" as SessionId });
    expect(of(live)).toHaveLength(1);
    live.apply(retry);
    expect(of(live)).toEqual([]);
  });

  it("is bounded: the oldest texts are forgotten", () => {
    const live = new LiveTexts();
    for (const id of ["p1", "p2", "p3"]) live.apply(toPart("m", text(id, "")));
    for (const id of ["p1", "p2", "p3"]) live.apply(toDelta("m", id, "x".repeat(7 * 1024 * 1024)));
    expect(of(live).map(([id]) => id)).toEqual(["p2", "p3"]);
  });
});

describe("a message told piece by piece", () => {
  const tool: Part = {
    type: "tool",
    id: "t",
    callId: "t",
    tool: "bash",
    state: {
      status: "pending",
      title: null,
      input: {},
      output: null,
      error: null,
      metadata: {},
      startedAt: 1,
      endedAt: null,
    },
  };
  const ended = { completedAt: 9, error: null, cost: 2, tokens: { input: 1, output: 2, reasoning: 0 } };
  const toTool = (messageId: string, partId: string): Change => ({
    kind: "tool",
    sessionId,
    messageId,
    partId,
    state: { status: "running" },
  });

  it("keeps what is not told again: of a tool its name, of the message its model", () => {
    const made = fold(message("m", [tool], { model: "a/b" }));
    expect(told(made, toTool("m", "t"))).toMatchObject([
      { kind: "part", part: { tool: "bash", state: { status: "running", startedAt: 1 } } },
    ]);
    expect(told(made, { kind: "message_ended", sessionId, messageId: "m", ended })).toMatchObject([
      { kind: "message", info: { model: "a/b", completedAt: 9, cost: 2 } },
    ]);
  });

  it("ignores pieces of what is not there, or is no tool", () => {
    const made = fold(message("m", [text("p", "x")]));
    const strangers = [toTool("m", "p"), toTool("m", "none"), toTool("none", "t")];
    expect(told(made, ...strangers, { kind: "message_ended", sessionId, messageId: "none", ended })).toEqual([]);
  });
});

describe("a turn that was cut off", () => {
  it("is marked when its message comes later, and not in a message that is not there", () => {
    const made = fold();
    expect(made.interrupt("m", "It crashed.")).toEqual([]);
    expect(told(made, toMessage(info("m")))).toMatchObject([{ info: { interrupted: "It crashed." } }]);
  });

  it("is not guessed where the answer ended in an error, or where it was continued", () => {
    const made = new MessageFold();
    made.load([message("m", [], { error: { name: "APIError", message: "no" } })], known({}));
    expect(made.messages()[0]?.interrupted).toBeNull();
    made.load([message("m", [])], known({ marks: new Map([["m", null]]) }));
    expect(made.messages()[0]?.interrupted).toBeNull();
    made.load([message("m", [])], known({ busy: true }));
    expect(made.messages()[0]?.interrupted).toBeNull();
  });
});
