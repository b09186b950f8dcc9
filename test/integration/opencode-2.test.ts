/** Adapter 2, the handshake and the registration file against the scripted server of OpenCode 2. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { Emitter } from "../../electron/core/lib/emitter.ts";
import { isAbort } from "../../electron/core/lib/error.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Chat } from "../../electron/core/opencode/chat.ts";
import { OpencodeClient } from "../../electron/core/opencode/client.ts";
import { runEventStream, type WireEvent } from "../../electron/core/opencode/event-stream.ts";
import { handshake, readPasswordLine, readReadyLine } from "../../electron/core/opencode/protocol/handshake.ts";
import { protocolV1 } from "../../electron/core/opencode/protocol/v1.ts";
import { protocolV2 } from "../../electron/core/opencode/protocol/v2.ts";
import { readServiceFile, serviceFilePath } from "../../electron/core/opencode/service-file.ts";
import { startFake2, type Fake2Options, type StartedFake2 } from "../fakes/fake-opencode-2/fake-opencode-2.ts";
import { until, viewSession } from "../support/opencode-world.ts";
import { until as eventually } from "../support/until.ts";

const directory = "/the/workspace";
const { signal } = new AbortController();
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(options: Fake2Options = {}): Promise<StartedFake2 & { readonly url: string }> {
  const started = await startFake2(options);
  cleanups.push(() => started.end());
  const ready = readReadyLine(started.lines[0] ?? "");
  if (ready?.line.kind !== "listening") throw new Error(`no ready line: ${started.lines.join()}`);
  expect(ready.protocol).toBe(protocolV2);
  return { ...started, url: ready.line.url };
}
const clientOf = (url: string, password: string) =>
  new OpencodeClient({ url, password, directory, clock: systemClock });

/** A chat of a started server, with its event stream. */
async function talk(fake: object = {}) {
  const server = await start({ password: "secret", fake });
  const client = clientOf(server.url, "secret");
  const emitters = {
    connected: new Emitter<void>(console.error),
    gone: new Emitter<string>(console.error),
    events: new Emitter<WireEvent>(console.error),
  };
  let bytes = 0;
  let present = true;
  const ending = new AbortController();
  const chat = new Chat({
    server: {
      client: () => (present ? client : null),
      protocol: () => (present ? protocolV2 : null),
      onConnected: (listener) => emitters.connected.on(listener),
      onGone: (listener) => emitters.gone.on(listener),
      onEvent: (listener) => emitters.events.on(listener),
    },
    directory,
    clock: systemClock,
    logger: silentLogger,
  });
  let connections = 0;
  const work = runEventStream({
    client,
    protocol: protocolV2,
    clock: systemClock,
    logger: silentLogger,
    random: () => 0.5,
    onEvent: (event) => emitters.events.emit(event),
    onConnected: () => {
      connections += 1;
      emitters.connected.emit();
    },
    onDisconnected: () => undefined,
    onActivity: (length) => (bytes += length),
    signal: ending.signal,
  }).catch((error: unknown) => {
    if (!isAbort(error)) throw error;
  });
  cleanups.push(async () => {
    chat.close();
    ending.abort();
    await work;
  });
  await until("the connection", () => connections === 1);
  return {
    chat,
    client,
    server,
    bytes: () => bytes,
    async crash() {
      await server.end();
      present = false;
      emitters.gone.emit("The server crashed.");
    },
  };
}
const isIdle = (chat: Chat, id: SessionId) =>
  chat.state().sessions.find((session) => session.id === id)?.status.type === "idle";

