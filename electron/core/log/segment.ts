import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { LogLine } from "#shared/schema/log.ts";
import { systemCode } from "../lib/error.ts";
import { parseRecord, recordSeq } from "./record.ts";

/** Neither a link is followed nor a pipe waited for. */
export const safeRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** One read from disk. */
const chunkBytes = 256 * 1_024;
/** Below this, bisecting costs more than reading on. */
const nearBytes = 64 * 1_024;
/** One look while bisecting: a few lines. Twice as much each time there was no line to be seen. */
const probeBytes = 4_096;
/** Enough for the bracket, a sequence number and its comma. */
const seqBytes = 24;

/**
 * One file of a source, opened for reading as far as it was written then. Its lines stand in order of `seq`, so a line is
 * found by bisecting the bytes: no index to build, none to keep, and a file of 2 GB is as quick as one of 2 MB.
 */
export class Segment {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #source: string;

  private constructor(file: FileHandle, size: number, source: string) {
    this.#file = file;
    this.#size = size;
    this.#source = source;
  }

  /** Null when there is no such file or it is not a regular one. */
  static async open(path: string, source: string): Promise<Segment | null> {
    let file: FileHandle;
    try {
      file = await open(path, safeRead);
    } catch (error) {
      if (["ENOENT", "ELOOP", "ENXIO", "ENOTDIR"].includes(systemCode(error) ?? "")) return null;
      throw error;
    }
    const stat = await file.stat();
    if (stat.isFile()) return new Segment(file, stat.size, source);
    await file.close();
    return null;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Lines between two `seq`, both left out, oldest first, a batch at a time. */
  async *forward(after: number, before: number): AsyncGenerator<LogLine[]> {
    let rest: Buffer = Buffer.alloc(0);
    const { low } = await this.#bracket(after);
    for (let at = low; at < this.#size; at += chunkBytes) {
      const bytes = Buffer.concat([rest, await this.#read(at, at + chunkBytes)]);
      const end = bytes.lastIndexOf(10) + 1;
      rest = bytes.subarray(end);
      const lines = this.#lines(bytes.subarray(0, end));
      const wanted = lines.filter(({ seq }) => seq > after && seq < before);
      if (wanted.length > 0) yield wanted;
      if ((lines.at(-1)?.seq ?? -1) >= before) return;
    }
  }

  /** The same from the newest to the oldest; each batch is newest first. */
  async *backward(after: number, before: number): AsyncGenerator<LogLine[]> {
    let rest: Buffer = Buffer.alloc(0);
    const { high } = await this.#bracket(before - 1);
    // A line that begins before `high` may end after it.
    const start = (await this.#firstRecordFrom(high, this.#size))?.offset ?? this.#size;
    for (let end = start; end > 0; end -= chunkBytes) {
      const from = Math.max(0, end - chunkBytes);
      const bytes = Buffer.concat([await this.#read(from, end), rest]);
      // The first line of the piece began before it, unless the file does.
      const begin = from === 0 ? 0 : bytes.indexOf(10) + 1;
      rest = from > 0 && begin === 0 ? bytes : bytes.subarray(0, begin);
      const lines = from > 0 && begin === 0 ? [] : this.#lines(bytes.subarray(begin));
      const wanted = lines.filter(({ seq }) => seq > after && seq < before).reverse();
      if (wanted.length > 0) yield wanted;
      if ((lines[0]?.seq ?? Infinity) <= after) return;
    }
  }

  #lines(bytes: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    for (const text of bytes.toString("utf8").split("\n")) {
      const line = parseRecord(text, this.#source);
      if (line !== null) lines.push(line);
    }
    return lines;
  }

  /**
   * Two offsets around the first line with a greater `seq`: lines that begin before `low` have none, lines that begin at
   * or after `high` all have.
   */
  async #bracket(seq: number): Promise<{ low: number; high: number }> {
    let low = 0;
    let high = this.#size;
    while (high - low > nearBytes) {
      const middle = low + Math.floor((high - low) / 2);
      const probe = await this.#firstRecordFrom(middle, high);
      if (probe !== null && probe.seq <= seq) low = probe.offset;
      else high = middle;
    }
    return { low, high };
  }

  /** The first record that begins at or after `from` and before `to`. */
  async #firstRecordFrom(from: number, to: number): Promise<{ offset: number; seq: number } | null> {
    let atLineStart = from === 0;
    // From one byte earlier, so that a line that begins exactly here is seen to begin.
    let base = Math.max(0, from - 1);
    let bytes: Buffer = Buffer.alloc(0);
    for (let look = probeBytes; base + bytes.length < this.#size; look = Math.min(chunkBytes, look * 2)) {
      const read = await this.#read(base + bytes.length, base + bytes.length + look);
      // The file was cut short by somebody else.
      if (read.length === 0) return null;
      bytes = Buffer.concat([bytes, read]);
      const isAll = base + bytes.length >= this.#size;
      let begin = 0;
      for (;;) {
        if (!atLineStart) {
          const end = bytes.indexOf(10, begin);
          begin = end < 0 ? bytes.length : end + 1;
          if (end < 0) break;
          atLineStart = true;
        }
        if (base + begin >= to) return null;
        if (bytes.length - begin < seqBytes && !isAll) break;
        const seq = recordSeq(bytes.toString("latin1", begin, begin + seqBytes));
        if (seq !== null) return { offset: base + begin, seq };
        atLineStart = false;
      }
      base += begin;
      bytes = bytes.subarray(begin);
    }
    return null;
  }

  async #read(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, this.#size) - from));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }
}
