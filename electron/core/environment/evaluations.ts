/** Decides when services are looked at: each change makes some due, all that is due is looked at in one go, then told once. */
export class Evaluations {
  readonly #evaluate: (name: string) => void;
  readonly #flush: () => void;
  readonly #due = new Set<string>();
  #busy = false;
  #flushQueued = false;

  /**
   * @param evaluate Looks at one service; what it changes is due again and reached by the same loop.
   * @param flush Called once after the changes of one turn of the event loop.
   */
  constructor(evaluate: (name: string) => void, flush: () => void) {
    this.#evaluate = evaluate;
    this.#flush = flush;
  }

  /** These are to be looked at: at once, or when the loop or the batch that is under way gets there. */
  due(...groups: Iterable<string>[]): void {
    for (const names of groups) for (const name of names) this.#due.add(name);
    this.#run();
    this.flushSoon();
  }

  /** Makes several changes before any of them is acted on. */
  together(change: () => void): void {
    const outer = this.#busy;
    this.#busy = true;
    try {
      change();
    } finally {
      this.#busy = outer;
    }
    this.#run();
  }

  flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  #run(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (const name of this.#due) {
        this.#due.delete(name);
        this.#evaluate(name);
      }
    } finally {
      this.#busy = false;
    }
  }
}
