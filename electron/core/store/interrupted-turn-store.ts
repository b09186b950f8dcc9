import { sessionIdSchema } from "#shared/schema/id.ts";
import { z } from "zod";
import type { InterruptedTurn, InterruptedTurns } from "../opencode/interruptions.ts";
import type { Database } from "./database.ts";

/** Turns kept, over all workspaces; beyond it the oldest go. Most have a few kilobytes of text. */
const MAX_TURNS = 500;

const textsSchema = z.record(z.string(), z.string());

interface Row {
  readonly session: string;
  readonly message: string;
  readonly directory: string;
  readonly reason: string | null;
  readonly texts: string;
  readonly at: number;
}

/** Turns that were cut off, kept over restarts of the host. */
export class InterruptedTurnStore implements InterruptedTurns {
  readonly #database: Database;

  constructor(dependencies: { database: Database }) {
    this.#database = dependencies.database;
  }

  save(turn: InterruptedTurn): void {
    const { sessionId, messageId, directory, reason, texts, at } = turn;
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO interrupted_turns (session, message, directory, reason, texts, at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(sessionId, messageId, directory, reason, JSON.stringify(texts), Math.round(at));
    this.#database
      .prepare(
        `DELETE FROM interrupted_turns WHERE rowid NOT IN
           (SELECT rowid FROM interrupted_turns ORDER BY at DESC, rowid DESC LIMIT ?)`,
      )
      .run(MAX_TURNS);
  }

  list(directory: string): readonly InterruptedTurn[] {
    const rows = this.#database
      .prepare(
        "SELECT session, message, directory, reason, texts, at FROM interrupted_turns WHERE directory = ? ORDER BY at, rowid",
      )
      .all(directory) as Row[];
    return rows.flatMap((row) => {
      const id = sessionIdSchema.safeParse(row.session);
      const texts = textsSchema.safeParse(parseJson(row.texts));
      // A damaged row says nothing about any turn.
      if (!id.success || !texts.success) return [];
      const { message: messageId, reason, at } = row;
      return [{ sessionId: id.data, messageId, directory, reason, texts: texts.data, at }];
    });
  }

  remove(sessionId: string): void {
    this.#database.prepare("DELETE FROM interrupted_turns WHERE session = ?").run(sessionId);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Damaged: the caller leaves it out.
    return null;
  }
}
