import { abortError } from "../lib/clock.ts";

/**
 * Lets only so many servers of a host start at the same time, the others in the order they came. A start takes 1.5 s of
 * CPU; twenty servers that crashed together would each miss their deadline if they all started together.
 */
export class StartGate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  /** @param most At the same time; two keep both cores of a small machine busy. */
  constructor(most = 2) {
    this.#most = most;
  }

  /** Runs `work` when its turn comes. Rejects as `work` does, or with an AbortError where it was still waiting. */
  async pass<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      this.#waiting.shift()?.();
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(abortError());
    if (this.#inside < this.#most) {
      this.#inside += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        this.#inside += 1;
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(abortError());
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
