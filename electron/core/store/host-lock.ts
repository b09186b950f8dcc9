import Libsql from "libsql";
import { systemCode } from "../lib/error.ts";

/**
 * The lock that makes a host the only one of its home: an exclusive transaction that stays open on a small SQLite file.
 * The operating system drops it with the process, however that ends, so it is never stale (a pid in a file would be).
 */
export interface HostLock {
  release(): void;
}

/** Null where another host holds it. */
export function acquireHostLock(path: string): HostLock | null {
  const database = new Libsql(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (systemCode(error) === "SQLITE_BUSY") return null;
    throw error;
  }
  return { release: () => database.close() };
}
