import { StringDecoder } from "node:string_decoder";

/** A line longer than this is handed on in pieces: one that never ends must not fill the memory. In UTF-16 units. */
export const lineCap = 64 * 1_024;

/**
 * Cuts a stream of bytes into lines. A character split over two chunks comes out whole, `\n` and `\r\n` end a line, the
 * last line needs no end. Linear in the input: nothing is searched twice.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (text: string, cut: boolean) => void;
  readonly #cap: number;
  /** The line begun and not ended yet: never longer than the cap and one `\r`. */
  #open = "";

  /** @param onLine `cut`: the line was longer than the cap and continues in the next call. */
  constructor(onLine: (text: string, cut: boolean) => void, cap: number = lineCap) {
    this.#onLine = onLine;
    this.#cap = cap;
  }

  write(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(chunk as Buffer));
  }

  /** Hands on what was begun, because no more may come for long; what follows begins a new line. */
  flush(): void {
    if (this.#open !== "") this.#finish(this.#open);
    this.#open = "";
  }

  /** The stream is over. */
  end(): void {
    this.#take(this.#decoder.end());
    this.flush();
  }

  #take(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const piece = text.slice(from, end);
      this.#finish(this.#open === "" ? piece : this.#open + piece);
      this.#open = "";
      from = end + 1;
    }
    if (from === text.length) return;
    this.#open += from === 0 ? text : text.slice(from);
    // One more than the cap may be the `\r` of the line's end.
    if (this.#open.length > this.#cap + 1) this.#open = this.#cutDown(this.#open);
  }

  #finish(line: string): void {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    this.#onLine(text.length > this.#cap ? this.#cutDown(text) : text, false);
  }

  /** Hands on full pieces and returns the rest. */
  #cutDown(text: string): string {
    let from = 0;
    while (text.length - from > this.#cap + (text.endsWith("\r") ? 1 : 0)) {
      let end = from + this.#cap;
      // A character of two units stays in one piece.
      if (isHighSurrogate(text.charCodeAt(end - 1)) && this.#cap > 1) end -= 1;
      this.#onLine(text.slice(from, end), true);
      from = end;
    }
    return text.slice(from);
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
