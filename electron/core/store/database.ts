import { existsSync, renameSync } from "node:fs";
import Libsql from "libsql";
import { AppError, errorText, systemCode } from "../lib/error.ts";
import { migrations } from "./migrations.ts";

/** One open SQLite file. Calls are synchronous; each is a few microseconds on the small tables kept here. */
export type Database = Libsql.Database;
/** One that is prepared once and run many times. */
export type Statement = Libsql.Statement<unknown[]>;

export interface OpenedDatabase {
  readonly database: Database;
  /** Where the damaged file was put, if the one found could not be read. */
  readonly quarantined: string | null;
}

/** How long to wait for another connection's lock, in ms. Only the command line's short reads share the file with us. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * SQLite's ways of saying that the file is no database, or a broken one. The general SQLITE_ERROR is one of them: it comes for a
 * damaged header ("unsupported file format") and for tables that are not as they were made; a disk that is full, failing,
 * locked or not ours has codes of its own.
 */
const damageCodes = new Set(["SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR"]);

/**
 * Opens the store at `path` and brings it to the newest schema. A file that is damaged, or written by a newer Deckhand, is
 * renamed (nothing is deleted) and a fresh one is started.
 *
 * @throws AppError `state_unwritable` where the file cannot be made.
 */
export function openDatabase(path: string, now: () => number): OpenedDatabase {
  try {
    return { database: openSound(path), quarantined: null };
  } catch (error) {
    if (!(error instanceof DamagedDatabase) && !damageCodes.has(systemCode(error) ?? "")) throw unwritable(path, error);
  }
  const quarantined = `${path}.damaged-${now()}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, quarantined + suffix);
  }
  try {
    return { database: openSound(path), quarantined };
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * A second connection to a store that is open, for what is written many times a second: its writes survive the end of this
 * process, whatever ends it, but the last of them may be lost in a power cut. One that waits for the disk takes 3 ms (measured).
 */
export function openForJournal(path: string): Database {
  const database = new Libsql(path, { timeout: BUSY_TIMEOUT_MS });
  database.exec("PRAGMA synchronous = NORMAL;");
  return database;
}

class DamagedDatabase extends Error {}

function openSound(path: string): Database {
  const database = new Libsql(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // WAL with full sync: an answered write survives a power cut.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    const check: unknown = database.prepare("PRAGMA quick_check").get();
    if (readField(check, "quick_check") !== "ok") throw new DamagedDatabase("quick_check found damage");
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database): void {
  const version = Number(readField(database.prepare("PRAGMA user_version").get(), "user_version"));
  if (version > migrations.length) throw new DamagedDatabase(`schema ${version} is newer than ${migrations.length}`);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}

function readField(row: unknown, field: string): unknown {
  return typeof row === "object" && row !== null ? Reflect.get(row, field) : undefined;
}

function unwritable(path: string, error: unknown): AppError {
  return new AppError("state_unwritable", `Opening the store ${path} failed: ${errorText(error)}.`, {
    next: "Check that the folder exists, is yours and has free space.",
    cause: error,
  });
}
