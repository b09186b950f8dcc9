/** What the viewers of a session are told when its messages cannot be read, on a clock moved by hand. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Message, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import type { SessionRecord } from "../../../../electron/core/opencode/changes.ts";
import { READ_AGAIN_MS } from "../../../../electron/core/opencode/chat-reading.ts";
import type { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import { MESSAGES_SHOWN } from "../../../../electron/core/opencode/message-fold.ts";
import type { Protocol } from "../../../../electron/core/opencode/protocol/protocol.ts";
import { emptyInfo } from "../../../../electron/core/opencode/protocol/v2-objects.ts";
import { WatchedSessions } from "../../../../electron/core/opencode/watched-sessions.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const id = "ses_a" as SessionId;
const record: SessionRecord = {
  id,
  parentId: null,
  directory: "/d",
  title: "a",
  cost: 0,
  tokens: { input: 0, output: 0, reasoning: 0 },
  createdAt: 1,
  updatedAt: 1,
};
const settled = () => new Promise((resolve) => setImmediate(resolve));
const message = (number: number): Message => ({ ...emptyInfo(`msg_${number}`, id, "user", number), parts: [] });

let clock: ManualClock;
let known: Session | null;
let isBeingRead: boolean;
let readMessages: () => Promise<readonly Message[]>;
let reads: number;
let sessions: WatchedSessions;

beforeEach(() => {
  clock = new ManualClock();
  known = { ...record, status: { type: "idle" } };
  isBeingRead = false;
  reads = 0;
  readMessages = () => Promise.resolve([message(1)]);
  const routes = {
    readOwn: () => Promise.resolve(record),
    readMessages: () => {
      reads += 1;
      return readMessages();
    },
  };
  sessions = new WatchedSessions({
    connection: {
      client: () => ({}) as OpencodeClient,
      protocol: () => ({ sessions: routes }) as unknown as Protocol,
    },
    directory: "/d",
    clock,
    logger: silentLogger,
    known: {
      session: () => known,
      streamed: () => new Map(),
      beside: () => ({ live: new Map(), marks: new Map(), busy: false }),
      isBeingRead: () => isBeingRead,
      found: (session) => (known = { ...session, status: { type: "idle" } }),
    },
  });
});

function view() {
  const seen: SessionEvent[] = [];
  const ends: string[] = [];
  const leave = sessions.view(
    id,
    (event) => seen.push(event),
    (error) => ends.push(error.code),
  );
  return { seen, ends, leave };
}
const unreachable = () => Promise.reject(new AppError("opencode_unreachable", "It does not answer."));

describe("messages that cannot be read", () => {
  it("are asked for again where the server does not answer, and the viewer waits", async () => {
    readMessages = unreachable;
    const { seen, ends } = view();
    await settled();
    expect([seen, ends]).toEqual([[], []]);
    readMessages = () => Promise.resolve([message(1)]);
    clock.advance(READ_AGAIN_MS);
    await settled();
    expect(seen).toMatchObject([{ kind: "snapshot", messages: [{ id: "msg_1" }], truncated: false }]);
    expect([reads, clock.pending]).toEqual([2, 0]);
  });

  it("are not asked for again once the last viewer has left, or all is closed", async () => {
    readMessages = unreachable;
    const first = view();
    const second = view();
    await settled();
    first.leave();
    expect(clock.pending).toBe(1);
    second.leave();
    expect(clock.pending).toBe(0);
    view();
    await settled();
    sessions.close();
    expect([clock.pending, reads]).toEqual([0, 2]);
  });

  it("end the view where another try would not help, with why", async () => {
    for (const [error, code] of [
      [new AppError("session_missing", "It is gone."), "session_missing"],
      [new TypeError("a mistake of ours"), "internal"],
    ] as const) {
      readMessages = () => Promise.reject(error);
      const { seen, ends } = view();
      await settled();
      expect([seen, ends, clock.pending]).toEqual([[], [code], 0]);
    }
  });
});

describe("messages that were read", () => {
  it("are not used while the list of sessions is being read: its end reads them again", async () => {
    isBeingRead = true;
    const { seen } = view();
    await settled();
    expect(seen).toEqual([]);
    isBeingRead = false;
    sessions.readAll();
    await settled();
    expect(seen.map(({ kind }) => kind)).toEqual(["snapshot"]);
  });

  it("bring the session they belong to, where it was not known", async () => {
    known = null;
    const { seen } = view();
    await settled();
    expect(seen).toMatchObject([{ kind: "snapshot", session: { id, title: "a" } }]);
  });

  it("are the newest ones, said to be not all where there are more", async () => {
    const count = MESSAGES_SHOWN + 1;
    readMessages = () => Promise.resolve(Array.from({ length: count }, (_, index) => message(index)));
    const { seen } = view();
    await settled();
    expect(seen).toMatchObject([{ truncated: true }]);
    expect(sessions.messages(id).map((each) => each.id)).toEqual(
      Array.from({ length: MESSAGES_SHOWN }, (_, index) => `msg_${index + 1}`),
    );
  });
});
