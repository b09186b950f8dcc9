import { anything, assert, constantFrom, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { partSchema } from "#shared/schema/chat.ts";
import { readChange } from "../../../../electron/core/opencode/protocol/v1-events.ts";
import { readMessage, readPart, readSession } from "../../../../electron/core/opencode/protocol/v1-objects.ts";

const types = [
  "message.part.delta",
  "message.part.updated",
  "message.part.removed",
  "message.updated",
  "message.removed",
  "session.created",
  "session.updated",
  "session.deleted",
  "session.status",
  "session.idle",
  "session.error",
  "permission.asked",
  "permission.replied",
  "question.asked",
  "question.replied",
  "question.rejected",
];

describe("readChange", () => {
  it("ignores noise and types it does not know", () => {
    for (const type of [
      "plugin.added",
      "catalog.updated",
      "session.diff",
      "server.heartbeat",
      "session.next.x",
      "__proto__",
      "",
    ]) {
      expect(readChange(type, { sessionID: "ses_1" })).toBeNull();
    }
  });

  it("never throws, whatever the properties are", () => {
    assert(
      property(constantFrom(...types, "toString"), anything(), (type, properties) => void readChange(type, properties)),
    );
    assert(
      property(constantFrom(...types), anything(), anything(), (type, a, b) => {
        void readChange(type, {
          sessionID: "ses_1",
          messageID: "m",
          partID: "p",
          info: a,
          part: b,
          error: a,
          status: b,
        });
      }),
    );
  });

  it("refuses ids that could lead a path elsewhere", () => {
    assert(
      property(string(), (id) => {
        const change = readChange("session.idle", { sessionID: `ses_${id}` });
        expect(change === null || /^[0-9A-Za-z]{1,64}$/.test(id)).toBe(true);
      }),
    );
    expect(readChange("permission.asked", { id: "per_../x", sessionID: "ses_1", permission: "bash" })).toBeNull();
  });

  it.each([
    ["session.idle", { sessionID: "ses_1" }, { kind: "status", sessionId: "ses_1", status: { type: "idle" } }],
    [
      "session.status",
      { sessionID: "ses_1", status: { type: "retry", attempt: 2, message: "slow down", next: 5, action: {} } },
      { kind: "status", sessionId: "ses_1", status: { type: "retry", attempt: 2, message: "slow down", next: 5 } },
    ],
    ["session.status", { sessionID: "ses_1", status: { type: "dancing" } }, null],
    [
      "message.part.delta",
      { sessionID: "ses_1", messageID: "m", partID: "p", field: "text", delta: "" },
      { kind: "delta", sessionId: "ses_1", messageId: "m", partId: "p", delta: "" },
    ],
    ["message.part.delta", { sessionID: "ses_1", messageID: "m", partID: "p", field: "metadata", delta: "x" }, null],
    ["session.error", { error: { name: "UnknownError", data: { message: "x" } } }, null],
    [
      "session.error",
      { sessionID: "ses_1", error: { name: "MessageOutputLengthError", data: {} } },
      {
        kind: "error",
        sessionId: "ses_1",
        name: "MessageOutputLengthError",
        message: "The answer was longer than the model may give.",
      },
    ],
    ["question.rejected", { sessionID: "ses_1", requestID: "que_1" }, { kind: "question_gone", id: "que_1" }],
  ])("%s %j", (type, properties, change) => {
    expect(readChange(type, properties)).toEqual(change);
  });

  it("reads a request whose details are of another form than known", () => {
    const change = readChange("permission.asked", {
      id: "per_1",
      sessionID: "ses_1",
      permission: "bash",
      patterns: "ls",
      always: null,
    });
    expect(change).toEqual({
      kind: "permission",
      request: { id: "per_1", sessionId: "ses_1", permission: "bash", patterns: [], always: [], metadata: {} },
    });
  });
});

describe("readPart", () => {
  const tool = (state: unknown) => readPart({ type: "tool", id: "p", callID: "c", tool: "bash", state });

  it("takes a user's text for whole and a streamed one for unfinished until its end", () => {
    const done = (time: unknown) => readPart({ type: "text", id: "p", text: "x", time });
    expect([undefined, { start: 1 }, { start: 1, end: 2 }].map((time) => done(time))).toMatchObject([
      { done: true },
      { done: false },
      { done: true },
    ]);
  });

  it("shows the output of a running command where that of a finished one stands, and sends it once", () => {
    const running = tool({
      status: "running",
      input: { command: "ls" },
      metadata: { output: "a\n", extra: 1 },
      time: { start: 1 },
    });
    expect(running).toMatchObject({
      state: { status: "running", output: "a\n", metadata: { extra: 1 }, startedAt: 1, endedAt: null },
    });
    const completed = tool({
      status: "completed",
      input: {},
      output: "a\nb\n",
      title: "ls",
      metadata: { output: "a\nb\n", exit: 0 },
      time: { start: 1, end: 2 },
    });
    expect(completed).toMatchObject({ state: { output: "a\nb\n", metadata: { exit: 0 }, endedAt: 2 } });
    expect(JSON.stringify(completed).match(/a\\nb/g)).toHaveLength(1);
  });

  it("leaves out parts we do not show and those that cannot be read", () => {
    for (const type of ["step-start", "step-finish", "snapshot", "file", "retry", "new-kind"])
      expect(readPart({ type, id: "p" })).toBeNull();
    expect(tool({ status: "exploded" })).toBeNull();
    expect(readPart(null)).toBeNull();
  });

  it("always answers with what the contract allows", () => {
    assert(
      property(constantFrom("text", "reasoning", "tool", "patch"), anything(), anything(), (type, a, b) => {
        const part = readPart({
          type,
          id: "p",
          text: a,
          time: b,
          callID: a,
          tool: b,
          files: a,
          state: { status: "running", input: a, metadata: b, time: a },
        });
        if (part !== null) expect(partSchema.safeParse(part).success).toBe(true);
      }),
    );
  });
});

it("a message names its model in either of the two forms OpenCode has", () => {
  const base = { id: "m", sessionID: "ses_1", time: { created: 1 } };
  const user = readMessage({ ...base, role: "user", model: { providerID: "a", modelID: "b/c" } });
  const assistant = readMessage({
    ...base,
    role: "assistant",
    providerID: "a",
    modelID: "b",
    error: { name: "APIError", data: { message: "no" } },
  });
  expect([user?.model, assistant?.model, assistant?.error]).toEqual([
    "a/b/c",
    "a/b",
    { name: "APIError", message: "no" },
  ]);
  expect(readMessage({ ...base, role: "system" })).toBeNull();
});

it("a session needs its folder: without it nobody knows whose it is", () => {
  const session = { id: "ses_1", title: "t", time: { created: 1, updated: 2 } };
  expect(readSession(session)).toBeNull();
  expect(readSession({ ...session, directory: "/d" })).toMatchObject({ parentId: null, cost: 0, tokens: { input: 0 } });
});
