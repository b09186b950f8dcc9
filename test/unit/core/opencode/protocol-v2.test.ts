import { anything, assert, constantFrom, dictionary, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import { messageSchema } from "#shared/schema/chat.ts";
import { MessageFold } from "../../../../electron/core/opencode/message-fold.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { protocolV2 } from "../../../../electron/core/opencode/protocol/v2.ts";
import { readMessage, readPermission, readSession } from "../../../../electron/core/opencode/protocol/v2-objects.ts";

const { changes, isReset } = protocolV2.sessions;
const id = "ses_1" as SessionId;
const read = (type: string, data: object) =>
  changes({ directory: "/d", type, properties: { sessionID: id, created: 7, ...data }, position: null });
const at = { assistantMessageID: "msg_1" };

describe("an event of OpenCode 2", () => {
  it("is opened: folder, data, time and place in its session", () => {
    const whole = {
      id: "evt_1",
      type: "session.text.delta",
      created: 7,
      location: { directory: "/d" },
      durable: { aggregateID: id, seq: 3, version: 1 },
      data: { sessionID: id, delta: "x" },
    };
    expect(protocolV2.readEvent(JSON.stringify(whole))).toEqual({
      directory: "/d",
      type: "session.text.delta",
      properties: { sessionID: id, delta: "x", created: 7 },
      position: { session: id, number: 3 },
    });
    expect(protocolV2.readEvent('{"type":"server.connected","data":{}}')).toMatchObject({
      directory: null,
      position: null,
    });
    for (const text of ["{half", "[]", "7", "{}"]) expect(protocolV2.readEvent(text)).toBeNull();
  });

  it("takes a person's words wherever the release puts them", () => {
    for (const input of [{ payload: { text: "hi" } }, { data: { text: "hi" } }, { text: "hi" }]) {
      expect(read("session.input.admitted", { inputID: "msg_0", input })).toMatchObject([
        { kind: "message", info: { id: "msg_0", role: "user", createdAt: 7 } },
        { kind: "part", part: { text: "hi", done: true } },
      ]);
    }
    expect(read("session.input.admitted", { inputID: "msg_0", input: { type: "compaction" } })).toEqual([]);
  });

  it("counts texts and reasonings of a message apart", () => {
    const text = read("session.text.started", { ...at, ordinal: 0 });
    const reasoning = read("session.reasoning.ended", { ...at, ordinal: 0, text: "why" });
    expect([text, reasoning]).toMatchObject([
      [{ kind: "part", part: { type: "text", id: "msg_1/text/0", text: "", done: false } }],
      [{ kind: "part", part: { type: "reasoning", id: "msg_1/reasoning/0", text: "why", done: true } }],
    ]);
    expect(read("session.reasoning.delta", { ...at, ordinal: 0, delta: "y" })).toMatchObject([
      { kind: "delta", partId: "msg_1/reasoning/0" },
    ]);
  });

  it("ends a turn, but not where the server itself ends it: that is an interruption", () => {
    expect(read("session.execution.interrupted", { reason: "user" })).toMatchObject([{ status: { type: "idle" } }]);
    expect(read("session.execution.interrupted", { reason: "shutdown" })).toEqual([]);
    const error = { type: "api", message: "slow down" };
    expect(read("session.retry.scheduled", { attempt: 2, at: 99, error })).toMatchObject([
      { status: { type: "retry", attempt: 2, message: "slow down", next: 99 } },
    ]);
  });

  it("tells what a tool has given back so far while it runs, and leaves the rest of it as it is known", () => {
    const tool = { ...at, callID: "call_1" };
    const progress = (...texts: string[]) =>
      read("session.tool.progress", { ...tool, content: texts.map((text) => ({ type: "text", text })), metadata: {} });
    expect(progress("Satur")).toEqual([
      { kind: "tool", sessionId: id, messageId: "msg_1", partId: "call_1", state: { output: "Satur" } },
    ]);
    const fold = new MessageFold();
    const states = [
      read("session.step.started", at),
      read("session.tool.input.started", { ...tool, name: "shell" }),
      read("session.tool.called", { ...tool, input: { command: "date" } }),
      progress("Satur"),
      progress("Satur", "day"),
    ].map((told) => {
      const events = told.flatMap((change) => fold.apply(change));
      const last = events.at(-1);
      return last?.kind === "part" && last.part.type === "tool" ? last.part.state : null;
    });
    expect(states.slice(1)).toMatchObject([
      { status: "pending", output: null },
      { status: "running", input: { command: "date" }, output: null },
      { status: "running", input: { command: "date" }, output: "Satur", endedAt: null },
      { status: "running", input: { command: "date" }, output: "Satur\nday", endedAt: null },
    ]);
    expect(read("session.tool.progress", { ...at, content: [] })).toEqual([]);
  });

  it("asks for everything to be read where it does not say what changed", () => {
    for (const type of ["session.created", "session.renamed", "session.moved", "session.forked"])
      expect(isReset({ directory: null, type, properties: {}, position: null })).toBe(true);
    expect(isReset({ directory: null, type: "session.text.delta", properties: {}, position: null })).toBe(false);
  });

  it("is never a reason to throw", () => {
    const types = constantFrom(
      "session.input.admitted",
      "session.step.started",
      "session.step.failed",
      "session.text.ended",
      "session.tool.called",
      "session.tool.progress",
      "session.tool.success",
      "session.tool.failed",
      "permission.v2.asked",
      "question.asked",
      "question.v2.replied",
      "toString",
    );
    assert(property(types, dictionary(string(), anything()), (type, data) => void read(type, data)));
    assert(property(string(), (text) => void protocolV2.readEvent(text)));
    assert(property(string(), (text) => void protocolV1.readEvent(text)));
  });
});

describe("a message of OpenCode 2", () => {
  it("is read with its parts; only the last text of one that is not over may still grow", () => {
    const content = [
      { type: "text", text: "one" },
      { type: "reasoning", text: "hm" },
      { type: "junk" },
      { type: "tool", id: "call_1", name: "shell", state: { status: "streaming", input: "{" }, time: { created: 1 } },
      { type: "text", text: "two" },
    ];
    const open = { id: "msg_1", type: "assistant", agent: "build", content, time: { created: 1 } };
    const message = readMessage(open, id);
    expect(messageSchema.safeParse(message).success).toBe(true);
    expect(message?.parts).toMatchObject([
      { id: "msg_1/text/0", done: true },
      { id: "msg_1/reasoning/0", done: true },
      { tool: "shell", state: { status: "pending", input: {} } },
      { id: "msg_1/text/1", done: false },
    ]);
    const over = readMessage({ ...open, time: { created: 1, completed: 2 } }, id);
    expect(over?.parts.at(-1)).toMatchObject({ done: true });
    expect(readMessage({ ...open, content: content.slice(0, 4) }, id)?.parts).toHaveLength(3);
    expect(readMessage({ id: "x", type: "idle", outcome: "succeeded" }, id)).toBeNull();
  });
});

describe("the names of OpenCode 2", () => {
  it("become those we know, and unknown ones stay", () => {
    const request = (action: string) => readPermission({ id: "per_1", sessionID: id, action })?.permission;
    expect(["shell", "subagent", "edit"].map((action) => request(action))).toEqual(["bash", "task", "edit"]);
    expect(readPermission({ id: "../x", sessionID: id, action: "edit" })).toBeNull();
  });

  it("leave a session without a title where it has none yet", () => {
    const wire = { id, location: { directory: "/d" }, time: { created: 1, updated: 2 } };
    const title = (text: string) => readSession({ ...wire, title: text })?.title;
    expect([title("New session - 2026-01-01T00:00:00Z"), title("mine")]).toEqual(["", "mine"]);
    expect(readSession({ ...wire, location: undefined })).toBeNull();
  });
});

describe("a request whose session is not known", () => {
  it("is answered by nobody", async () => {
    const nobody = {} as never;
    const { replyPermission, replyQuestion } = protocolV2.sessions;
    await expect(replyPermission(nobody, null, "per_1" as never, "once")).rejects.toMatchObject({ code: "not_found" });
    await expect(replyQuestion(nobody, null, "que_1" as never, [])).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the lines of a start", () => {
  it("are told apart, and a password is read only from its own line", () => {
    const line = "server listening on http://127.0.0.1:4096";
    expect(protocolV2.readyLine(line)).toEqual({ kind: "listening", port: 4_096, url: "http://127.0.0.1:4096" });
    expect(protocolV1.readyLine(line)).toBeNull();
    expect(protocolV2.readyLine(`opencode ${line}`)).toBeNull();
    expect(protocolV2.readyLine("server listening on http://0.0.0.0:4096")?.kind).toBe("unsafe");
    expect(protocolV2.passwordLine("server password abc\r")).toBe("abc");
    for (const other of ["server password", "my server password abc", "server password a b", line])
      expect(protocolV2.passwordLine(other)).toBeNull();
    expect(protocolV1.passwordLine("server password abc")).toBeNull();
  });
});
