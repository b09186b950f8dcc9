import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChatState, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { Emitter } from "../../../../electron/core/lib/emitter.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import type { ServerConnection } from "../../../../electron/core/opencode/connection.ts";
import type { EventPosition } from "../../../../electron/core/opencode/event-positions.ts";
import type { WireEvent } from "../../../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { SessionStore } from "../../../../electron/core/opencode/session-store.ts";
import { until } from "../../../support/opencode-world.ts";

const directory = "/the/workspace";
const id = (name: string) => `ses_${name}` as SessionId;

/** What the server answers by path; a path that is held waits until it is let go. */
let answers: Map<string, unknown>;
let held: Map<string, (() => void)[]>;
let server: Server;
let url: string;
let present: boolean;
let store: SessionStore;
const events = new Emitter<WireEvent>(() => undefined);
const connected = new Emitter<void>(() => undefined);
const gone = new Emitter<string>(() => undefined);
const connection: ServerConnection = {
  client: () => (present ? new OpencodeClient({ url, password: "p", directory, clock: systemClock }) : null),
  protocol: () => (present ? protocolV1 : null),
  onConnected: (listener) => connected.on(listener),
  onGone: (listener) => gone.on(listener),
  onEvent: (listener) => events.on(listener),
};

function session(name: string, change: Record<string, unknown> = {}) {
  return { id: id(name), directory, title: name, time: { created: 1, updated: 1 }, ...change };
}
const permission = (name: string, owner: string) => ({
  id: `per_${name}`,
  sessionID: id(owner),
  permission: "bash",
  patterns: [],
  metadata: {},
  always: [],
});
const emit = (type: string, properties: unknown, where = directory) =>
  events.emit({ directory: where, type, properties, position: null });
const emitAt = (position: EventPosition) => events.emit({ directory, type: "sync", properties: undefined, position });
const textPart = (value: string, time: unknown) => ({
  type: "text",
  id: "p",
  messageID: "m",
  sessionID: id("a"),
  text: value,
  time,
});
const assistant = { id: "m", sessionID: id("a"), role: "assistant", time: { created: 1 } };
const delta = (text: string) =>
  emit("message.part.delta", { sessionID: id("a"), messageID: "m", partID: "p", field: "text", delta: text });

