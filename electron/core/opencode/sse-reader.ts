import { isAscii } from "node:buffer";
import { createParser, type EventSourceParser } from "eventsource-parser";

/** Measured: the largest frames (a whole tool output) have some 100 kB. An event beyond this is skipped and reported. */
export const EVENT_MAX_CHARACTERS = 8 * 1024 * 1024;

/** Two line ends in a row, of any kind; a line feed after a lone CR would belong to that CR, so it is waited for. */
const BLANK_LINE = /\n\r?\n|\r\r|\n\r(?=[^\n])/;
const DATA = "data: ";
const LINE_FEED = 10;
const ASCII_END = 0x80;

/**
 * Server-sent events out of raw bytes, in linear time and bounded memory: UTF-8 that is split between chunks is joined,
 * what is not UTF-8 becomes U+FFFD, an event larger than the cap is skipped up to the blank line that ends it.
 *
 * What OpenCode sends is nearly always one `data: ` line and a blank one, whole within a chunk: those are cut out directly.
 * Everything else (other fields, several lines, events that are split between chunks, CR as a line end) is the parser's.
 */
export class SseReader {
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder("utf-8");
  readonly #onData: (data: string) => void;
  readonly #onSkipped: () => void;
  /** The decoder has begun and holds no half character back: bytes that are all ASCII need no decoding. */
  #isDecoded = false;
  /** No CR has come. With the first one everything is the parser's. */
  #onlyLineFeeds = true;
  /** The parser holds nothing: the next character begins an event. */
  #isBetween = true;
  /** The last character was a line feed, so that another one ends the event. */
  #endsLine = false;
  /** In the middle of an event that is too large. */
  #skipping = false;
  /** The end of the text seen so far, in which a blank line may have begun. */
  #tail = "";

  constructor(options: {
    readonly onData: (data: string) => void;
    readonly onSkipped: () => void;
    readonly cap?: number;
  }) {
    this.#onData = options.onData;
    this.#onSkipped = options.onSkipped;
    this.#parser = createParser({
      maxBufferSize: options.cap ?? EVENT_MAX_CHARACTERS,
      onEvent: (event) => options.onData(event.data),
      onError: (error) => {
        // Unknown fields and a bad `retry` are ignored, as the standard asks.
        if (error.type === "max-buffer-size-exceeded") this.#skipping = true;
      },
    });
  }

  feed(bytes: Uint8Array): void {
    let text = this.#decode(bytes);
    if (this.#skipping) text = this.#skip(text);
    if (text === "") return;
    if (this.#onlyLineFeeds && text.includes("\r")) this.#onlyLineFeeds = false;
    const rest = this.#onlyLineFeeds ? this.#readWhole(text) : text;
    if (rest === "") return;
    this.#parser.feed(rest);
    this.#isBetween = false;
    this.#endsLine = rest.charCodeAt(rest.length - 1) === LINE_FEED;
    if (!this.#skipping) return;
    this.#parser.reset();
    this.#tail = rest.slice(-3);
    this.#onSkipped();
  }

  #decode(bytes: Uint8Array): string {
    // Several times faster than the decoder, and the text takes a byte a character.
    if (this.#isDecoded && isAscii(bytes))
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const last = bytes.at(-1);
    if (last !== undefined) this.#isDecoded = last < ASCII_END;
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** Reads the events that end in the text. Answers the beginning of the one that does not. */
  #readWhole(text: string): string {
    let at = 0;
    if (!this.#isBetween) {
      at = this.#endsLine && text.charCodeAt(0) === LINE_FEED ? 1 : afterBlankLine(text, 0);
      if (at === -1) return text;
      this.#parser.feed(text.slice(0, at));
      this.#isBetween = true;
    }
    while (at < text.length) {
      const end = text.indexOf("\n", at);
      if (text.startsWith(DATA, at) && end !== -1 && text.charCodeAt(end + 1) === LINE_FEED) {
        this.#onData(text.slice(at + DATA.length, end));
        at = end + 2;
        continue;
      }
      const next = end === at ? at + 1 : afterBlankLine(text, at);
      if (next === -1) break;
      this.#parser.feed(text.slice(at, next));
      at = next;
    }
    return at === text.length ? "" : text.slice(at);
  }

  /** What comes after the blank line that ends the skipped event; nothing while that is still to come. */
  #skip(text: string): string {
    const joined = this.#tail + text;
    const end = BLANK_LINE.exec(joined);
    if (end === null) {
      this.#tail = joined.slice(-3);
      return "";
    }
    this.#skipping = false;
    this.#isBetween = true;
    return joined.slice(end.index + end[0].length);
  }
}

/** -1 where there is none. */
function afterBlankLine(text: string, from: number): number {
  const at = text.indexOf("\n\n", from);
  return at === -1 ? -1 : at + 2;
}
