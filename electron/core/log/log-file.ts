import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { Intake } from "../lib/intake.ts";
import { createBlock, type LineBlock, splitBlock } from "./line-block.ts";
import { formatBlock, formatHeader } from "./record.ts";
import type { RecoveredSegment } from "./recover.ts";
import { RotatingFile } from "./rotating-file.ts";
import { Segment } from "./segment.ts";
import { type Lost, type WriteBudget, WriteQueue } from "./write-queue.ts";

/** One write: as much as a few turns of the event loop bring in while a program floods us. */
const batchBytes = 4 * 1_024 * 1_024;
/** A head stands at least this often, so that a line is found without reading much before it. */
const blockBytes = 64 * 1_024;

/** `web.log` is written, `web.1.log` is older, `web.4.log` the oldest. */
export function segmentName(stem: string, age: number): string {
  return age === 0 ? `${stem}.log` : `${stem}.${age}.log`;
}

/** A file name for any source name, also one with slashes or 10,000 characters: readable, and unique by its hash. */
export function stemOf(source: string): string {
  const readable = source
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40);
  return `${readable}-${createHash("sha256").update(source).digest("hex").slice(0, 12)}`;
}

/** The files of one source. What the disk did not take in time has a note in its place. */
export class LogFile {
  readonly #folder: string;
  readonly #source: string;
  readonly #count: number;
  readonly #blockBytes: number;
  readonly #file: RotatingFile;
  readonly #queue: WriteQueue<LineBlock>;

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
    const stem = stemOf(options.source);
    this.#folder = options.folder;
    this.#source = options.source;
    this.#count = options.count;
    const batch = Math.min(batchBytes, options.maxBytes / 2);
    this.#blockBytes = Math.min(blockBytes, batch);
    this.#file = new RotatingFile({
      path: (age) => join(options.folder, segmentName(stem, age)),
      maxBytes: options.maxBytes,
      count: options.count,
      header: Buffer.from(formatHeader(options.source)),
      tornEnd: "cut",
      prepare: () => this.#makeFolder(),
      found: Array.from({ length: options.count }, (_, age) => options.recovered.get(segmentName(stem, age)) ?? null),
    });
    this.#queue = new WriteQueue<LineBlock>({
      store: (blocks, lost) => this.#store(blocks, lost),
      batchBytes: batch,
      budget: options.budget,
      clock: options.clock,
      onTrouble: options.onTrouble,
      onWritten: options.onWritten,
    });
  }

  /** The oldest line the files hold; null while they hold none. */
  get firstSeq(): number | null {
    return this.#file.firstMark;
  }

  /** Of all its files. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** @returns What WriteQueue.append does. */
  append(block: LineBlock): Intake {
    let wait: Intake;
    for (const part of splitBlock(block, this.#blockBytes)) wait = this.#queue.append(part);
    return wait;
  }

  /** Everything appended before is written, or has just failed to be. */
  flush(): Promise<void> {
    return this.#queue.flush();
  }

  /** All files, oldest first, opened between two writes: none is being rotated. The caller closes them. */
  async segments(): Promise<Segment[]> {
    const opened: Segment[] = [];
    try {
      await this.#queue.exclusively(async () => {
        for (let age = this.#count - 1; age >= 0; age -= 1) {
          const segment = await Segment.open(this.#file.path(age), this.#source);
          if (segment !== null) opened.push(segment);
        }
      });
    } catch (error) {
      await Promise.all(opened.map((segment) => segment.close()));
      throw error;
    }
    return opened;
  }

  /** Makes room on the disk for other sources; false when only the current file is left. */
  async removeOldest(): Promise<boolean> {
    let removed = false;
    await this.#queue.exclusively(async () => {
      removed = await this.#file.removeOldest();
    });
    return removed;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#queue.exclusively(() => this.#file.release());
  }

  async #store(blocks: readonly LineBlock[], lost: Lost): Promise<void> {
    const first = blocks[0];
    if (first === undefined) return;
    const all = lost.lines > 0 ? [lostNote(lost, first.at), ...blocks] : blocks;
    await this.#file.put(all.flatMap(formatBlock), first.first);
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (!(await lstat(this.#folder)).isDirectory()) throw new Error(`${this.#folder} is not a folder`);
  }
}

/** Stands where the lines are missing: it takes the `seq` of the last of them. */
function lostNote({ lines, through }: Lost, at: number): LineBlock {
  const text = `${lines} lines are missing here: the disk did not take them in time.\n`;
  return createBlock({
    first: through,
    lines: 1,
    at,
    stream: "note",
    generation: 0,
    cut: false,
    bytes: Buffer.from(text),
  });
}
