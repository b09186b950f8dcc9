import type { Clock } from "../../electron/core/lib/clock.ts";

/** As `setTimeout` has it. Without it a timer that sets itself again for what is left of a wait would never let a jump end. */
const SHORTEST_MS = 1;

interface Timer {
  /** Monotonic, in ms. */
  at: number;
  readonly run: () => void;
  /** Who set it. */
  readonly from: string;
  handle: NodeJS.Timeout | null;
}

/**
 * A clock that goes as real time does, and can be sent ahead: what waits for half a minute is brought there at once, while
 * what waits for an answer of another process still has all the time it was given. Wall time can be set, as a person or
 * a time server sets it.
 */
export class WarpClock implements Clock {
  #ahead = 0;
  #wallAhead = 0;
  /** Set while a jump is at work: the time of the timer that runs. */
  #frozen: number | null = null;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.#ahead + this.#wallAhead;
  }

  monotonic(): number {
    return this.#frozen ?? performance.now() + this.#ahead;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.monotonic() + Math.max(SHORTEST_MS, ms), run, from: caller(), handle: null };
    this.#timers.add(timer);
    if (this.#frozen === null) this.#arm(timer);
    return () => this.#drop(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** What waits, and where it was set, for people. */
  describe(): string {
    const now = this.monotonic();
    return [...this.#timers].map(({ at, from }) => `in ${Math.round(at - now)} ms ${from}`).join("; ");
  }

  /** Sends it ahead; the timers on the way run in order, each at its own time. */
  jump(ms: number): void {
    this.#travel(ms, (at) => at);
  }

  /** The machine slept: everything that was due meanwhile runs now, late. */
  suspend(ms: number): void {
    const end = this.monotonic() + ms;
    this.#travel(ms, () => end);
  }

  /** Wall time alone is set ahead, or back. */
  setWall(ms: number): void {
    this.#wallAhead += ms;
  }

  #travel(ms: number, timeOf: (at: number) => number): void {
    const begin = this.monotonic();
    const end = begin + ms;
    for (const timer of this.#timers) this.#disarm(timer);
    for (;;) {
      const [due] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (due === undefined) break;
      this.#frozen = Math.max(begin, timeOf(due.at));
      this.#timers.delete(due);
      due.run();
    }
    this.#frozen = null;
    this.#ahead += ms;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: Timer): void {
    timer.handle = setTimeout(
      () => {
        this.#timers.delete(timer);
        timer.run();
      },
      Math.max(0, timer.at - this.monotonic()),
    );
  }

  #disarm(timer: Timer): void {
    if (timer.handle !== null) clearTimeout(timer.handle);
    timer.handle = null;
  }

  #drop(timer: Timer): void {
    this.#disarm(timer);
    this.#timers.delete(timer);
  }
}

function caller(): string {
  const lines = new Error("a timer").stack?.split("\n") ?? [];
  return lines
    .slice(3, 6)
    .map((line) => line.trim())
    .join(" < ");
}
