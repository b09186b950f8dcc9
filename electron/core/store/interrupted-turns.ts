import { z } from "zod";
import { sessionIdSchema, type SessionId } from "#shared/schema/id.ts";
import type { InterruptedTurn, InterruptedTurns } from "../opencode/interruptions.ts";
import type { Database } from "./database.ts";

/** Turns kept over all folders; beyond it the oldest go. With at most 1 MB of text each. */
export const TURNS_MAX = 200;
/** Characters of one turn's texts; a longer one loses its texts' ends before it comes here, and is refused otherwise. */
const TEXTS_MAX_CHARACTERS = 1024 * 1024;

const rowSchema = z.object({
  sessionId: sessionIdSchema,
  messageId: z.string(),
  directory: z.string(),
  reason: z.string().nullable(),
  texts: z.string().transform(parseTexts),
  at: z.number(),
});
const textsSchema = z.record(z.string(), z.string());

/** The turns that were cut off by their server's end, over the restarts of the host. */
export class StoredInterruptedTurns implements InterruptedTurns {
  readonly #database: Database;

  constructor(dependencies: { readonly database: Database }) {
    this.#database = dependencies.database;
  }

  save(turn: InterruptedTurn): void {
    const size = Object.values(turn.texts).reduce((sum, text) => sum + text.length, 0);
    const texts = JSON.stringify(size > TEXTS_MAX_CHARACTERS ? {} : turn.texts);
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO interrupted_turns (session_id, message_id, directory, reason, texts, at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(turn.sessionId, turn.messageId, turn.directory, turn.reason, texts, Math.round(turn.at));
    this.#database
      .prepare(
        `DELETE FROM interrupted_turns WHERE rowid NOT IN
         (SELECT rowid FROM interrupted_turns ORDER BY at DESC, rowid DESC LIMIT ?)`,
      )
      .run(TURNS_MAX);
  }

  list(directory: string): readonly InterruptedTurn[] {
    const rows: unknown[] = this.#database
      .prepare(
        `SELECT session_id AS sessionId, message_id AS messageId, directory, reason, texts, at
         FROM interrupted_turns WHERE directory = ? ORDER BY at, rowid`,
      )
      .all(directory);
    // A row that cannot be read is as good as none.
    return rows.flatMap((row) => rowSchema.safeParse(row).data ?? []);
  }

  remove(sessionId: SessionId): void {
    this.#database.prepare("DELETE FROM interrupted_turns WHERE session_id = ?").run(sessionId);
  }
}

function parseTexts(text: string): Record<string, string> {
  try {
    return textsSchema.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    // Damaged: the mark is worth keeping without its texts.
    return {};
  }
}
