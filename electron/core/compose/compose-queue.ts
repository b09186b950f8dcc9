/**
 * The work of one compose project, one command at a time, since two of them get in each other's way (the network of a project is
 * made by the first). What waits for the same kind of work is done by one command: docker compose brings ten containers up
 * side by side, but ten commands one after the other take ten times as long.
 */
import { abortError } from "../lib/clock.ts";

export interface QueuedWork<Kind extends string> {
  readonly kind: Kind;
  readonly service: string;
  /** Aborts: this one is not to be done any more. What is done together with it begins anew. */
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((text: string) => void) | undefined;
}

interface Entry<Kind extends string, Value> {
  readonly work: QueuedWork<Kind>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export type RunTogether<Kind extends string, Value> = (
  kind: Kind,
  batch: readonly QueuedWork<Kind>[],
  signal: AbortSignal,
) => Promise<(work: QueuedWork<Kind>) => Value>;

export class ComposeQueue<Kind extends string, Value> {
  readonly #run: RunTogether<Kind, Value>;
  #waiting: Entry<Kind, Value>[] = [];
  #busy = false;

  /** @param run Does the work of all of a batch, and answers with what each of them gets. Rejects: it is tried one by one. */
  constructor(run: RunTogether<Kind, Value>) {
    this.#run = run;
  }

  add(work: QueuedWork<Kind>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // All who ask in one turn of the event loop are done together.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      if (!(await this.#together(batch))) for (const entry of batch) await this.#together([entry]);
    }
    this.#busy = false;
  }

  /** What stands first, with everything behind it of the same kind; each service once, or the order would be lost. */
  #next(): Entry<Kind, Value>[] {
    const batch: Entry<Kind, Value>[] = [];
    const services = new Set<string>();
    for (const entry of this.#waiting) {
      if (entry.work.kind !== this.#waiting[0]?.work.kind || services.has(entry.work.service)) break;
      services.add(entry.work.service);
      batch.push(entry);
    }
    this.#waiting = this.#waiting.slice(batch.length);
    return batch;
  }

  /** False: it failed for several, and nobody knows for whom. */
  async #together(entries: readonly Entry<Kind, Value>[]): Promise<boolean> {
    let left = entries;
    for (;;) {
      for (const { work, reject } of left) if (work.signal?.aborted === true) reject(abortError());
      left = left.filter(({ work }) => work.signal?.aborted !== true);
      const first = left[0];
      if (first === undefined) return true;
      const anyAborts = new AbortController();
      const abort = () => anyAborts.abort();
      for (const { work } of left) work.signal?.addEventListener("abort", abort, { once: true });
      try {
        const batch = left.map(({ work }) => work);
        const valueOf = await this.#run(first.work.kind, batch, anyAborts.signal);
        for (const { work, resolve } of left) resolve(valueOf(work));
        return true;
      } catch (error) {
        // One of them was called off; the others begin anew, which costs them nothing that was done already.
        if (anyAborts.signal.aborted) continue;
        if (left.length > 1) return false;
        first.reject(error);
        return true;
      } finally {
        for (const { work } of left) work.signal?.removeEventListener("abort", abort);
      }
    }
  }
}