describe("the start of OpenCode 2", () => {
  it("is read from its own line, and the password it made up from the next", async () => {
    const { lines, url } = await start();
    await until("the password", () => lines.length === 2);
    const password = readPasswordLine(lines[1] ?? "") ?? "";
    expect(password).toMatch(/^[0-9a-f]{32}$/);
    expect(readPasswordLine(lines[0] ?? "")).toBeNull();
    const met = await handshake(clientOf(url, password), signal, null);
    expect(met).toEqual({ protocol: protocolV2, version: "2.0.12" });
    expect(readReadyLine("opencode server listening on http://127.0.0.1:4096")?.protocol).toBe(protocolV1);
  });

  it.each(["/api/info", "/api/status", "/api/health"])("is met by its health at %s", async (health) => {
    const { url } = await start({ password: "p", fake: { health } });
    for (const hint of [null, protocolV1, protocolV2]) {
      expect((await handshake(clientOf(url, "p"), signal, hint)).protocol.generation).toBe(2);
    }
  });

  it("is known by its description where its health is at none of them, and by nothing without one", async () => {
    const described = await start({ password: "p", fake: { health: null } });
    expect(await handshake(clientOf(described.url, "p"), signal, null)).toMatchObject({ version: "2.0.12" });
    const mute = await start({ password: "p", fake: { health: null, doc: false } });
    await expect(handshake(clientOf(mute.url, "p"), signal, null)).rejects.toMatchObject({ code: "opencode_error" });
  });

  it("refuses strangers and a wrong password, which is no other generation", async () => {
    const { url } = await start({ password: "p" });
    expect(await clientOf(url, "p").refusesStrangers(signal)).toBe(true);
    await expect(handshake(clientOf(url, "wrong"), signal, null)).rejects.toMatchObject({ code: "opencode_auth" });
  });

  it("fails its probe where the health answers and the sessions do not", async () => {
    const broken = await start({ password: "p", fake: { broken: true } });
    const client = clientOf(broken.url, "p");
    await protocolV2.health(client);
    await expect(protocolV2.probe(client)).rejects.toMatchObject({ code: "opencode_error" });
  });
});

