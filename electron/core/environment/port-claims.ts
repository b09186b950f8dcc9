/**
 * Which ports the hosts of one person have given out, on this machine: two hosts (the app and a headless one, or two homes)
 * must never give the same port to two services, also while neither of them listens on it yet.
 *
 * Theory of operation: a small SQLite file in a folder that only the person can write, the same for all hosts. Each claim
 * is one row with the pid and start time of its host, so that the claims of a host that died are worth nothing, however
 * it died and whoever has its pid now. Each call is one exclusive transaction of some microseconds; the file stays open, and
 * is opened anew where somebody tidied it away. Where the file cannot be used, hosts
 * still see what the others listen on; only the moment between the choice and the listening is not covered.
 */
import { lstatSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { errorText, systemCode } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { ProcessSource } from "../process/process-table.ts";

/** Who has a port. */
export interface PortClaim {
  /** Pid of the host. */
  readonly pid: number;
  readonly workspace: string;
  readonly service: string;
}

/** Whoever asks. */
export type PortOwner = Pick<PortClaim, "workspace" | "service">;

export interface PortClaimsDependencies {
  /** {@link machineFolder}, but for tests. */
  readonly folder: string;
  readonly source: Pick<ProcessSource, "bootId" | "read">;
  readonly logger: Logger;
}

/** Other hosts hold the file for some microseconds. In ms. */
const BUSY_MS = 1_000;
const damageCodes = new Set(["SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR"]);

/** One folder for all hosts of a user, whatever their home and their TMPDIR. */
export function machineFolder(userId: number = process.getuid?.() ?? 0): string {
  return join("/tmp", `deckhand-${userId}`);
}

interface Row {
  readonly port: number;
  readonly pid: number;
  readonly start: string;
  readonly boot: string;
  readonly workspace: string;
  readonly service: string;
}

export class PortClaims {
  readonly #dependencies: PortClaimsDependencies;
  readonly #start: string;
  #warned = false;
  #opened: { readonly database: Libsql.Database; readonly inode: number } | null = null;

  constructor(dependencies: PortClaimsDependencies) {
    this.#dependencies = dependencies;
    this.#start = dependencies.source.read(process.pid)?.startTime ?? "";
  }

  /** Takes a port. Null: it is ours now (or was already); else who has it. */
  claim(port: number, owner: PortOwner): PortClaim | null {
    return this.#transaction((database) => {
      const row = database.prepare("SELECT * FROM claims WHERE port = ?").get(port) as Row | undefined;
      if (row !== undefined && !this.#isOurs(row) && this.#lives(row)) return row;
      if (
        row !== undefined &&
        this.#isOurs(row) &&
        (row.workspace !== owner.workspace || row.service !== owner.service)
      ) {
        return row;
      }
      database
        .prepare("INSERT OR REPLACE INTO claims (port, pid, start, boot, workspace, service) VALUES (?, ?, ?, ?, ?, ?)")
        .run(port, process.pid, this.#start, this.#dependencies.source.bootId, owner.workspace, owner.service);
      return null;
    });
  }

  /** Gives a port back; one that is not this host's stays whose it is. */
  release(port: number): void {
    this.#transaction((database) => {
      database
        .prepare("DELETE FROM claims WHERE port = ? AND pid = ? AND start = ? AND boot = ?")
        .run(port, process.pid, this.#start, this.#dependencies.source.bootId);
      return null;
    });
  }

  #isOurs(row: Row): boolean {
    return row.pid === process.pid && row.start === this.#start && row.boot === this.#dependencies.source.bootId;
  }

  #lives({ pid, start, boot }: Row): boolean {
    const { source } = this.#dependencies;
    if (boot !== source.bootId) return false;
    const entry = source.read(pid);
    return entry !== null && !entry.dead && entry.startTime === start;
  }

  /** Its file is closed; it opens again when it is asked again. */
  close(): void {
    this.#opened?.database.close();
    this.#opened = null;
  }

  #transaction(work: (database: Libsql.Database) => Row | null): Row | null {
    const path = join(this.#dependencies.folder, "ports.db");
    try {
      try {
        return inTransaction(this.#open(path), work);
      } catch (error) {
        if (!damageCodes.has(systemCode(error) ?? "")) throw error;
        this.close();
        for (const suffix of ["", "-journal"]) rmSync(path + suffix, { force: true });
        return inTransaction(this.#open(path), work);
      }
    } catch (error) {
      if (!this.#warned) {
        this.#warned = true;
        const fields = { path, error: errorText(error) };
        this.#dependencies.logger.warn("Ports cannot be shared out among the hosts of this machine", fields);
      }
      return null;
    }
  }

  #open(path: string): Libsql.Database {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    if (this.#opened !== null && this.#opened.inode === inode) return this.#opened.database;
    this.close();
    makePrivateFolder(this.#dependencies.folder);
    const database = new Libsql(path, { timeout: BUSY_MS });
    try {
      // What it says means nothing to the next start of the machine, so nobody waits for the disk.
      database.exec("PRAGMA synchronous = OFF");
      database.exec(
        "CREATE TABLE IF NOT EXISTS claims (port INTEGER PRIMARY KEY, pid INTEGER NOT NULL, start TEXT NOT NULL, " +
          "boot TEXT NOT NULL, workspace TEXT NOT NULL, service TEXT NOT NULL)",
      );
      this.#opened = { database, inode: statSync(path).ino };
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }
}

function inTransaction(database: Libsql.Database, work: (database: Libsql.Database) => Row | null): Row | null {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work(database);
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** The folder stands where everybody may write, so one that somebody else put there is not used. */
function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const facts = lstatSync(folder);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.() || (facts.mode & 0o022) !== 0) {
    throw new Error(`${folder} is not a folder that only you can write`);
  }
}