beforeEach(async () => {
  present = true;
  held = new Map();
  answers = new Map<string, unknown>([
    ["/session", [session("a")]],
    ["/session/status", {}],
    ["/permission", []],
    ["/question", []],
    [`/session/${id("a")}`, session("a")],
    [`/session/${id("a")}/message`, [{ info: assistant, parts: [textPart("", { start: 1 })] }]],
  ]);
  server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://x").pathname;
    const value = answers.get(path);
    const send = () => reply(response, value);
    const waiting = held.get(path);
    if (waiting === undefined) send();
    else waiting.push(send);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = new SessionStore({ connection, directory, clock: systemClock, logger: silentLogger, turns: null });
});
afterEach(async () => {
  store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function reply(response: ServerResponse, value: unknown): void {
  response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(value ?? { name: "NotFoundError", data: { message: "Session not found" } }));
}
/** Answers to `path` wait from now on; the returned function lets them go. */
function hold(path: string): { arrived: () => Promise<unknown>; release: () => void } {
  const waiting: (() => void)[] = [];
  held.set(path, waiting);
  return {
    arrived: () => until(`a request of ${path}`, () => waiting.length > 0),
    release: () => {
      held.delete(path);
      for (const send of waiting) send();
    },
  };
}
const loaded = () => until("the sessions", () => store.state().sessions.length > 0);
function view(name = "a") {
  const seen: SessionEvent[] = [];
  const ends: string[] = [];
  const end = store.events(
    id(name),
    (event) => seen.push(event),
    (error) => ends.push(error.code),
  );
  return { seen, ends, end, kinds: () => seen.map((event) => event.kind) };
}
const snapshotText = (event: SessionEvent | undefined) => {
  const part = event?.kind === "snapshot" ? event.messages[0]?.parts[0] : undefined;
  return part?.type === "text" ? part.text : null;
};

describe("the state of the chat", () => {
  it("holds this folder's sessions only, the most recently used first, with their status", async () => {
    answers.set("/session", [
      session("a"),
      session("b", { time: { created: 1, updated: 9 } }),
      session("x", { directory: "/other" }),
      { junk: true },
    ]);
    answers.set("/session/status", { [id("a")]: { type: "busy" } });
    connected.emit();
    await until("both", () => store.state().sessions.length === 2);
    expect(store.state().sessions.map(({ id: name, status }) => [name, status.type])).toEqual([
      [id("b"), "idle"],
      [id("a"), "busy"],
    ]);
    emit("session.created", { info: session("y", { directory: "/other" }) }, "/other");
    emit("session.created", { info: session("z", { directory: "/other" }) });
    expect(store.state().sessions).toHaveLength(2);
  });

  it("shows what happens while it is being read, in order, on top of what is read", async () => {
    await loaded();
    answers.set("/permission", [permission("old", "a")]);
    const list = hold("/session");
    connected.emit();
    await list.arrived();
    emit("permission.replied", { sessionID: id("a"), requestID: "per_old" });
    emit("permission.asked", permission("new", "a"));
    emit("session.created", { info: session("b") });
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    list.release();
    await until("the new state", () => store.state().sessions.length === 2);
    expect(store.state().permissions.map((request) => request.id)).toEqual(["per_new"]);
    expect(store.session(id("a"))?.status.type).toBe("busy");
  });

  it("uses the newest reading where two are under way", async () => {
    await loaded();
    const first = hold("/question");
    connected.emit();
    await first.arrived();
    held.delete("/question");
    answers.set("/session", [session("second")]);
    connected.emit();
    await until("the second reading", () => store.session(id("second")) !== null);
    first.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.state().sessions.map((entry) => entry.id)).toEqual([id("second")]);
  });

  it("finds what was asked after the greeting and before the server listened to its own events: no event tells of it", async () => {
    connected.emit();
    events.emit({ directory: null, type: "server.connected", properties: {}, position: null });
    await loaded();
    expect(store.state().permissions).toEqual([]);
    answers.set("/permission", [permission("lost", "a")]);
    events.emit({ directory: null, type: "server.heartbeat", properties: {}, position: null });
    await until("the request", () => store.state().permissions.length === 1);
    expect(store.busy()).toBe(true);
  });

  it("maps a sub-agent's requests to the session at the top, and drops them with their session", async () => {
    answers.set("/session", [
      session("a"),
      session("b", { parentID: id("a") }),
      session("c", { parentID: id("b") }),
      session("loop", { parentID: id("loop") }),
    ]);
    connected.emit();
    await until("all", () => store.state().sessions.length === 4);
    for (const owner of ["c", "loop", "unknown"]) emit("permission.asked", permission(owner, owner));
    await until("the requests", () => store.state().permissions.length === 3);
    expect(store.state().permissions.map((request) => request.sessionId)).toEqual([id("a"), id("loop"), id("unknown")]);
    emit("session.deleted", { sessionID: id("c") });
    expect(store.state().permissions).toHaveLength(2);
  });

  it("keeps the sessions and nothing else when the server is gone", async () => {
    await loaded();
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    emit("permission.asked", permission("p", "a"));
    present = false;
    gone.emit("It crashed.");
    expect(store.state()).toMatchObject({
      sessions: [{ id: id("a"), status: { type: "idle" } }],
      permissions: [],
      questions: [],
    });
  });

  it("is pushed at once and at each change, not for noise", async () => {
    await loaded();
    const pushed: ChatState[] = [];
    const end = store.watch((state) => pushed.push(state));
    for (const type of ["plugin.added", "session.idle", "session.idle"]) emit(type, { sessionID: id("a") });
    expect(pushed).toHaveLength(1);
    emit("permission.asked", permission("p", "a"));
    end();
    emit("permission.replied", { requestID: "per_p", sessionID: id("a") });
    expect(pushed.map((state) => state.permissions.length)).toEqual([0, 1]);
  });
});

