import type { ReadyLine } from "./ready-line.ts";

/** The ready lines of a process as they come; the newest counts, since a server that moves says so. */
export class ReadyLines {
  readonly #parse: (line: string) => ReadyLine | null;
  #latest: ReadyLine | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(parse: (line: string) => ReadyLine | null) {
    this.#parse = parse;
  }

  /** A line of its stdout. */
  add(text: string): void {
    const line = this.#parse(text);
    if (line === null) return;
    this.#latest = line;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** The newest one; waits for the first. Rejects with an AbortError. */
  async latest(signal: AbortSignal): Promise<ReadyLine> {
    while (this.#latest === null) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return this.#latest;
  }
}
