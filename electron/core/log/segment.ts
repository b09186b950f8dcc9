import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { LogLine } from "#shared/schema/log.ts";
import { systemCode } from "../lib/error.ts";
import { nextHead, RecordReader } from "./record.ts";

/** Neither a link is followed nor a pipe waited for. */
export const safeRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** One read from disk. */
const chunkBytes = 256 * 1_024;
/** Below this, bisecting costs more than reading on: heads stand at least this close in what programs write (lines.ts). */
const nearBytes = 128 * 1_024;
/** One look while bisecting. Twice as much each time there was no head to be seen. */
const probeBytes = 4_096;
/** As much as a head has, so that one at the end of a look is seen whole. */
const headBytes = 128;

/**
 * One file of a source, opened for reading as far as it was written then. Its lines stand in order of `seq`, and every few of
 * them have a head (record.ts), so a line is found by bisecting the bytes: no index to build, none to keep, and a file of 2 GB
 * is as quick as one of 2 MB.
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
    const { low } = await this.#bracket(after);
    const { high } = before === Infinity ? { high: this.#size } : await this.#bracket(before - 1);
    // The head at `high` is the first one with nothing that is wanted.
    const to = (await this.#firstHeadFrom(high, this.#size))?.offset ?? this.#size;
    const reader = new RecordReader(this.#source);
    let rest: Buffer = Buffer.alloc(0);
    for (let at = low; at < to; at += chunkBytes) {
      const bytes = Buffer.concat([rest, await this.#read(at, Math.min(to, at + chunkBytes))]);
      const end = bytes.lastIndexOf(10) + 1;
      rest = bytes.subarray(end);
      const wanted = reader.lines(bytes.subarray(0, end), after, before);
      if (wanted.length > 0) yield wanted;
    }
  }

  /** The same from the newest to the oldest; each batch is newest first. */
  async *backward(after: number, before: number): AsyncGenerator<LogLine[]> {
    const { low } = after <= 0 ? { low: 0 } : await this.#bracket(after);
    const { high } = before === Infinity ? { high: this.#size } : await this.#bracket(before - 1);
    const to = (await this.#firstHeadFrom(high, this.#size))?.offset ?? this.#size;
    let rest: Buffer = Buffer.alloc(0);
    for (let end = to; end > low; end -= chunkBytes) {
      const from = Math.max(low, end - chunkBytes);
      const bytes = Buffer.concat([await this.#read(from, end), rest]);
      // What stands before the first head of the piece belongs to a head before it.
      const begin = from === low ? 0 : (nextHead(bytes, 0)?.offset ?? bytes.length);
      rest = bytes.subarray(0, begin);
      const wanted = new RecordReader(this.#source).lines(bytes.subarray(begin), after, before).reverse();
      if (wanted.length > 0) yield wanted;
    }
  }

  /**
   * Two offsets around the line with a `seq`: at `low` begins the file, or a head that this line does not stand before; heads
   * at or after `high` have only greater ones.
   */
  async #bracket(seq: number): Promise<{ low: number; high: number }> {
    let low = 0;
    let high = this.#size;
    while (high - low > nearBytes) {
      const middle = low + Math.floor((high - low) / 2);
      const probe = await this.#firstHeadFrom(middle, high);
      if (probe !== null && probe.seq <= seq) low = probe.offset;
      else high = middle;
    }
    return { low, high };
  }

  /** The first head that begins at or after `from` and before `to`. */
  async #firstHeadFrom(from: number, to: number): Promise<{ offset: number; seq: number } | null> {
    for (let at = from, look = probeBytes; at < to; at += look, look = Math.min(chunkBytes, look * 2)) {
      const bytes = await this.#read(at, Math.min(this.#size, at + look + headBytes));
      // The file was cut short by somebody else.
      if (bytes.length === 0) return null;
      const head = nextHead(bytes, 0);
      if (head !== null) return at + head.offset < to ? { offset: at + head.offset, seq: head.seq } : null;
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
