/** When everything is read anew, on a clock moved by hand. */
import { beforeEach, describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import type { Change } from "../../../../electron/core/opencode/changes.ts";
import type { ChatFacts } from "../../../../electron/core/opencode/chat-fold.ts";
import { ChatReading, READ_AGAIN_MS, UNPROVEN_READ_MS } from "../../../../electron/core/opencode/chat-reading.ts";
import type { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import type { Protocol } from "../../../../electron/core/opencode/protocol/protocol.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const facts = (): ChatFacts => ({ sessions: [], statuses: new Map(), permissions: [], questions: [] });
const busy: Change = { kind: "status", sessionId: "ses_a" as SessionId, status: { type: "busy" } };
const settled = () => new Promise((resolve) => setImmediate(resolve));

let clock: ManualClock;
let present: boolean;
interface Asked {
  readonly resolve: (facts: ChatFacts) => void;
  readonly reject: (error: unknown) => void;
}

/** The answers that are awaited, oldest first. */
let asked: Asked[];
let read: { facts: ChatFacts; since: readonly Change[] }[];
let reading: ChatReading;

beforeEach(() => {
  clock = new ManualClock();
  present = true;
  asked = [];
  read = [];
  const readChat = () => new Promise<ChatFacts>((resolve, reject) => asked.push({ resolve, reject }));
  reading = new ChatReading({
    connection: {
      client: () => (present ? ({} as OpencodeClient) : null),
      protocol: () => (present ? ({ sessions: { readChat } } as unknown as Protocol) : null),
    },
    clock,
    logger: silentLogger,
    onBegin: () => undefined,
    onRead: (found, since) => read.push({ facts: found, since }),
  });
});

describe("reading everything", () => {
  it("keeps what changes until it is through, and not a moment longer", async () => {
    expect(reading.keep(busy)).toBe(false);
    void reading.read();
    expect([reading.isUnderWay, reading.keep(busy)]).toEqual([true, true]);
    asked[0]?.resolve(facts());
    await settled();
    expect(read).toEqual([{ facts: facts(), since: [busy] }]);
    expect([reading.isUnderWay, reading.keep(busy)]).toEqual([false, false]);
  });

  it("uses the newest answer alone, also where the older one comes later or fails", async () => {
    for (let count = 0; count < 3; count += 1) void reading.read();
    const newest = facts();
    asked[2]?.resolve(newest);
    asked[0]?.resolve(facts());
    asked[1]?.reject(new Error("too late"));
    await settled();
    expect(read.map((each) => each.facts)).toEqual([newest]);
    expect(read[0]?.facts).toBe(newest);
    expect(clock.pending).toBe(0);
  });

  it("is tried again after a while where it fails, keeping what changes meanwhile once", async () => {
    void reading.read();
    asked[0]?.reject(new AppError("opencode_unreachable", "It does not answer."));
    await settled();
    clock.advance(READ_AGAIN_MS - 1);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(asked).toHaveLength(2);
    reading.keep(busy);
    asked[1]?.resolve(facts());
    await settled();
    expect(read.map(({ since }) => since)).toEqual([[busy]]);
  });

  it("is forgotten when the server goes, with what waited for another try", async () => {
    void reading.read();
    asked[0]?.reject(new Error("cut"));
    await settled();
    expect(clock.pending).toBe(1);
    reading.giveUp();
    expect([clock.pending, reading.isUnderWay]).toEqual([0, false]);
    void reading.read();
    reading.giveUp();
    asked[1]?.resolve(facts());
    await settled();
    expect(read).toEqual([]);
  });

  it("does nothing without a server, and nothing once it is closed", () => {
    present = false;
    void reading.read();
    expect([asked, reading.isUnderWay]).toEqual([[], false]);
    present = true;
    reading.close();
    void reading.read();
    expect([asked, reading.isUnderWay]).toEqual([[], false]);
  });
});

describe("a connection", () => {
  it("is read at once, and again when its first event shows that the server listens: in between, events are lost", async () => {
    reading.connected();
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(facts());
    await settled();
    reading.heard();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(facts());
    await settled();
    for (let count = 0; count < 100; count += 1) reading.heard();
    clock.advance(60_000);
    expect([asked.length, read.length, clock.pending]).toEqual([2, 2, 0]);
  });

  it("on which nothing is heard is read again after a second, and still when something is", () => {
    reading.connected();
    clock.advance(UNPROVEN_READ_MS);
    expect(asked).toHaveLength(2);
    clock.advance(60_000);
    expect(asked).toHaveLength(2);
    reading.heard();
    expect(asked).toHaveLength(3);
  });

  it("that is lost is not waited for", () => {
    reading.connected();
    reading.giveUp();
    reading.heard();
    clock.advance(60_000);
    expect([asked.length, clock.pending]).toEqual([1, 0]);
  });
});

describe("missing events", () => {
  it("are read at once, and however many are missing at most every five seconds", () => {
    reading.readAfterGap();
    expect(asked).toHaveLength(1);
    for (let second = 0; second < 15; second += 1) {
      for (let count = 0; count < 100; count += 1) reading.readAfterGap();
      clock.advance(1_000);
    }
    expect(asked).toHaveLength(4);
    clock.advance(60_000);
    expect(asked).toHaveLength(4);
  });

  it("that are to be read later are not, once the server is gone", () => {
    reading.readAfterGap();
    reading.readAfterGap();
    reading.giveUp();
    clock.advance(60_000);
    expect([asked.length, clock.pending]).toEqual([1, 0]);
  });
});
