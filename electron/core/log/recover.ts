import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { nextHead, parseHeader, recordStart, headAt } from "./record.ts";
import type { SegmentFacts } from "./rotating-file.ts";
import { safeRead } from "./segment.ts";

/** What a file of an earlier run holds; its mark is the `seq` of its first line. */
export interface RecoveredSegment extends SegmentFacts {
  readonly source: string;
  readonly lastSeq: number;
}

/** Between two heads there are at most the lines that came together: 64 KiB of what a program wrote. */
const lookBytes = 256 * 1_024;

/** The log files in a folder, by name; what is none of ours is left out. Reads only the beginning and end of each. */
export function recoverSegments(folder: string): Map<string, RecoveredSegment> {
  const found = new Map<string, RecoveredSegment>();
  for (const name of list(folder)) {
    const segment = name.endsWith(".log") ? recoverSegment(join(folder, name)) : null;
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
    const start = read(file, 0, Math.min(stat.size, lookBytes));
    const source = parseHeader(start.toString("utf8", 0, Math.max(0, start.indexOf(10))));
    const first = nextHead(start, 0);
    if (source === null || first === null) return null;
    const lastSeq = lastSeqOf(read(file, Math.max(0, stat.size - lookBytes), stat.size));
    return { source, mark: first.seq, lastSeq: lastSeq ?? first.seq, bytes: stat.size };
  } catch {
    // A disk that cannot be read is no reason not to run.
    return null;
  } finally {
    closeSync(file);
  }
}

/** `seq` of the last whole line; what a host was writing when it died does not count. */
function lastSeqOf(bytes: Buffer): number | null {
  let offset = bytes.lastIndexOf(recordStart);
  while (offset >= 0) {
    const head = headAt(bytes, offset);
    if (head !== null) {
      const { lines } = head;
      let whole = 0;
      for (let end = bytes.indexOf(10, head.end); end >= 0 && whole < lines; end = bytes.indexOf(10, end + 1))
        whole += 1;
      if (whole > 0) return head.seq + whole - 1;
    }
    offset = offset === 0 ? -1 : bytes.lastIndexOf(recordStart, offset - 1);
  }
  return null;
}

function read(file: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
}
