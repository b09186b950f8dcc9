import type { LogLine } from "#shared/schema/log.ts";
import { type LineBlock, linesOfBlock } from "./line-block.ts";

/** The newest lines of one source, oldest first, bounded in number and in size. At the bound the oldest blocks go. */
export class LineRing {
  readonly #source: string;
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #blocks: LineBlock[] = [];
  /** Index of the oldest block; what stands before it is gone and compacted now and then. */
  #head = 0;
  #lines = 0;
  #bytes = 0;
  #evictedThrough: number;

  /** @param evictedThrough The newest line of this source that only the files have. */
  constructor(
    source: string,
    limits: { readonly maxLines: number; readonly maxBytes: number },
    evictedThrough: number,
  ) {
    this.#source = source;
    this.#maxLines = limits.maxLines;
    this.#maxBytes = limits.maxBytes;
    this.#evictedThrough = evictedThrough;
  }

  /** Every line of this source with a greater `seq` is here. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /** `seq` of the oldest line; null while there is none. */
  get first(): number | null {
    return this.#blocks[this.#head]?.first ?? null;
  }

  /** `seq` of the newest line; null while there is none. */
  get last(): number | null {
    return this.#blocks.length > this.#head ? (this.#blocks.at(-1)?.last ?? null) : null;
  }

  /** What it keeps, its own costs included. */
  get bytes(): number {
    return this.#bytes;
  }

  push(block: LineBlock): void {
    this.#blocks.push(block);
    this.#lines += block.lines;
    this.#bytes += block.weight;
    while (this.#lines > this.#maxLines || this.#bytes > this.#maxBytes) {
      const oldest = this.#blocks[this.#head];
      // The newest stays, however many lines it has.
      if (oldest === undefined || oldest === block) break;
      this.#lines -= oldest.lines;
      this.#bytes -= oldest.weight;
      this.#evictedThrough = oldest.last;
      this.#head += 1;
    }
    if (this.#head > 100 && this.#head * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The blocks as they are now, oldest first: what leaves the ring later stays in this list. */
  blocks(): LineBlock[] {
    return this.#blocks.slice(this.#head);
  }

  /** The newest `count` lines with a greater `seq` than `after`, oldest first. */
  tail(count: number, after = -1): LogLine[] {
    const found: LogLine[][] = [];
    let missing = count;
    for (let at = this.#blocks.length - 1; at >= this.#head && missing > 0; at -= 1) {
      const block = this.#blocks[at];
      if (block === undefined || block.last <= after) break;
      const lines = linesOfBlock(block, this.#source, Math.max(after, block.last - missing));
      found.push(lines);
      missing -= lines.length;
    }
    return found.reverse().flat();
  }
}
