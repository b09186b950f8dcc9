/** The state of the chat: sessions, their status, and what waits for an answer. */
import { describe, expect, it } from "vitest";
import type { ChatState } from "#shared/schema/chat.ts";
import { until } from "../../../support/opencode-world.ts";
import { id, permission, session, sessionStoreStage } from "../../../support/session-store-stage.ts";

const stage = sessionStoreStage();
const { connected, emit, emitAt, events, gone, hold, letGo, loaded, view } = stage;

describe("the state of the chat", () => {
  it("holds this folder's sessions only, the most recently used first, with their status", async () => {
    stage.answers.set("/session", [
      session("a"),
      session("b", { time: { created: 1, updated: 9 } }),
      session("x", { directory: "/other" }),
      { junk: true },
    ]);
    stage.answers.set("/session/status", { [id("a")]: { type: "busy" } });
    connected.emit();
    await until("both", () => stage.store.state().sessions.length === 2);
    expect(stage.store.state().sessions.map(({ id: name, status }) => [name, status.type])).toEqual([
      [id("b"), "idle"],
      [id("a"), "busy"],
    ]);
    emit("session.created", { info: session("y", { directory: "/other" }) }, "/other");
    emit("session.created", { info: session("z", { directory: "/other" }) });
    expect(stage.store.state().sessions).toHaveLength(2);
  });

  it("shows what happens while it is being read, in order, on top of what is read", async () => {
    await loaded();
    stage.answers.set("/permission", [permission("old", "a")]);
    const list = hold("/session");
    connected.emit();
    await list.arrived();
    emit("permission.replied", { sessionID: id("a"), requestID: "per_old" });
    emit("permission.asked", permission("new", "a"));
    emit("session.created", { info: session("b") });
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    list.release();
    await until("the new state", () => stage.store.state().sessions.length === 2);
    expect(stage.store.state().permissions.map((request) => request.id)).toEqual(["per_new"]);
    expect(stage.store.session(id("a"))?.status.type).toBe("busy");
  });

  it("uses the newest reading where two are under way", async () => {
    await loaded();
    const first = hold("/question");
    connected.emit();
    await first.arrived();
    letGo("/question");
    stage.answers.set("/session", [session("second")]);
    connected.emit();
    await until("the second reading", () => stage.store.session(id("second")) !== null);
    first.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stage.store.state().sessions.map((entry) => entry.id)).toEqual([id("second")]);
  });

  it("finds what was asked after the greeting and before the server listened to its own events: no event tells of it", async () => {
    connected.emit();
    events.emit({ directory: null, type: "server.connected", properties: {}, position: null });
    await loaded();
    expect(stage.store.state().permissions).toEqual([]);
    stage.answers.set("/permission", [permission("lost", "a")]);
    events.emit({ directory: null, type: "server.heartbeat", properties: {}, position: null });
    await until("the request", () => stage.store.state().permissions.length === 1);
    expect(stage.store.busy()).toBe(true);
  });

  it("maps a sub-agent's requests to the session at the top, and drops them with their session", async () => {
    stage.answers.set("/session", [
      session("a"),
      session("b", { parentID: id("a") }),
      session("c", { parentID: id("b") }),
      session("loop", { parentID: id("loop") }),
    ]);
    connected.emit();
    await until("all", () => stage.store.state().sessions.length === 4);
    for (const owner of ["c", "loop", "unknown"]) emit("permission.asked", permission(owner, owner));
    await until("the requests", () => stage.store.state().permissions.length === 3);
    expect(stage.store.state().permissions.map((request) => request.sessionId)).toEqual([
      id("a"),
      id("loop"),
      id("unknown"),
    ]);
    emit("session.deleted", { sessionID: id("c") });
    expect(stage.store.state().permissions).toHaveLength(2);
  });

  it("keeps the sessions and nothing else when the server is gone", async () => {
    await loaded();
    emit("session.status", { sessionID: id("a"), status: { type: "busy" } });
    emit("permission.asked", permission("p", "a"));
    stage.present = false;
    gone.emit("It crashed.");
    expect(stage.store.state()).toMatchObject({
      sessions: [{ id: id("a"), status: { type: "idle" } }],
      permissions: [],
      questions: [],
    });
  });

  it("is pushed at once and at each change, not for noise", async () => {
    await loaded();
    const pushed: ChatState[] = [];
    const end = stage.store.watch((state) => pushed.push(state));
    for (const type of ["plugin.added", "session.idle", "session.idle"]) emit(type, { sessionID: id("a") });
    expect(pushed).toHaveLength(1);
    emit("permission.asked", permission("p", "a"));
    end();
    emit("permission.replied", { requestID: "per_p", sessionID: id("a") });
    expect(pushed.map((state) => state.permissions.length)).toEqual([0, 1]);
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
    expect(stage.store.state()).toMatchObject({
      sessions: [{ id: id("a"), status: { type: "busy" } }],
      permissions: [{ id: "per_q" }],
    });
    bare("permission.replied", { sessionID: id("a"), requestID: "per_q" });
    bare("session.created", { info: session("b") });
    expect([stage.store.state().permissions, stage.store.state().sessions.length]).toEqual([[], 2]);
  });
});

describe("a reading that fails", () => {
  it("is tried again, the list as well as the messages", async () => {
    await loaded();
    const list = hold("/session/status");
    stage.answers.set("/session/status", undefined);
    connected.emit();
    await list.arrived();
    list.release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    stage.answers.set("/session/status", { [id("a")]: { type: "busy" } });
    await until("the second try", () => stage.store.busy());
  });
});
