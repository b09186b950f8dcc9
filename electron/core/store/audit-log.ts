import type { AuditEntry } from "#shared/schema/host.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Database, Statement } from "./database.ts";

/** Entries kept; beyond it the oldest go. About 10 MB at the usual 200 bytes an entry. */
const AUDIT_MAX_ENTRIES = 50_000;

export interface AuditQuery {
  readonly since?: string | undefined;
  readonly workspace?: string | undefined;
  readonly service?: string | undefined;
  readonly limit: number;
}

/** Who did what to which service, when and why. Entries are only ever added. */
export class AuditLog {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #added: Emitter<AuditEntry>;
  readonly #insert: Statement;
  #sinceTrim = 0;

  constructor(dependencies: { database: Database; now: () => number; onListenerError: (error: unknown) => void }) {
    this.#database = dependencies.database;
    this.#now = dependencies.now;
    this.#added = new Emitter(dependencies.onListenerError);
    this.#insert = this.#database.prepare(
      `INSERT INTO audit (at, actor, action, workspace, service, generation, from_state, to_state, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  add(entry: Omit<AuditEntry, "at">): void {
    const at = new Date(this.#now()).toISOString();
    const { actor, action, workspace, service, generation, from, to, reason } = entry;
    this.#insert.run(at, actor, action, workspace, service, generation, from, to, reason);
    this.#sinceTrim += 1;
    if (this.#sinceTrim >= 1_000) this.#trim();
    this.#added.emit({ ...entry, at });
  }

  /** The newest `limit` entries since a time (ISO 8601), oldest first; of one workspace, or one service of it. */
  list(options: AuditQuery): AuditEntry[] {
    const since = options.since === undefined ? "" : new Date(options.since).toISOString();
    const { workspace = null, service = null } = options;
    const rows = this.#database
      .prepare(
        `SELECT at, actor, action, workspace, service, generation, from_state AS "from", to_state AS "to", reason
         FROM audit WHERE at >= ? AND (? IS NULL OR workspace = ?) AND (? IS NULL OR service = ?)
         ORDER BY id DESC LIMIT ?`,
      )
      .all(since, workspace, workspace, service, service, options.limit) as AuditEntry[];
    return rows.reverse();
  }

  /** Calls with the newest `limit` entries, oldest first, then with each new one. */
  follow(options: Pick<AuditQuery, "workspace" | "limit">, listener: (entry: AuditEntry) => void): () => void {
    const { workspace } = options;
    for (const entry of this.list(options)) listener(entry);
    return this.#added.on((entry) => {
      if (workspace === undefined || entry.workspace === workspace) listener(entry);
    });
  }

  #trim(): void {
    this.#sinceTrim = 0;
    this.#database.prepare("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?").run(AUDIT_MAX_ENTRIES);
  }
}
