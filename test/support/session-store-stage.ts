/** A session store on a server of a test's own, whose answers and events the test decides. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach } from "vitest";
import type { SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { Emitter } from "../../electron/core/lib/emitter.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { OpencodeClient } from "../../electron/core/opencode/client.ts";
import type { ServerConnection } from "../../electron/core/opencode/connection.ts";
import type { EventPosition } from "../../electron/core/opencode/event-positions.ts";
import type { WireEvent } from "../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../electron/core/opencode/protocol/v1.ts";
import { SessionStore } from "../../electron/core/opencode/session-store.ts";
import { until } from "./opencode-world.ts";

const directory = "/the/workspace";

export const id = (name: string): SessionId => `ses_${name}` as SessionId;

export function session(name: string, change: Record<string, unknown> = {}) {
  return { id: id(name), directory, title: name, time: { created: 1, updated: 1 }, ...change };
}

export const permission = (name: string, owner: string) => ({
  id: `per_${name}`,
  sessionID: id(owner),
  permission: "bash",
  patterns: [],
  metadata: {},
  always: [],
});

/** A part of the message `m` of the session `a`. */
export const textPart = (value: string, time: unknown) => ({
  type: "text",
  id: "p",
  messageID: "m",
  sessionID: id("a"),
  text: value,
  time,
});

export const assistant = { id: "m", sessionID: id("a"), role: "assistant", time: { created: 1 } };

/** The text of the first part of a snapshot. */
export const snapshotText = (event: SessionEvent | undefined): string | null => {
  const part = event?.kind === "snapshot" ? event.messages[0]?.parts[0] : undefined;
  return part?.type === "text" ? part.text : null;
};

export interface SessionStoreStage {
  readonly store: SessionStore;
  /** What the server answers by path. */
  readonly answers: Map<string, unknown>;
  /** A server runs. */
  present: boolean;
  readonly events: Emitter<WireEvent>;
  readonly connected: Emitter<void>;
  readonly gone: Emitter<string>;
  emit(type: string, properties: unknown, where?: string): void;
  emitAt(position: EventPosition): void;
  /** A piece of the text part. */
  delta(text: string): void;
  /** Answers to `path` wait from now on, until they are released. */
  hold(path: string): { arrived: () => Promise<unknown>; release: () => void };
  /** Answers to `path` wait no more; those that wait already go on waiting. */
  letGo(path: string): void;
  loaded(): Promise<unknown>;
  /** A viewer of a session, and what it has seen. */
  view(name?: string): { seen: SessionEvent[]; ends: string[]; end: () => void; kinds: () => string[] };
}

/** To be called once at the top of a test file. */
export function sessionStoreStage(): SessionStoreStage {
  const events = new Emitter<WireEvent>(() => undefined);
  const connected = new Emitter<void>(() => undefined);
  const gone = new Emitter<string>(() => undefined);
  let answers = new Map<string, unknown>();
  let held = new Map<string, (() => void)[]>();
  let server: Server;
  let store: SessionStore;
  let url = "";
  const emit: SessionStoreStage["emit"] = (type, properties, where = directory) =>
    events.emit({ directory: where, type, properties, position: null });
  const stage: SessionStoreStage = {
    get store() {
      return store;
    },
    get answers() {
      return answers;
    },
    present: true,
    events,
    connected,
    gone,
    emit,
    emitAt: (position) => events.emit({ directory, type: "sync", properties: undefined, position }),
    delta: (text) =>
      emit("message.part.delta", { sessionID: id("a"), messageID: "m", partID: "p", field: "text", delta: text }),
    hold(path) {
      const waiting: (() => void)[] = [];
      held.set(path, waiting);
      return {
        arrived: () => until(`a request of ${path}`, () => waiting.length > 0),
        release: () => {
          held.delete(path);
          for (const send of waiting) send();
        },
      };
    },
    letGo: (path) => void held.delete(path),
    loaded: () => until("the sessions", () => store.state().sessions.length > 0),
    view(name = "a") {
      const seen: SessionEvent[] = [];
      const ends: string[] = [];
      const end = store.events(
        id(name),
        (event) => seen.push(event),
        (error) => ends.push(error.code),
      );
      return { seen, ends, end, kinds: () => seen.map((event) => event.kind) };
    },
  };
  const connection: ServerConnection = {
    client: () => (stage.present ? new OpencodeClient({ url, password: "p", directory, clock: systemClock }) : null),
    protocol: () => (stage.present ? protocolV1 : null),
    onConnected: (listener) => connected.on(listener),
    onGone: (listener) => gone.on(listener),
    onEvent: (listener) => events.on(listener),
  };
  beforeEach(async () => {
    stage.present = true;
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
  return stage;
}

function reply(response: ServerResponse, value: unknown): void {
  response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(value ?? { name: "NotFoundError", data: { message: "Session not found" } }));
}
