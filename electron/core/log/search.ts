import { createContext, Script } from "node:vm";
import type { LogLine } from "#shared/schema/log.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, systemCode } from "../lib/error.ts";
import { plainText } from "./sanitize.ts";

/** Lines matched in one go, and how much text: a usual expression takes about a millisecond for it. */
const SLICE_LINES = 500;
const SLICE_UNITS = 64 * 1_024;
/** One go may keep the event loop this long. In ms. */
const SLICE_MS = 50;
/** A slice that takes longer is tried again so many times in all: the machine may have been busy with something else. */
const TRIES = 3;
/** Reading and matching together. In ms. */
const SEARCH_MS = 10_000;

/** Node ends it when its time is over, even in the middle of matching: an expression runs until it has matched, or for years. */
const script = new Script("run()");

/**
 * Lines that match a person's expression. It may be one that takes for ever (`(a+)+$`), and nothing but a deadline can tell.
 * Colours are not searched.
 */
export class LineSearch {
  readonly #expression: RegExp;
  readonly #clock: Clock;
  readonly #context: { run: () => boolean[] };

  constructor(expression: RegExp, clock: Clock) {
    // A global or sticky expression remembers where it stopped and would miss every other line.
    this.#expression = new RegExp(expression.source, expression.flags.replace(/[gy]/g, ""));
    this.#clock = clock;
    this.#context = createContext({ run: () => [] }) as { run: () => boolean[] };
  }

  /** @throws AppError `timeout` when the expression, or all of it, takes too long. */
  async *matching(lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
    const end = this.#clock.monotonic() + SEARCH_MS;
    let slice: LogLine[] = [];
    let units = 0;
    for await (const line of lines) {
      slice.push(line);
      units += line.text.length;
      if (slice.length < SLICE_LINES && units < SLICE_UNITS) continue;
      yield* await this.#filter(slice, end);
      slice = [];
      units = 0;
      if (this.#clock.monotonic() > end) throw tooSlow(this.#expression, `${SEARCH_MS / 1_000} s were not enough`);
    }
    yield* await this.#filter(slice, end);
  }

  async #filter(slice: readonly LogLine[], end: number): Promise<LogLine[]> {
    const texts = slice.map(({ text }) => plainText(text));
    for (let tries = 0; tries < TRIES;) {
      // Everything else gets its turn between two of them.
      await new Promise((resolve) => setImmediate(resolve));
      const before = process.cpuUsage();
      const matches = this.#match(texts);
      if (matches !== null) return slice.filter((_, index) => matches[index]);
      const { user } = process.cpuUsage(before);
      // With less than half of the time spent on us, it was the machine that was late.
      if (user > (SLICE_MS * 1_000) / 2) tries += 1;
      else if (this.#clock.monotonic() > end) break;
    }
    throw tooSlow(this.#expression, "it tries too many ways to match one line");
  }

  /** Null when its time was over. */
  #match(texts: readonly string[]): boolean[] | null {
    this.#context.run = () => texts.map((text) => this.#expression.test(text));
    try {
      return script.runInContext(this.#context, { timeout: SLICE_MS }) as boolean[];
    } catch (error) {
      if (systemCode(error) === "ERR_SCRIPT_EXECUTION_TIMEOUT") return null;
      throw error;
    }
  }
}

function tooSlow(expression: RegExp, why: string): AppError {
  return new AppError("timeout", `The search for /${expression.source}/ was given up: ${why}.`, {
    next: "Search for a simpler expression (no repetition inside a repetition), or in fewer sources.",
  });
}