describe("the events of a session", () => {
  it("begin with a snapshot that has every piece once, though some came while it was read", async () => {
    await loaded();
    emit("message.updated", { info: assistant });
    emit("message.part.updated", { part: textPart("", { start: 1 }) });
    delta("one ");
    const list = hold(`/session/${id("a")}/message`);
    const { seen, kinds } = view();
    await list.arrived();
    delta("two ");
    expect(seen).toEqual([]);
    list.release();
    await until("the snapshot", () => seen.length > 0);
    expect(snapshotText(seen[0])).toBe("one two ");
    delta("three");
    expect(kinds()).toEqual(["snapshot", "delta"]);
    const late = view();
    expect(snapshotText(late.seen[0])).toBe("one two three");
  });

  it("do not repeat pieces of a text that was complete when it was read", async () => {
    await loaded();
    emit("message.part.updated", { part: textPart("", { start: 1 }) });
    const list = hold(`/session/${id("a")}/message`);
    const { seen } = view();
    await list.arrived();
    delta("whole");
    emit("message.part.updated", { part: textPart("whole", { start: 1, end: 2 }) });
    answers.set(`/session/${id("a")}/message`, [{ info: assistant, parts: [textPart("whole", { start: 1, end: 2 })] }]);
    list.release();
    await until("the snapshot", () => seen.length > 0);
    expect(snapshotText(seen[0])).toBe("whole");
  });

  it("come with a new snapshot after each connection, and with nothing before it", async () => {
    await loaded();
    const { seen, kinds } = view();
    await until("the snapshot", () => seen.length === 1);
    const list = hold("/session");
    connected.emit();
    await list.arrived();
    const second = { ...assistant, id: "m2" };
    emit("message.updated", { info: second });
    expect(kinds()).toEqual(["snapshot"]);
    answers.set(
      `/session/${id("a")}/message`,
      [assistant, second].map((info) => ({ info, parts: [] })),
    );
    list.release();
    await until("the second", () => seen.length === 2);
    expect(seen[1]).toMatchObject({ kind: "snapshot", messages: [{ id: "m" }, { id: "m2" }] });
  });

  it("wait for a server where none runs", async () => {
    await loaded();
    present = false;
    gone.emit("It crashed.");
    const { seen, ends } = view();
    present = true;
    connected.emit();
    await until("the snapshot", () => seen.length > 0);
    expect([seen[0]?.kind, ends]).toEqual(["snapshot", []]);
  });

  it("end for a session that is unknown, another folder's, or removed", async () => {
    await loaded();
    answers.set(`/session/${id("x")}`, session("x", { directory: "/other" }));
    answers.set(`/session/${id("x")}/message`, []);
    for (const name of ["x", "unknown"]) {
      const { ends, seen } = view(name);
      await until("the end", () => ends.length > 0);
      expect([ends, seen]).toEqual([["session_missing"], []]);
    }
    const removed = view();
    await until("the snapshot", () => removed.seen.length > 0);
    emit("session.deleted", { sessionID: id("a") });
    expect(removed.ends).toEqual(["session_missing"]);
  });

  it("reach a viewer no more once it has left, also while the messages are being read", async () => {
    await loaded();
    const list = hold(`/session/${id("a")}/message`);
    const leaving = view();
    await list.arrived();
    leaving.end();
    list.release();
    const staying = view();
    await until("the snapshot", () => staying.seen.length > 0);
    expect(leaving.seen).toEqual([]);
    emit("session.updated", { info: session("a", { title: "renamed" }) });
    expect(staying.seen.at(-1)).toMatchObject({ kind: "session", session: { title: "renamed" } });
  });

  it("reach the others though one viewer throws", async () => {
    await loaded();
    store.events(
      id("a"),
      () => {
        throw new Error("broken viewer");
      },
      () => undefined,
    );
    const other = view();
    await until("the snapshot", () => other.seen.length > 0);
    emit("message.updated", { info: { ...assistant, id: "m2" } });
    expect(other.kinds().at(-1)).toBe("message");
  });

  it("carry 20,000 pieces in well under a second", async () => {
    await loaded();
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    const { seen } = view();
    await until("the snapshot", () => seen.length > 0);
    // Time of the processor: what else the machine has to do is not ours.
    const started = process.cpuUsage();
    for (let index = 0; index < 20_000; index += 1) delta(`${index} `);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(1_000);
    expect(seen).toHaveLength(20_001);
    expect(snapshotText(view().seen[0])?.split(" ")).toHaveLength(20_001);
  });
});

