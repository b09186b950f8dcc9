import Libsql from "libsql";
import { AppError, errorText, systemCode } from "../lib/error.ts";

/**
 * The lock that makes a host the only one of its home: an exclusive transaction that stays open on a small SQLite file.
 * The operating system drops it with the process, however that ends, so it is never stale (a pid in a file would be).
 */
export interface HostLock {
  release(): void;
}

/** Null where another host holds it. @throws AppError `state_unwritable` where the file cannot be made or written. */
export function acquireHostLock(path: string): HostLock | null {
  let database: Libsql.Database | null = null;
  try {
    database = new Libsql(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (systemCode(error) === "SQLITE_BUSY") return null;
    throw new AppError("state_unwritable", `Locking the home with ${path} failed: ${errorText(error)}.`, {
      next: "Check that the home folder is yours and has free space, or name another one.",
      cause: error,
    });
  }
  const held = database;
  return { release: () => held.close() };
}
