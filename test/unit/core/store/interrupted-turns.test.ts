import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import type { InterruptedTurn } from "../../../../electron/core/opencode/interruptions.ts";
import { openDatabase, type Database } from "../../../../electron/core/store/database.ts";
import { StoredInterruptedTurns, TURNS_MAX } from "../../../../electron/core/store/interrupted-turns.ts";

let folder: string;
let database: Database;
let turns: StoredInterruptedTurns;

const turn = (change: Partial<InterruptedTurn> = {}): InterruptedTurn => ({
  sessionId: "ses_a" as SessionId,
  messageId: "msg_1",
  directory: "/d",
  reason: "The server crashed.",
  texts: { prt_1: "so far, it's “good” 😀" },
  at: 1_000,
  ...change,
});

function open(): void {
  ({ database } = openDatabase(join(folder, "store.db"), () => 1));
  turns = new StoredInterruptedTurns({ database });
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-turns-"));
  open();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

describe("StoredInterruptedTurns", () => {
  it("keeps turns over a restart, of each folder apart, oldest first", () => {
    turns.save(turn({ messageId: "msg_2", at: 2_000 }));
    turns.save(turn());
    turns.save(turn({ directory: "/other", messageId: "msg_3" }));
    database.close();
    open();
    expect(turns.list("/d")).toEqual([turn(), turn({ messageId: "msg_2", at: 2_000 })]);
    expect(turns.list("/nowhere")).toEqual([]);
  });

  it("replaces a turn of the same session and message, and forgets a session whole", () => {
    turns.save(turn());
    turns.save(turn({ reason: null }));
    turns.save(turn({ messageId: "msg_2" }));
    turns.save(turn({ sessionId: "ses_b" as SessionId }));
    expect(turns.list("/d").map(({ reason }) => reason)).toEqual([null, "The server crashed.", "The server crashed."]);
    turns.remove("ses_a" as SessionId);
    expect(turns.list("/d").map(({ sessionId }) => sessionId)).toEqual(["ses_b"]);
  });

  it("keeps the newest of too many, and of a text that is too long the mark alone", () => {
    for (let index = 0; index < TURNS_MAX + 5; index += 1) turns.save(turn({ messageId: `msg_${index}`, at: index }));
    expect(turns.list("/d")).toHaveLength(TURNS_MAX);
    expect(turns.list("/d")[0]?.messageId).toBe("msg_5");
    turns.save(turn({ at: 9_999, texts: { p: "x".repeat(1024 * 1024 + 1) } }));
    expect(turns.list("/d").at(-1)).toMatchObject({ reason: "The server crashed.", texts: {} });
  });

  it("passes over rows that cannot be read, and texts that are damaged", () => {
    turns.save(turn());
    const write = database.prepare("INSERT INTO interrupted_turns VALUES (?, ?, ?, ?, ?, ?)");
    write.run("../evil", "m", "/d", "x", "{}", 1);
    write.run("ses_c", "m", "/d", "x", "{not json", 2);
    write.run("ses_d", "m", "/d", "x", "[1]", 3);
    expect(turns.list("/d").map(({ sessionId, texts }) => [sessionId, Object.keys(texts)])).toEqual([
      ["ses_c", []],
      ["ses_d", []],
      ["ses_a", ["prt_1"]],
    ]);
  });
});
