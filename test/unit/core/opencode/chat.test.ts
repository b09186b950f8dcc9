/** What a person does with sessions, against a scripted server of the first generation. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PermissionId, QuestionId, SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { Emitter } from "../../../../electron/core/lib/emitter.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { Chat } from "../../../../electron/core/opencode/chat.ts";
import { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import type { WireEvent } from "../../../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { until } from "../../../support/opencode-world.ts";

const directory = "/the/workspace";
const a = "ses_a" as SessionId;
const session = { id: a, directory, title: "a", time: { created: 1, updated: 1 } };
const cutAnswer = { id: "m", sessionID: a, role: "assistant", time: { created: 1 } };

let server: Server;
let client: OpencodeClient;
let clock: ManualClock;
let chat: Chat;
let present: boolean;
let answers: Map<string, unknown>;
/** What was asked for by POST and DELETE, with its body. */
let asked: [string, unknown][];
const events = new Emitter<WireEvent>(() => undefined);
const gone = new Emitter<string>(() => undefined);
const connected = new Emitter<void>(() => undefined);
const emit = (type: string, properties: unknown) => events.emit({ directory, type, properties, position: null });
const status = (type: string) => emit("session.status", { sessionID: a, status: { type } });

beforeEach(async () => {
  present = true;
  asked = [];
  clock = new ManualClock();
  answers = new Map<string, unknown>([
    ["/session", [session]],
    ["/session/status", {}],
    ["/permission", []],
    ["/question", []],
    [`/session/${a}`, session],
    [`/session/${a}/message`, [{ info: cutAnswer, parts: [] }]],
  ]);
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const path = new URL(request.url ?? "", "http://x").pathname;
      const key = request.method === "GET" ? path : `${request.method} ${path}`;
      if (request.method !== "GET") asked.push([key, text === "" ? null : JSON.parse(text)]);
      const known = request.method === "GET" ? answers.has(path) : !answers.has(key) || answers.get(key) !== null;
      response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(answers.get(key) ?? true));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new OpencodeClient({ url, password: "p", directory, clock: systemClock });
  chat = new Chat({
    server: {
      client: () => (present ? client : null),
      protocol: () => (present ? protocolV1 : null),
      onConnected: (listener) => connected.on(listener),
      onGone: (listener) => gone.on(listener),
      onEvent: (listener) => events.on(listener),
    },
    directory,
    clock,
    logger: silentLogger,
  });
  await until("the sessions", () => chat.state().sessions.length === 1);
});
afterEach(async () => {
  chat.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("what counts as busy", () => {
  it("is a turn, a retry, a permission and a question of this workspace", () => {
    expect(chat.busy()).toBe(false);
    status("busy");
    expect(chat.busy()).toBe(true);
    status("idle");
    emit("session.idle", { sessionID: a });
    expect(chat.busy()).toBe(false);
    emit("session.status", { sessionID: a, status: { type: "retry", attempt: 1, message: "x", next: 5 } });
    expect(chat.busy()).toBe(true);
    status("idle");
    emit("permission.asked", { id: "per_1", sessionID: a, permission: "bash", metadata: {} });
    expect(chat.busy()).toBe(true);
    emit("permission.replied", { sessionID: a, requestID: "per_1" });
    emit("question.asked", { id: "que_1", sessionID: a, questions: [] });
    expect(chat.busy()).toBe(true);
    emit("question.rejected", { sessionID: a, requestID: "que_1" });
    emit("session.status", { sessionID: "ses_other", status: { type: "busy" } });
    expect(chat.busy()).toBe(false);
  });
});

describe("the last activity", () => {
  it("is the newest of what a person asked and of the beginnings and ends of turns", async () => {
    const start = clock.monotonic();
    expect(chat.lastActivityAt).toBe(start);
    clock.advance(1_000);
    expect(chat.lastActivityAt).toBe(start);
    await chat.prompt(a, { text: "hello" });
    expect(chat.lastActivityAt).toBe(start + 1_000);
    clock.advance(1_000);
    status("busy");
    expect(chat.lastActivityAt).toBe(start + 2_000);
    clock.advance(5_000);
    status("idle");
    expect(chat.lastActivityAt).toBe(start + 7_000);
    clock.advance(1_000);
    await chat.replyPermission("per_1" as PermissionId, "once");
    await chat.replyQuestion("que_1" as QuestionId, [["Blue"]]);
    await chat.rejectQuestion("que_2" as QuestionId);
    expect(chat.lastActivityAt).toBe(start + 8_000);
    expect(asked.map(([key]) => key).slice(1)).toEqual([
      "POST /permission/per_1/reply",
      "POST /question/que_1/reply",
      "POST /question/que_2/reject",
    ]);
  });
});

describe("continuing a turn", () => {
  const cut = () => {
    status("busy");
    emit("message.updated", { info: cutAnswer });
    gone.emit("The server crashed.");
  };

  it("sends a short prompt that quotes nothing, once", async () => {
    cut();
    await chat.continueTurn(a);
    const [[key, body] = ["", null]] = asked;
    expect(key).toBe(`POST /session/${a}/prompt_async`);
    expect(body).toMatchObject({ parts: [{ type: "text", text: expect.stringContaining("cut off") as string }] });
    expect(JSON.stringify(body).length).toBeLessThan(300);
  });

  it("is refused where nothing was cut off, and while the turn runs", async () => {
    answers.set(`/session/${a}/message`, [{ info: { ...cutAnswer, time: { created: 1, completed: 2 } }, parts: [] }]);
    await expect(chat.continueTurn(a)).rejects.toMatchObject({ code: "not_found" });
    status("busy");
    await expect(chat.continueTurn(a)).rejects.toMatchObject({ code: "not_found" });
    expect(asked).toEqual([]);
  });

  it("works for a turn whose end nobody saw: an answer that was never finished", async () => {
    await chat.continueTurn(a);
    expect(asked).toHaveLength(1);
  });

  it("keeps the mark where the server does not take it", async () => {
    cut();
    answers.set(`POST /session/${a}/prompt_async`, null);
    await expect(chat.continueTurn(a)).rejects.toMatchObject({ code: "session_missing" });
    answers.delete(`POST /session/${a}/prompt_async`);
    await chat.continueTurn(a);
    answers.set(`/session/${a}/message`, []);
    await expect(chat.continueTurn(a)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("without a server", () => {
  it("every call says so, and the state stays to be seen", async () => {
    present = false;
    gone.emit("The server was stopped.");
    await expect(chat.prompt(a, { text: "x" })).rejects.toMatchObject({ code: "opencode_unreachable" });
    await expect(chat.models()).rejects.toMatchObject({ code: "opencode_unreachable" });
    expect(chat.state().sessions).toHaveLength(1);
  });
});

describe("a new session", () => {
  it("is known at once, also before its event", async () => {
    answers.set("POST /session", { ...session, id: "ses_b" });
    expect(await chat.createSession("b")).toMatchObject({ id: "ses_b", status: { type: "idle" } });
    expect(chat.state().sessions).toHaveLength(2);
    answers.set("POST /session", { id: "no session" });
    await expect(chat.createSession()).rejects.toMatchObject({ code: "opencode_error" });
  });
});
