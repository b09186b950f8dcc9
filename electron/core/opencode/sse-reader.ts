import { createParser, type EventSourceParser } from "eventsource-parser";

/** Measured: the largest frames (a whole tool output) have some 100 kB. An event beyond this is skipped and reported. */
export const EVENT_MAX_CHARACTERS = 8 * 1024 * 1024;

/** Two line ends in a row, of any kind; a line feed after a lone CR would belong to that CR, so it is waited for. */
const BLANK_LINE = /\n\r?\n|\r\r|\n\r(?=[^\n])/;

/**
 * Server-sent events out of raw bytes, in linear time and bounded memory: UTF-8 that is split between chunks is joined,
 * what is not UTF-8 becomes U+FFFD, an event larger than the cap is skipped up to the blank line that ends it.
 */
export class SseReader {
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder("utf-8");
  readonly #onSkipped: () => void;
  /** In the middle of an event that is too large. */
  #skipping = false;
  /** The end of the text seen so far, in which a blank line may have begun. */
  #tail = "";

  constructor(options: {
    readonly onData: (data: string) => void;
    readonly onSkipped: () => void;
    readonly cap?: number;
  }) {
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
    let text = this.#decoder.decode(bytes, { stream: true });
    if (this.#skipping) text = this.#skip(text);
    if (text === "") return;
    this.#parser.feed(text);
    if (!this.#skipping) return;
    this.#parser.reset();
    this.#tail = "";
    this.#onSkipped();
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
    return joined.slice(end.index + end[0].length);
  }
}