describe("a turn with OpenCode 2", () => {
  it("is streamed, folded and read again as the same", async () => {
    const { chat } = await talk();
    const session = await chat.createSession("two");
    const view = viewSession(chat, session.id);
    await until("the snapshot", () => view.events.length > 0);
    await chat.prompt(session.id, { text: "hello from two", model: "fake/m9", agent: "plan" });
    await until("the answer", () => view.texts().length === 2 && isIdle(chat, session.id));
    expect(view.texts()).toEqual(["hello from two", "hello from two"]);
    const deltas = view.events.flatMap((event) => (event.kind === "delta" ? [event.delta] : []));
    // Those that came before the newest snapshot are in it.
    expect("hello from two".endsWith(deltas.join(""))).toBe(true);
    const answer = view.events.findLast((event) => event.kind === "message");
    expect(answer).toMatchObject({ info: { role: "assistant", model: "fake/m9", agent: "plan", cost: 0.5 } });
    const later = viewSession(chat, session.id);
    await until("the second snapshot", () => later.events.length > 0);
    expect(later.texts()).toEqual(view.texts());
  });

  it("asks for a permission in our words, takes the answer, and shows the tool's output", async () => {
    const { chat } = await talk();
    const session = await chat.createSession("two");
    const view = viewSession(chat, session.id);
    for (const reply of ["once", "reject"] as const) {
      await chat.prompt(session.id, { text: "#ask" });
      const asked = await until("the permission", () => chat.state().permissions[0]);
      expect(asked).toMatchObject({ permission: "bash", patterns: ["date"], always: ["date *"] });
      expect(chat.busy()).toBe(true);
      await chat.replyPermission(asked.id, reply, reply === "reject" ? "no" : undefined);
      await until("the end", () => !chat.busy());
      await expect(chat.replyPermission(asked.id, "once")).rejects.toMatchObject({ code: "not_found" });
    }
    // As the changes made it, which is what the server has as well.
    const folded = viewSession(chat, session.id);
    await until("the snapshot", () => folded.events.length > 0);
    const snapshot = folded.events[0];
    const tools = snapshot?.kind === "snapshot" ? snapshot.messages.flatMap(({ parts }) => parts) : [];
    const states = tools.flatMap((part) =>
      part.type === "tool" ? [[part.state.status, part.state.output, part.state.error]] : [],
    );
    expect(states).toEqual([
      ["completed", "Saturday", null],
      ["error", null, "Not allowed."],
    ]);
    view.end();
  });

  it("takes an answer to a question, and a refusal", async () => {
    const { chat } = await talk();
    const session = await chat.createSession("two");
    const view = viewSession(chat, session.id);
    await chat.prompt(session.id, { text: "#question" });
    const asked = await until("the question", () => chat.state().questions[0]);
    await chat.replyQuestion(asked.id, [["Blue"]]);
    await until("the answer", () => view.texts().includes("So it is Blue."));
    await chat.prompt(session.id, { text: "#question" });
    await chat.rejectQuestion((await until("the next", () => chat.state().questions[0])).id);
    await until("the end", () => view.texts().includes("As you like.") && !chat.busy());
  });

  it("tells a failure, ends at an abort, and is removed", async () => {
    const { chat } = await talk();
    const session = await chat.createSession("two");
    const view = viewSession(chat, session.id);
    await chat.prompt(session.id, { text: "#fail" });
    // At the message in either way: by its event, or in the snapshot that the new session brings.
    await until("the failure", () => view.events.some((event) => JSON.stringify(event).includes("no key")));
    await chat.prompt(session.id, { text: "#stall here" });
    await until("the text", () => view.texts().at(-1) === "#stall here");
    await chat.abort(session.id);
    await until("the end", () => isIdle(chat, session.id));
    await chat.remove(session.id);
    await until("the end of the view", () => view.ends.length === 1);
    expect(chat.state().sessions).toEqual([]);
    await expect(chat.prompt("ses_none" as SessionId, { text: "x" })).rejects.toMatchObject({
      code: "session_missing",
    });
  });

  it("is marked when the server crashes in the middle, with its text kept", async () => {
    const { chat, crash } = await talk();
    const session = await chat.createSession("two");
    const view = viewSession(chat, session.id);
    await chat.prompt(session.id, { text: "#stall half of it" });
    await until("the text", () => view.texts().at(-1) === "#stall half of it");
    await crash();
    const marked = view.events.findLast((event) => event.kind === "message");
    expect(marked).toMatchObject({ info: { interrupted: "The server crashed." } });
    expect(chat.busy()).toBe(false);
  });

  it("is interrupted by dispose", async () => {
    const { chat, client } = await talk();
    const session = await chat.createSession("two");
    await chat.prompt(session.id, { text: "#stall" });
    await until("the turn", () => chat.busy());
    await protocolV2.dispose(client, 5_000);
    await until("its end", () => !chat.busy());
  });

  it("lists its models, and does without the route of questions", async () => {
    const { chat } = await talk({ questions: false });
    expect(await chat.models()).toEqual({
      models: [{ id: "fake/m2", name: "Model two", provider: "fake" }],
      default: null,
    });
    const session = await chat.createSession("two");
    // Its event makes everything be read anew, which the new session may have to wait for.
    await until("the new session", () => chat.state().sessions.some(({ id }) => id === session.id));
  });

  it("pages through more messages than the server gives at once", async () => {
    const { chat, client } = await talk();
    const session = await chat.createSession("two");
    for (let index = 0; index < 105; index += 1) {
      await chat.prompt(session.id, { text: `message ${index}` });
    }
    const read = () => protocolV2.sessions.readMessages(client, session.id, 201);
    const isOver = async () => (await read()).at(-1)?.completedAt !== null;
    await eventually("the last turn", 10_000, isOver);
    const messages = await read();
    expect(messages).toHaveLength(201);
    const last = messages.at(-1)?.parts[0];
    expect(last?.type === "text" ? last.text : null).toBe("message 104");
  });

  it("counts its heartbeats, which are comments, as bytes and not as events", async () => {
    const { bytes } = await talk({ beatMs: 10 });
    const before = bytes();
    await until("some beats", () => bytes() > before + 50);
  });
});

describe("the shared server of OpenCode 2", () => {
  it("is found by its registration, met, and left running", async () => {
    const state = mkdtempSync(join(tmpdir(), "deckhand-service-"));
    cleanups.push(() => rmSync(state, { recursive: true }));
    const env = { XDG_STATE_HOME: state };
    const { child } = await start({ arguments: ["--service"], env });
    const found = await readServiceFile(serviceFilePath(env, "/nowhere"), process.getuid?.() ?? 0);
    if (found.kind !== "found") throw new Error(JSON.stringify(found));
    expect([found.pid, found.version]).toEqual([child.pid, "2.0.12"]);
    const met = await handshake(clientOf(found.url, found.password), signal, null);
    expect(met.protocol).toBe(protocolV2);
    expect(child.exitCode).toBeNull();
  });
});
