import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { parseHeader, recordSeq } from "./record.ts";
import { safeRead } from "./segment.ts";

/** What a file of an earlier run holds. */
export interface RecoveredSegment {
  readonly source: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** A line is at most a few hundred KiB in a file (64 KiB of text, escaped). */
const lookBytes = 1_024 * 1_024;

/** The log files in a folder, by name; what is none of ours is left out. Reads only the beginning and end of each. */
export function recoverSegments(folder: string): Map<string, RecoveredSegment> {
  const found = new Map<string, RecoveredSegment>();
  for (const name of list(folder)) {
    const segment = name.endsWith(".jsonl") ? recoverSegment(join(folder, name)) : null;
    if (segment !== null) found.set(name, segment);
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No folder yet: nothing was logged.
    return [];
  }
}

function recoverSegment(path: string): RecoveredSegment | null {
  let file: number;
  try {
    file = openSync(path, safeRead);
  } catch {
    // A link, or not ours to read: refused here, reported when it is to be written.
    return null;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return null;
    const head = read(file, 0, Math.min(stat.size, lookBytes)).split("\n");
    const source = parseHeader(head[0] ?? "");
    const tail = read(file, Math.max(0, stat.size - lookBytes), stat.size).split("\n");
    const firstSeq = head.map(recordSeq).find((seq) => seq !== null);
    // The last piece is empty, or a line that was being written when the host died.
    const lastSeq = tail
      .slice(0, -1)
      .map(recordSeq)
      .findLast((seq) => seq !== null);
    if (source === null || firstSeq === undefined || firstSeq === null) return null;
    return { source, firstSeq, lastSeq: lastSeq ?? firstSeq };
  } catch {
    // A disk that cannot be read is no reason not to run.
    return null;
  } finally {
    closeSync(file);
  }
}

function read(file: number, from: number, to: number): string {
  const bytes = Buffer.allocUnsafe(to - from);
  return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, from));
}
