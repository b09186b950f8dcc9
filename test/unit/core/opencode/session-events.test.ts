/** The events of a session, and the turn that the end of its server cuts off. */
import { describe, expect, it } from "vitest";
import { until } from "../../../support/opencode-world.ts";
import {
  assistant,
  id,
  session,
  sessionStoreStage,
  snapshotText,
  textPart,
} from "../../../support/session-store-stage.ts";

const stage = sessionStoreStage();
const { connected, delta, emit, gone, hold, loaded, view } = stage;

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
    stage.answers.set(`/session/${id("a")}/message`, [
      { info: assistant, parts: [textPart("whole", { start: 1, end: 2 })] },
    ]);
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
    stage.answers.set(
      `/session/${id("a")}/message`,
      [assistant, second].map((info) => ({ info, parts: [] })),
    );
    list.release();
    await until("the second", () => seen.length === 2);
    expect(seen[1]).toMatchObject({ kind: "snapshot", messages: [{ id: "m" }, { id: "m2" }] });
  });

  it("wait for a server where none runs", async () => {
    await loaded();
    stage.present = false;
    gone.emit("It crashed.");
    const { seen, ends } = view();
    stage.present = true;
    connected.emit();
    await until("the snapshot", () => seen.length > 0);
    expect([seen[0]?.kind, ends]).toEqual(["snapshot", []]);
  });

  it("end for a session that is unknown, another folder's, or removed", async () => {
    await loaded();
    stage.answers.set(`/session/${id("x")}`, session("x", { directory: "/other" }));
    stage.answers.set(`/session/${id("x")}/message`, []);
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
    stage.store.events(
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
    stage.present = false;
    gone.emit("The server crashed.");
  };
  const restart = () => {
    stage.present = true;
    connected.emit();
  };

  it("is marked at once for who watches, and its tools end", async () => {
    stage.answers.set("/session/status", { [id("a")]: { type: "busy" } });
    const { seen } = view();
    await begin();
    await until("the snapshot", () => seen.length > 0);
    emit("message.part.updated", { part: running });
    expect(stage.store.busy()).toBe(true);
    crash();
    expect(stage.store.busy()).toBe(false);
    const told = seen.flatMap((event) => (event.kind === "message" ? [event.info.interrupted] : []));
    expect(told.at(-1)).toBe("The server crashed.");
    const tool = seen.findLast((event) => event.kind === "part");
    expect(tool).toMatchObject({ part: { state: { status: "error", error: "It was cut off." } } });
    expect(stage.store.isInterrupted(id("a"))).toBe(true);
  });

  it("keeps its text and its mark over restarts and later turns, watched or not", async () => {
    await begin();
    crash();
    const parts = [textPart("", { start: 1 }), running];
    stage.answers.set(`/session/${id("a")}/message`, [{ info: assistant, parts }]);
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
    stage.answers.set(`/session/${id("a")}/message`, [
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
    stage.answers.set(`/session/${id("a")}/message`, [{ info: assistant, parts: [textPart("", { start: 1 })] }]);
    restart();
    const { seen } = view();
    await until("the snapshot", () => seen.length > 0);
    stage.store.continued(id("a"));
    expect(seen.at(-1)).toMatchObject({ kind: "message", info: { interrupted: null } });
    expect(stage.store.isInterrupted(id("a"))).toBe(false);
    const count = seen.length;
    stage.store.continued(id("a"));
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
    stage.store.personAborts(id("a"));
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
