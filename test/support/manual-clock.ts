import type { Clock } from "../../electron/core/lib/clock.ts";

/** A clock that a test moves by hand. Timers run in order of their time, each at its own time. */
export class ManualClock implements Clock {
  #time: number;
  #nextId = 0;
  readonly #timers = new Map<number, { at: number; run: () => void }>();

  constructor(start = 1_000_000) {
    this.#time = start;
  }

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  after(ms: number, run: () => void): () => void {
    const id = (this.#nextId += 1);
    this.#timers.set(id, { at: this.#time + ms, run });
    return () => this.#timers.delete(id);
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#time + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.at <= end)
        .sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (due === undefined) break;
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#time = Math.max(this.#time, timer.at);
      timer.run();
    }
    this.#time = end;
  }
}
