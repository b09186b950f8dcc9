import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine } from "#shared/schema/log.ts";
import type { Clock } from "../lib/clock.ts";
import { systemCode } from "../lib/error.ts";
import { formatHeader, formatRecord } from "./record.ts";
import type { RecoveredSegment } from "./recover.ts";
import { Segment } from "./segment.ts";

/** Lines that wait for the disk, over all sources of a book. */
export interface WriteBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

/** One write at a time, and of a size that leaves the disk to others in between. */
const batchBytes = 1_024 * 1_024;
/** After a failure, the next try. */
const retryMs = 5_000;
/** While the disk fails, what is kept for when it works again. */
const troubledBytes = 4 * 1_024 * 1_024;
/** What a waiting line counts beyond its text. */
const lineOverheadBytes = 60;

/** `web.jsonl` is written, `web.1.jsonl` is older, `web.2.jsonl` the oldest. */
export function segmentName(stem: string, age: number): string {
  return age === 0 ? `${stem}.jsonl` : `${stem}.${age}.jsonl`;
}

/** A file name for any source name, also one with slashes or 10,000 characters: readable, and unique by its hash. */
export function stemOf(source: string): string {
  const readable = source
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40);
  return `${readable}-${createHash("sha256").update(source).digest("hex").slice(0, 12)}`;
}

/**
 * The files of one source. Lines wait in memory and are written in order by one writer, so nothing that appends ever
 * waits for the disk. At the budget's end, and while the disk fails, the oldest waiting lines are given up; the next
 * write leaves a note of how many.
 */
export class LogFile {
  readonly #folder: string;
  readonly #source: string;
  readonly #stem: string;
  readonly #maxBytes: number;
  readonly #count: number;
  readonly #clock: Clock;
  readonly #budget: WriteBudget;
  readonly #onTrouble: (error: unknown) => void;
  readonly #onWritten: () => void;
  /** By age: the first `seq` of each file that is there. */
  readonly #firstSeqs: (number | null)[];
  #waiting: LogLine[] = [];
  #waitingBytes = 0;
  #lost = { count: 0, through: 0 };
  /** The newest line that was appended, and the newest that waits no more. */
  #appended = 0;
  #settled = 0;
  #handle: FileHandle | null = null;
  #size = 0;
  #work: Promise<void> = Promise.resolve();
  #busy = false;
  #failedAt: number | null = null;

  constructor(options: {
    readonly folder: string;
    readonly source: string;
    readonly maxBytes: number;
    /** How many files, the current one included. */
    readonly count: number;
    readonly clock: Clock;
    readonly budget: WriteBudget;
    readonly recovered: ReadonlyMap<string, RecoveredSegment>;
    readonly onTrouble: (error: unknown) => void;
    readonly onWritten: () => void;
  }) {
    this.#folder = options.folder;
    this.#source = options.source;
    this.#stem = stemOf(options.source);
    this.#maxBytes = options.maxBytes;
    this.#count = options.count;
    this.#clock = options.clock;
    this.#budget = options.budget;
    this.#onTrouble = options.onTrouble;
    this.#onWritten = options.onWritten;
    this.#firstSeqs = Array.from(
      { length: options.count },
      (_, age) => options.recovered.get(segmentName(this.#stem, age))?.firstSeq ?? null,
    );
  }

  /** The oldest line the files hold; null while they hold none. */
  get firstSeq(): number | null {
    return this.#firstSeqs.findLast((seq) => seq !== null) ?? null;
  }

  append(line: LogLine): void {
    this.#waiting.push(line);
    this.#appended = line.seq;
    this.#weigh(line);
    const isTroubled = this.#failedAt !== null;
    if (this.#budget.usedBytes > this.#budget.maxBytes || (isTroubled && this.#waitingBytes > troubledBytes)) {
      this.#giveUp(this.#waitingBytes / 2);
    }
    if (isTroubled && this.#clock.monotonic() - (this.#failedAt ?? 0) < retryMs) return;
    this.#write();
  }

  /** Everything appended before is written, or has just failed to be. */
  async flush(): Promise<void> {
    const through = this.#appended;
    do {
      this.#write();
      await this.#work;
    } while (this.#failedAt === null && this.#settled < through);
  }

  /** All files, oldest first, opened between two writes: none is being rotated. The caller closes them. */
  async segments(): Promise<Segment[]> {
    const opened: Segment[] = [];
    try {
      await this.#exclusively(async () => {
        for (let age = this.#count - 1; age >= 0; age -= 1) {
          const segment = await Segment.open(this.#path(age), this.#source);
          if (segment !== null) opened.push(segment);
        }
      });
    } catch (error) {
      await Promise.all(opened.map((segment) => segment.close()));
      throw error;
    }
    return opened;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#exclusively(() => this.#release());
  }

  /** One batch at a time, so that a reader gets its turn in between. */
  #write(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    void this.#exclusively(async () => {
      try {
        await this.#writeBatch();
        this.#failedAt = null;
        this.#onWritten();
      } catch (error) {
        this.#failedAt = this.#clock.monotonic();
        this.#onTrouble(error);
      } finally {
        this.#busy = false;
        if (this.#failedAt === null) this.#write();
      }
    });
  }

