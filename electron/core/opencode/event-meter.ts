import type { WireEvent } from "./event-stream.ts";
import type { Clock } from "../lib/clock.ts";

/** The rate is that of this many whole seconds; a longer look would hide a burst, a shorter one shows none. */
const SECONDS = 10;

/** Counts the events of one server: how many, when the last one came, and how many a second. A few additions an event. */
export class EventMeter {
  readonly #clock: Clock;
  readonly #counts = Array.from({ length: SECONDS }, () => 0);
  /** The second, on the monotonic clock, that each count is of. */
  readonly #seconds = Array.from({ length: SECONDS }, () => -1);
  #total = 0;
  #lastAt: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Since the server was started. */
  get total(): number {
    return this.#total;
  }

  /** ms since the epoch; null before the first. */
  get lastAt(): number | null {
    return this.#lastAt;
  }

  /** The second copies of durable events (`sync`) are not counted. */
  add(event: Pick<WireEvent, "type">): void {
    if (event.type === "sync") return;
    this.#total += 1;
    this.#lastAt = this.#clock.now();
    const second = Math.floor(this.#clock.monotonic() / 1_000);
    const slot = second % SECONDS;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** Over the last ten seconds. */
  perSecond(): number {
    const now = Math.floor(this.#clock.monotonic() / 1_000);
    let count = 0;
    for (const [slot, second] of this.#seconds.entries()) {
      if (now - second < SECONDS) count += this.#counts[slot] ?? 0;
    }
    return count / SECONDS;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#seconds.fill(-1);
    this.#total = 0;
    this.#lastAt = null;
  }
}
