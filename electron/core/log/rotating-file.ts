import { constants, fstatSync, renameSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { systemCode } from "../lib/error.ts";

/** Neither a link is followed nor a pipe waited for. */
const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

/** More pieces than this are put together before they are written; copying is then cheaper than listing them. */
const maxPieces = 256;

/** One look backwards for the end of the last whole line. */
const lookBytes = 64 * 1_024;

export interface RotatingFileOptions {
  /** The path of the file of an age: 0 is written, 1 is older, and so on. */
  readonly path: (age: number) => string;
  readonly maxBytes: number;
  /** How many files, the current one included. */
  readonly count: number;
  /** Stands at the beginning of each file. */
  readonly header: Uint8Array;
  /** A line torn by a crash of the host: cut off, or ended where what stands there may be somebody else's. */
  readonly tornEnd: "cut" | "end";
  /** Before the current file is opened: make its folder, refuse a bad one. */
  readonly prepare?: () => Promise<void>;
  /** What was there before, by age. */
  readonly found?: readonly (SegmentFacts | null)[];
}

/** What is known of one file. */
export interface SegmentFacts {
  /** The caller's mark of the first thing in it. */
  readonly mark: number;
  readonly bytes: number;
}

/**
 * A file of lines that is put aside when it is full, and the few older ones before it. Everything put is written whole or not
 * at all, so that no line is ever torn; on a full disk the oldest file goes first. For one writer at a time.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #facts: (SegmentFacts | null)[];
  #handle: FileHandle | null = null;
  #size = 0;
  /** The size the current file should have, when something torn could not be cut off its end at once. */
  #sound: number | null = null;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#facts = Array.from({ length: options.count }, (_, age) => options.found?.[age] ?? null);
  }

  /** The mark of the oldest file; null while there is none. */
  get firstMark(): number | null {
    return this.#facts.findLast((facts) => facts !== null)?.mark ?? null;
  }

  /** Of all files together. */
  get bytes(): number {
    return this.#facts.reduce((sum, facts) => sum + (facts?.bytes ?? 0), 0);
  }

  path(age: number): string {
    return this.#options.path(age);
  }

  /**
   * Appends the pieces, whole lines all of them, as one. A file that would grow beyond its bound is put aside first; pieces
   * larger than a file get one of their own.
   *
   * @param mark What the file is known by, if these are the first in it.
   * @throws The error of the system (`ENOSPC`, `EACCES`, `ELOOP` …); nothing of the pieces is in the file then.
   */
  async put(pieces: readonly Uint8Array[], mark: number): Promise<void> {
    const content = pieces.length > maxPieces ? [Buffer.concat(pieces)] : pieces;
    try {
      await this.#put(content, mark);
    } catch (error) {
      if (systemCode(error) !== "ENOSPC" || !(await this.removeOldest())) throw error;
      await this.#put(content, mark);
    }
  }

  /** Opens the current file, and makes it where there is none. @throws what `put` throws. */
  async open(): Promise<FileHandle> {
    if (this.#handle !== null) {
      // Synchronous, here and below, where the kernel answers from memory: every detour over the thread pool costs a turn of
      // the event loop, and while a program floods us a turn is milliseconds long.
      if (fstatSync(this.#handle.fd).nlink > 0) return this.#handle;
      // Somebody deleted it under us; what was in it is gone, what comes gets a new file.
      await this.release();
      this.#facts[0] = null;
      this.#sound = null;
    }
    await this.#options.prepare?.();
    const handle = await open(this.path(0), flags, 0o600);
    try {
      const stat = fstatSync(handle.fd);
      if (!stat.isFile()) throw new Error(`${this.path(0)} is not a regular file`);
      // One that was there already may be open to others.
      if ((stat.mode & 0o077) !== 0) await handle.chmod(0o600);
      const sound = Math.min(stat.size, this.#sound ?? stat.size);
      if (sound < stat.size) await handle.truncate(sound);
      const mend = this.#options.tornEnd === "cut" ? cutTornEnd : endTornLine;
      this.#size = sound === 0 ? 0 : await mend(handle, sound);
      this.#sound = null;
      if (this.#size === 0) this.#facts[0] = null;
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  /** Removes the oldest file that is put aside; false when there is none. */
  async removeOldest(): Promise<boolean> {
    const age = this.#facts.findLastIndex((facts) => facts !== null);
    if (age < 1) return false;
    await rm(this.path(age), { force: true });
    this.#facts[age] = null;
    return true;
  }

  /** Closes the current file; the next `put` opens it again. */
  async release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#size = 0;
    await handle?.close();
  }

  async #put(pieces: readonly Uint8Array[], mark: number): Promise<void> {
    const { maxBytes, header } = this.#options;
    const length = lengthOf(pieces);
    let handle = await this.open();
    if (this.#size > 0 && this.#size + length > maxBytes) {
      await this.#rotate();
      handle = await this.open();
    }
    const before = this.#size;
    const content = before === 0 && header.length > 0 ? [header, ...pieces] : pieces;
    try {
      await writeAll(handle, content);
    } catch (error) {
      this.#sound = before;
      // If even that fails, it is cut off when the file is opened the next time.
      await handle.truncate(before).catch(() => undefined);
      await this.release();
      throw error;
    }
    this.#size = before + lengthOf(content);
    this.#facts[0] = { mark: this.#facts[0]?.mark ?? mark, bytes: this.#size };
  }

  async #rotate(): Promise<void> {
    await this.release();
    // Removed, not replaced: a rename over a file makes some file systems (ext4) write out the new one first, which takes long.
    await rm(this.path(this.#options.count - 1), { force: true });
    this.#facts[this.#options.count - 1] = null;
    for (let age = this.#options.count - 2; age >= 0; age -= 1) {
      try {
        renameSync(this.path(age), this.path(age + 1));
      } catch (error) {
        // There are not that many files yet, or somebody deleted one.
        if (systemCode(error) !== "ENOENT") throw error;
      }
      this.#facts[age + 1] = this.#facts[age] ?? null;
      this.#facts[age] = null;
    }
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const total = lengthOf(pieces);
  const { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten === total) return;
  // A disk that is nearly full takes a part, and says why with the next write.
  const bytes = Buffer.concat(pieces);
  for (let written = bytesWritten; written < total;) {
    written += (await handle.write(bytes, written, total - written)).bytesWritten;
  }
}

/** Half a line would look like a whole one. Returns the size. */
async function cutTornEnd(handle: FileHandle, size: number): Promise<number> {
  const look = Buffer.alloc(lookBytes);
  let end = size;
  while (end > 0) {
    const from = Math.max(0, end - lookBytes);
    const { bytesRead } = await handle.read(look, 0, end - from, from);
    const newline = look.subarray(0, bytesRead).lastIndexOf(10);
    end = newline >= 0 ? from + newline + 1 : from;
    if (newline >= 0) break;
  }
  if (end < size) await handle.truncate(end);
  return end;
}

/** Ends it, so that it takes no other line with it. Returns the size. */
async function endTornLine(handle: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] === 10) return size;
  await handle.write("\n");
  return size + 1;
}
