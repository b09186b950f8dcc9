import type { AuditEntry } from "#shared/schema/host.ts";
import type { Database } from "./database.ts";

/** Entries kept; beyond it the oldest go. About 10 MB at the usual 200 bytes an entry. */
const AUDIT_MAX_ENTRIES = 50_000;

/** Who did what to which service, when and why. Entries are only ever added. */
export class AuditLog {
  readonly #database: Database;
  readonly #now: () => number;
  #sinceTrim = 0;

  constructor(dependencies: { database: Database; now: () => number }) {
    this.#database = dependencies.database;
    this.#now = dependencies.now;
  }

  add(entry: Omit<AuditEntry, "at">): void {
    this.#database
      .prepare(
        `INSERT INTO audit (at, actor, action, workspace, service, generation, from_state, to_state, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        new Date(this.#now()).toISOString(),
        entry.actor,
        entry.action,
        entry.workspace,
        entry.service,
        entry.generation,
        entry.from,
        entry.to,
        entry.reason,
      );
    this.#sinceTrim += 1;
    if (this.#sinceTrim >= 1_000) this.#trim();
  }

  /** The newest `limit` entries since a time (ISO 8601), oldest first. */
  list(options: { since?: string | undefined; limit: number }): AuditEntry[] {
    const since = options.since === undefined ? "" : new Date(options.since).toISOString();
    const rows = this.#database
      .prepare(
        `SELECT at, actor, action, workspace, service, generation, from_state AS "from", to_state AS "to", reason
         FROM audit WHERE at >= ? ORDER BY id DESC LIMIT ?`,
      )
      .all(since, options.limit) as AuditEntry[];
    return rows.reverse();
  }

  #trim(): void {
    this.#sinceTrim = 0;
    this.#database.prepare("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?").run(AUDIT_MAX_ENTRIES);
  }
}
