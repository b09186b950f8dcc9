import type { LogLine } from "#shared/schema/log.ts";

/** What a line costs beyond its text, roughly: the object and its fields. */
const lineOverheadBytes = 100;

/** The newest lines of one source, oldest first, bounded in number and in size. At the bound the oldest go. */
export class LineRing {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #lines: LogLine[] = [];
  /** Index of the oldest line; what stands before it is gone and compacted now and then. */
  #head = 0;
  #bytes = 0;
  #evictedThrough: number;

  /** @param evictedThrough The newest line of this source that only the files have. */
  constructor(limits: { readonly maxLines: number; readonly maxBytes: number }, evictedThrough: number) {
    this.#maxLines = limits.maxLines;
    this.#maxBytes = limits.maxBytes;
    this.#evictedThrough = evictedThrough;
  }

  /** Every line of this source with a greater `seq` is here. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  get last(): LogLine | undefined {
    return this.#lines.length > this.#head ? this.#lines[this.#lines.length - 1] : undefined;
  }

  get first(): LogLine | undefined {
    return this.#lines[this.#head];
  }

  push(line: LogLine): void {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
    while (this.#lines.length - this.#head > this.#maxLines || this.#bytes > this.#maxBytes) {
      const oldest = this.#lines[this.#head];
      // The newest stays, however long it is.
      if (oldest === undefined || oldest === line) break;
      this.#bytes -= sizeOf(oldest);
      this.#evictedThrough = oldest.seq;
      this.#head += 1;
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The lines between two `seq`, both left out, oldest first. */
  between(after: number, before: number): LogLine[] {
    return this.#lines.slice(this.#indexAfter(after), Math.max(this.#head, this.#indexAfter(before - 1)));
  }

  /** The newest `count` lines. */
  tail(count: number): LogLine[] {
    return this.#lines.slice(Math.max(this.#head, this.#lines.length - count));
  }

  /** Index of the first line with a greater `seq`. */
  #indexAfter(seq: number): number {
    let low = this.#head;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#lines[middle]?.seq ?? Infinity) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function sizeOf(line: LogLine): number {
  return line.text.length + lineOverheadBytes;
}