describe("a turn that the server's end cuts off", () => {
  const running = {
    type: "tool",
    id: "t",
    messageID: "m",
    sessionID: id("a"),
    callID: "c",
    tool: "bash",
    state: { status: "running", input: { command: "sleep 9" } },
  };
  const begin = async () => {
    await loaded();
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    emit("message.updated", { info: assistant });
    emit("message.part.updated", { part: textPart("", { start: 1 }) });
    emit("message.part.updated", { part: running });
    delta("half of it");
  };
  const crash = () => {
    present = false;
    gone.emit("The server crashed.");
  };
  const restart = () => {
    present = true;
    connected.emit();
  };

  it("is marked at once for who watches, and its tools end", async () => {
    answers.set("/session/status", { [id("a")]: { type: "busy" } });
    const { seen } = view();
    await begin();
    await until("the snapshot", () => seen.length > 0);
    emit("message.part.updated", { part: running });
    expect(store.busy()).toBe(true);
    crash();
    expect(store.busy()).toBe(false);
    const told = seen.flatMap((event) => (event.kind === "message" ? [event.info.interrupted] : []));
    expect(told.at(-1)).toBe("The server crashed.");
    const tool = seen.findLast((event) => event.kind === "part");
    expect(tool).toMatchObject({ part: { state: { status: "error", error: "It was cut off." } } });
    expect(store.isInterrupted(id("a"))).toBe(true);
  });

  it("keeps its text and its mark over restarts and later turns, watched or not", async () => {
    await begin();
    crash();
    const parts = [textPart("", { start: 1 }), running];
    answers.set(`/session/${id("a")}/message`, [{ info: assistant, parts }]);
    restart();
    const first = view();
    await until("the snapshot", () => first.seen.length > 0);
    expect(first.seen[0]).toMatchObject({
      messages: [
        {
          interrupted: "The server crashed.",
          parts: [{ text: "half of it" }, { state: { status: "error" } }],
        },
      ],
    });
    first.end();
    const next = { ...assistant, id: "m2", time: { created: 5, completed: 6 } };
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    emit("message.updated", { info: next });
    emit("session.status", { sessionID: id("a"), status: { type: "idle" } });
    emit("session.idle", { sessionID: id("a") });
    answers.set(`/session/${id("a")}/message`, [
      { info: assistant, parts },
      { info: next, parts: [] },
    ]);
    crash();
    restart();
    const later = view();
    await until("the snapshot", () => later.seen.length > 0);
    expect(snapshotText(later.seen[0])).toBe("half of it");
    expect(later.seen[0]).toMatchObject({ messages: [{ interrupted: "The server crashed." }, { interrupted: null }] });
  });

  it("loses the mark and keeps the text when it is continued", async () => {
    await begin();
    crash();
    answers.set(`/session/${id("a")}/message`, [{ info: assistant, parts: [textPart("", { start: 1 })] }]);
    restart();
    const { seen } = view();
    await until("the snapshot", () => seen.length > 0);
    store.continued(id("a"));
    expect(seen.at(-1)).toMatchObject({ kind: "message", info: { interrupted: null } });
    expect(store.isInterrupted(id("a"))).toBe(false);
    const count = seen.length;
    store.continued(id("a"));
    expect(seen).toHaveLength(count);
    connected.emit();
    await until("the next snapshot", () => seen.length > count);
    expect(snapshotText(seen.at(-1))).toBe("half of it");
    expect(seen.at(-1)).toMatchObject({ messages: [{ interrupted: null }] });
  });

  it("is not told as aborted too, where the server aborted it because it stops", async () => {
    const { seen } = view();
    await begin();
    await until("the snapshot", () => seen.length > 0);
    const error = { name: "MessageAbortedError", data: { message: "Aborted" } };
    emit("message.updated", { info: { ...assistant, error, time: { created: 1, completed: 2 } } });
    emit("session.status", { sessionID: id("a"), status: { type: "idle" } });
    crash();
    const last = seen.findLast((event) => event.kind === "message");
    expect(last).toMatchObject({ info: { interrupted: "The server crashed.", error: null } });
  });

  it("is not marked where a person aborted it", async () => {
    const { seen } = view();
    await begin();
    await until("the snapshot", () => seen.length > 0);
    store.personAborts(id("a"));
    const error = { name: "MessageAbortedError", data: { message: "Aborted" } };
    emit("message.updated", { info: { ...assistant, error, time: { created: 1, completed: 2 } } });
    emit("session.status", { sessionID: id("a"), status: { type: "idle" } });
    crash();
    const last = seen.findLast((event) => event.kind === "message");
    expect(last).toMatchObject({ info: { interrupted: null, error: { name: "MessageAbortedError" } } });
  });

  it("is marked although nobody saw it, by what it left: an answer that was never finished", async () => {
    await loaded();
    const { seen } = view();
    await until("the snapshot", () => seen.length > 0);
    expect(seen[0]).toMatchObject({
      messages: [{ interrupted: "The server ended before the turn was finished." }],
    });
    // It lives after all: the mark was wrong and goes.
    emit("message.updated", { info: { ...assistant, time: { created: 1, completed: 2 } } });
    expect(seen.at(-1)).toMatchObject({ info: { interrupted: null } });
  });
});

