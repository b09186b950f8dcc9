import { describe, expect, it } from "vitest";
import type { MessageInfo } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import {
  CUT_MAX_CHARACTERS,
  Interruptions,
  type InterruptedTurn,
  type InterruptedTurns,
} from "../../../../electron/core/opencode/interruptions.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const id = (name: string) => `ses_${name}` as SessionId;

class MemoryTurns implements InterruptedTurns {
  saved: InterruptedTurn[] = [];
  fails = false;

  save(turn: InterruptedTurn): void {
    if (this.fails) throw new Error("disk full");
    this.saved.push(turn);
  }

  list(directory: string): InterruptedTurn[] {
    if (this.fails) throw new Error("no disk");
    return this.saved.filter((turn) => turn.directory === directory);
  }

  remove(sessionId: SessionId): void {
    this.saved = this.saved.filter((turn) => turn.sessionId !== sessionId);
  }
}

function make(turns: InterruptedTurns | null = null) {
  const clock = new ManualClock();
  return { clock, made: new Interruptions({ directory: "/d", clock, logger: silentLogger, turns }) };
}
const info = (session: string, message: string, change: Partial<MessageInfo> = {}): MessageInfo => ({
  id: message,
  sessionId: id(session),
  role: "assistant",
  createdAt: 5,
  completedAt: null,
  model: null,
  agent: null,
  error: null,
  interrupted: null,
  cost: 0,
  tokens: { input: 0, output: 0, reasoning: 0 },
  ...change,
});
const message = (value: MessageInfo) => ({ kind: "message", sessionId: value.sessionId, info: value }) as const;
const aborted = { name: "MessageAbortedError", message: "Aborted." };
const texts = (...entries: [string, string][]) => new Map(entries);
const busy = () => true;
const idle = () => false;
const cut = (made: Interruptions, isBusy: () => boolean, of = texts()) =>
  made.serverGone("It crashed.", isBusy, () => of).map((turn) => [turn.sessionId, turn.messageId]);

describe("Interruptions", () => {
  it("cuts the newest message of every session that worked, with its texts", () => {
    const { made } = make();
    made.apply(message(info("a", "m1", { completedAt: 6 })));
    made.apply(message(info("a", "m2", { createdAt: 7 })));
    made.apply(message(info("a", "u0", { role: "user", createdAt: 4 })));
    made.apply(message(info("b", "m3", { error: { name: "APIError", message: "no" } })));
    expect(cut(made, busy, texts(["p", "so far"], ["q", ""]))).toEqual([[id("a"), "m2"]]);
    expect(made.marks(id("a"))).toEqual(new Map([["m2", "It crashed."]]));
    expect(made.texts(id("a"))).toEqual(texts(["p", "so far"]));
    expect(cut(made, busy)).toEqual([]);
  });

  it("leaves what was idle alone", () => {
    const { made } = make();
    made.apply(message(info("a", "m1")));
    expect(cut(made, idle)).toEqual([]);
  });

  it("knows the abort of a server that stops from a person's", () => {
    const { made, clock } = make();
    made.apply(message(info("a", "m1", { error: aborted })));
    clock.advance(4_000);
    made.apply(message(info("a", "m1", { error: aborted, completedAt: 8 })));
    made.personAborts(id("b"));
    made.apply(message(info("b", "m2", { error: aborted })));
    clock.advance(10_000);
    expect(cut(made, idle)).toEqual([[id("a"), "m1"]]);
  });

  it("takes an abort long before the end for somebody's will, also in another client", () => {
    const { made, clock } = make();
    made.apply(message(info("a", "m1", { error: aborted })));
    clock.advance(15_001);
    expect(cut(made, idle)).toEqual([]);
  });

  it("remembers a person's abort to the end of the turn, and not into the next", () => {
    const { made } = make();
    made.apply(message(info("a", "u1", { role: "user" })));
    made.personAborts(id("a"));
    made.apply({ kind: "status", sessionId: id("a"), status: { type: "busy" } });
    made.apply(message(info("a", "m1", { error: aborted, createdAt: 6 })));
    made.apply(message(info("a", "u1", { role: "user" })));
    expect(cut(made, idle)).toEqual([]);
    made.personAborts(id("a"));
    made.apply(message(info("a", "u2", { role: "user", createdAt: 7 })));
    made.apply(message(info("a", "m2", { error: aborted, createdAt: 8 })));
    expect(cut(made, idle)).toEqual([[id("a"), "m2"]]);
  });

  it("follows the end of a message that is told by itself", () => {
    const { made } = make();
    made.apply(message(info("a", "m1")));
    const ended = { completedAt: 9, error: { name: "x", message: "x" }, cost: 0, tokens: info("a", "m").tokens };
    made.apply({ kind: "message_ended", sessionId: id("a"), messageId: "other", ended });
    made.apply({ kind: "message_ended", sessionId: id("b"), messageId: "m1", ended });
    made.apply({ kind: "message_ended", sessionId: id("a"), messageId: "m1", ended });
    expect(cut(made, busy)).toEqual([]);
  });

  it("drops the marks when the turn is continued and keeps the texts, also over a restart", () => {
    const turns = new MemoryTurns();
    const { made } = make(turns);
    made.apply(message(info("a", "m1")));
    cut(made, busy, texts(["p", "half"]));
    expect(make(turns).made.marks(id("a"))).toEqual(new Map([["m1", "It crashed."]]));
    expect(made.continued(id("a"))).toEqual(["m1"]);
    expect(made.continued(id("a"))).toEqual([]);
    const later = make(turns).made;
    expect(later.marks(id("a"))).toEqual(new Map([["m1", null]]));
    expect(later.texts(id("a"))).toEqual(texts(["p", "half"]));
  });

  it("forgets a session that is removed, on disk too", () => {
    const turns = new MemoryTurns();
    const { made } = make(turns);
    made.apply(message(info("a", "m1")));
    cut(made, busy);
    made.apply({ kind: "session_removed", sessionId: id("a") });
    expect([made.marks(id("a")).size, turns.saved]).toEqual([0, []]);
    made.apply({ kind: "session_removed", sessionId: id("b") });
    made.apply({ kind: "part_removed", sessionId: id("b"), messageId: "m", partId: "p" });
  });

  it("keeps at most a megabyte of one turn and 200 turns", () => {
    const { made } = make();
    made.apply(message(info("a", "m")));
    cut(made, busy, texts(["p", "x".repeat(CUT_MAX_CHARACTERS - 1)], ["q", "yz"], ["r", "never"]));
    expect(Array.from(made.texts(id("a")), ([part, text]) => [part, text.length])).toEqual([
      ["p", CUT_MAX_CHARACTERS - 1],
      ["q", 1],
    ]);
    for (let index = 0; index < 200; index += 1) {
      made.apply(message(info(`s${index}`, "m")));
      cut(made, busy);
    }
    expect(made.marks(id("a")).size).toBe(0);
    expect(made.marks(id("s0")).size).toBe(1);
  });

  it("remembers the newest message of 500 sessions", () => {
    const { made } = make();
    for (let index = 0; index < 501; index += 1) made.apply(message(info(`s${index}`, "m")));
    expect(cut(made, busy)).toHaveLength(500);
  });

  it("goes on in memory where the disk fails", () => {
    const turns = new MemoryTurns();
    turns.fails = true;
    const { made } = make(turns);
    made.apply(message(info("a", "m1")));
    expect(cut(made, busy)).toHaveLength(1);
    expect(made.marks(id("a")).size).toBe(1);
  });
});
