/**
 * A line longer than this is handed on in pieces: one that never ends must not fill the memory. In bytes, so that nothing has
 * to be decoded to be cut.
 */
export const lineCap = 64 * 1_024;

const LINE_END = 10;
const RETURN = 13;

/**
 * Cuts a stream of bytes into lines, without looking at more of them than their ends: whole lines are handed on together, as
 * the bytes that came. `\n` ends a line (a `\r` before it belongs to the end and is left where it is), the last line needs no
 * end. Linear in the input: nothing is searched twice.
 */
export class LineSplitter {
  readonly #onLines: (lines: Buffer, cut: boolean) => void;
  readonly #cap: number;
  /** The line begun and not ended yet, in the first `#length` bytes: never longer than the cap and one `\r`. */
  #open: Buffer = Buffer.alloc(0);
  #length = 0;

  /**
   * @param onLines Either one or more whole lines, each with a `\n` at its end, or (`cut`) one piece, without it, of a line
   *   longer than the cap, which continues in the next call. The bytes may be kept, not changed.
   */
  constructor(onLines: (lines: Buffer, cut: boolean) => void, cap: number = lineCap) {
    this.#onLines = onLines;
    this.#cap = cap;
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    let from = 0;
    if (end > 0 && this.#length > 0) {
      from = bytes.indexOf(LINE_END) + 1;
      this.#keep(bytes.subarray(0, from));
      this.#finish(this.#take());
    }
    if (end > from) this.#whole(bytes.subarray(from, end));
    if (end === bytes.length) return;
    this.#keep(bytes.subarray(end));
    // One more than the cap may be the `\r` of the line's end.
    if (this.#length > this.#cap + 1) {
      const rest = this.#cutDown(this.#take());
      this.#keep(rest);
    }
  }

  /** Hands on what was begun, because no more may come for long; what follows begins a new line. */
  flush(): void {
    if (this.#length === 0) return;
    this.#keep(Buffer.of(LINE_END));
    this.#finish(this.#take());
  }

  /** The stream is over. */
  end(): void {
    this.flush();
  }

  /** Whole lines; only if there are more bytes than a line may have, one of them can be too long. */
  #whole(lines: Buffer): void {
    if (lines.length <= this.#cap) {
      this.#onLines(lines, false);
      return;
    }
    let plainFrom = 0;
    for (let from = 0; from < lines.length;) {
      const end = lines.indexOf(LINE_END, from) + 1;
      if (this.#excess(lines.subarray(from, end - 1)) > 0) {
        if (from > plainFrom) this.#onLines(lines.subarray(plainFrom, from), false);
        this.#finish(lines.subarray(from, end));
        plainFrom = end;
      }
      from = end;
    }
    if (plainFrom < lines.length) this.#onLines(lines.subarray(plainFrom), false);
  }

  /** One line with its end. */
  #finish(line: Buffer): void {
    this.#onLines(this.#excess(line.subarray(0, -1)) > 0 ? this.#cutDown(line) : line, false);
  }

  /** Hands on full pieces and returns the rest. */
  #cutDown(bytes: Buffer): Buffer {
    let rest = bytes;
    for (;;) {
      const text = rest.at(-1) === LINE_END ? rest.subarray(0, -1) : rest;
      if (this.#excess(text) <= 0) return rest;
      const end = characterStart(rest, this.#cap);
      this.#onLines(rest.subarray(0, end), true);
      rest = rest.subarray(end);
    }
  }

  /** By how many bytes a line without its `\n` is too long. */
  #excess(line: Buffer): number {
    return line.length - this.#cap - (line.at(-1) === RETURN ? 1 : 0);
  }

  /** Grows by doubling, so that a line that comes byte by byte costs no more than one that comes at once. */
  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#open.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#length));
      this.#open.copy(larger, 0, 0, this.#length);
      this.#open = larger;
    }
    this.#open.set(bytes, this.#length);
    this.#length = length;
  }

  #take(): Buffer {
    const taken = this.#open.subarray(0, this.#length);
    this.#open = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}

/** Each line of what a LineSplitter hands on, decoded, without its end. */
export function eachLine(lines: Buffer, cut: boolean, onLine: (text: string, cut: boolean) => void): void {
  const text = lines.toString("utf8");
  if (cut) {
    onLine(text, true);
    return;
  }
  for (let from = 0; from < text.length;) {
    const end = text.indexOf("\n", from);
    onLine(text.slice(from, text.charCodeAt(end - 1) === RETURN && end > from ? end - 1 : end), false);
    from = end + 1;
  }
}

/** The last place at or before `at` where a character begins, but not the beginning; `at` where there is none near. */
function characterStart(bytes: Buffer, at: number): number {
  // UTF-8: a character has at most three bytes after its first, and each of them looks like 10xxxxxx.
  for (let start = at; start > Math.max(0, at - 4); start -= 1) {
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start;
  }
  return Math.max(1, at);
}