describe("missing events", () => {
  it("make everything be read anew, once for many", async () => {
    await loaded();
    const { seen } = view();
    await until("the snapshot", () => seen.length === 1);
    emitAt({ session: id("a"), number: 4 });
    emitAt({ session: id("a"), number: 5 });
    expect(seen).toHaveLength(1);
    for (let number = 7; number < 100; number += 2) emitAt({ session: id("a"), number });
    await until("the second snapshot", () => seen.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toHaveLength(2);
  });

  it("are none across a new connection", async () => {
    await loaded();
    emitAt({ session: id("a"), number: 4 });
    const { seen } = view();
    await until("the snapshot", () => seen.length === 1);
    connected.emit();
    emitAt({ session: id("a"), number: 40 });
    await until("the second snapshot", () => seen.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toHaveLength(2);
  });
});

describe("an event without a folder", () => {
  it("counts for the sessions that are known here, and for no other", async () => {
    await loaded();
    const bare = (type: string, properties: unknown) =>
      events.emit({ directory: null, type, properties, position: null });
    bare("session.status", { sessionID: id("a"), status: { type: "busy" } });
    bare("session.created", { info: session("x", { directory: "/other" }) });
    bare("permission.asked", permission("p", "x"));
    bare("permission.asked", permission("q", "a"));
    expect(store.state()).toMatchObject({
      sessions: [{ id: id("a"), status: { type: "busy" } }],
      permissions: [{ id: "per_q" }],
    });
    bare("permission.replied", { sessionID: id("a"), requestID: "per_q" });
    bare("session.created", { info: session("b") });
    expect([store.state().permissions, store.state().sessions.length]).toEqual([[], 2]);
  });
});

describe("a reading that fails", () => {
  it("is tried again, the list as well as the messages", async () => {
    await loaded();
    const list = hold("/session/status");
    answers.set("/session/status", undefined);
    connected.emit();
    await list.arrived();
    list.release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    answers.set("/session/status", { [id("a")]: { type: "busy" } });
    await until("the second try", () => store.busy());
  });
});