  /** After what is under way. A failure is the failed work's own. */
  #exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #writeBatch(): Promise<void> {
    const lines = this.#waiting.splice(0, this.#countUpTo(Math.min(batchBytes, this.#maxBytes / 4)));
    const last = lines.at(-1)?.seq ?? 0;
    try {
      await this.#store(lines);
    } catch (error) {
      // Newer ones were given up meanwhile: these cannot come after the note that says so.
      if (this.#lost.through > last) {
        this.#lost = { ...this.#lost, count: this.#lost.count + lines.length };
        this.#unweigh(lines);
      } else this.#waiting = [...lines, ...this.#waiting];
      throw error;
    }
    this.#unweigh(lines);
    this.#settled = Math.max(this.#settled, last);
  }

  /** How many of the oldest waiting lines make up that many bytes; at least one. */
  #countUpTo(bytes: number): number {
    let sum = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && sum >= bytes) break;
      sum += weight(line);
      count += 1;
    }
    return count;
  }

  async #store(lines: readonly LogLine[]): Promise<void> {
    const first = lines[0];
    if (first === undefined) return;
    const lost = this.#lost;
    const content = Buffer.from((lost.count > 0 ? this.#lostNote(first.at) : "") + lines.map(formatRecord).join(""));
    try {
      await this.#put(content, first.seq);
    } catch (error) {
      if (systemCode(error) !== "ENOSPC" || !(await this.#removeOldest())) throw error;
      await this.#put(content, first.seq);
    }
    this.#lost = { count: this.#lost.count - lost.count, through: this.#lost.through };
  }

  /** Stands where the lines are missing: it takes the `seq` of the last of them. */
  #lostNote(at: number): string {
    const { count, through } = this.#lost;
    const text = `${count} lines are missing here: the disk did not take them in time.`;
    return formatRecord({ seq: through, at, source: this.#source, stream: "note", text, generation: 0, cut: false });
  }

  /** Writes all of it or nothing: what a full disk took of it is cut off again, so that no line is torn. */
  async #put(content: Buffer, firstSeq: number): Promise<void> {
    let handle = await this.#open();
    if (this.#size > 0 && this.#size + content.length > this.#maxBytes) {
      await this.#rotate();
      handle = await this.#open();
    }
    const header = this.#size === 0 ? Buffer.from(formatHeader(this.#source)) : Buffer.alloc(0);
    const bytes = Buffer.concat([header, content]);
    const before = this.#size;
    try {
      for (let written = 0; written < bytes.length;) {
        written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
      }
    } catch (error) {
      // If even that fails, the reader skips a torn line.
      await handle.truncate(before).catch(() => undefined);
      throw error;
    }
    this.#size = before + bytes.length;
    this.#firstSeqs[0] ??= firstSeq;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== null) {
      if ((await this.#handle.stat()).nlink > 0) return this.#handle;
      // Somebody deleted it under us; what was in it is gone, what comes gets a new file.
      await this.#release();
      this.#firstSeqs[0] = null;
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (!(await lstat(this.#folder)).isDirectory()) throw new Error(`${this.#folder} is not a folder`);
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(this.#path(0), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new Error(`${this.#path(0)} is not a regular file`);
      this.#size = await endWithLine(handle, stat.size);
      if (this.#size === 0) this.#firstSeqs[0] = null;
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  async #rotate(): Promise<void> {
    await this.#release();
    for (let age = this.#count - 2; age >= 0; age -= 1) {
      try {
        await rename(this.#path(age), this.#path(age + 1));
      } catch (error) {
        // There are not that many files yet, or somebody deleted one.
        if (systemCode(error) !== "ENOENT") throw error;
      }
      this.#firstSeqs[age + 1] = this.#firstSeqs[age] ?? null;
      this.#firstSeqs[age] = null;
    }
  }

  async #removeOldest(): Promise<boolean> {
    for (let age = this.#count - 1; age > 0; age -= 1) {
      if (this.#firstSeqs[age] === null) continue;
      await rm(this.#path(age), { force: true });
      this.#firstSeqs[age] = null;
      return true;
    }
    return false;
  }

  #giveUp(bytes: number): void {
    const gone = this.#waiting.splice(0, this.#countUpTo(bytes));
    this.#unweigh(gone);
    const through = gone.at(-1)?.seq ?? this.#lost.through;
    this.#lost = { count: this.#lost.count + gone.length, through };
    this.#settled = Math.max(this.#settled, through);
  }

  #weigh(line: LogLine): void {
    this.#waitingBytes += weight(line);
    this.#budget.usedBytes += weight(line);
  }

  #unweigh(lines: readonly LogLine[]): void {
    const bytes = lines.reduce((sum, line) => sum + weight(line), 0);
    this.#waitingBytes -= bytes;
    this.#budget.usedBytes -= bytes;
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#size = 0;
    await handle?.close();
  }

  #path(age: number): string {
    return join(this.#folder, segmentName(this.#stem, age));
  }
}

function weight(line: LogLine): number {
  return line.text.length + lineOverheadBytes;
}

/** A line torn by a crash is ended, so that it takes no other with it. Returns the size. */
async function endWithLine(handle: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] === 10) return size;
  await handle.write("\n");
  return size + 1;
}
