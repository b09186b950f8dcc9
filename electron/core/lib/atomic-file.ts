import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./error.ts";

/**
 * Replaces a file so that a crash at any point leaves the old content or the new one, never half of it: a new file in the
 * same folder (0600), its bytes on disk, a rename, the folder on disk. Synchronous on purpose: a lease must be written
 * before anything else can happen.
 *
 * @param options.untilReboot What is written means nothing to the next start of the machine, so nobody waits for the disk
 *   (100 ms and more where it is busy): it survives our own end at any point, and may be lost or empty after a power cut.
 * @param options.mode Of the new file; 0600 if left out.
 */
export function writeFileAtomic(
  path: string,
  content: string,
  options: { readonly untilReboot?: boolean; readonly mode?: number } = {},
): void {
  const durable = options.untilReboot !== true;
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const file = openSync(temporary, "wx", options.mode ?? 0o600);
  try {
    try {
      writeSync(file, content);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
  if (durable) syncFolder(dirname(path));
}

/** Removes a file; that it is gone already is fine. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    // Some file systems cannot sync a folder; the rename itself is still atomic there.
    if (systemCode(error) !== "EINVAL") throw error;
  } finally {
    closeSync(folder);
  }
}
