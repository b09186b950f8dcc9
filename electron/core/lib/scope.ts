import { errorText, isAbort } from "./error.ts";
import type { Logger } from "./logger.ts";

/**
 * Owns everything that has a lifetime. Whoever creates something registers its end on the next line.
 *
 * Closing runs the cleanups in reverse order, each awaited, children like any other cleanup; one that fails is logged and
 * the next still runs. Closing twice waits for the same close. `signal` aborts first, so that waits inside the scope end.
 */
export class Scope {
  readonly name: string;
  readonly #logger: Logger;
  readonly #controller = new AbortController();
  readonly #cleanups: { what: string; end: () => unknown }[] = [];
  readonly #running = new Set<Promise<void>>();
  #closing: Promise<void> | null = null;

  constructor(name: string, logger: Logger) {
    this.name = name;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.#closing !== null;
  }

  /** Registers an end. On a scope that is already closing it runs at once, so that nothing slips through. */
  add(what: string, end: () => unknown): void {
    if (this.#closing === null) this.#cleanups.push({ what, end });
    else void this.#end(what, end);
  }

  child(name: string): Scope {
    const child = new Scope(`${this.name}/${name}`, this.#logger);
    this.add(name, () => child.close());
    return child;
  }

  /** Runs work nobody awaits. Its failure is logged (unless the scope is closing), and closing waits for it. */
  run(what: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    const promise = (async () => {
      try {
        await work(this.signal);
      } catch (error) {
        if (!(this.signal.aborted && isAbort(error))) {
          this.#logger.error(`${this.name}: ${what} failed`, { error: errorText(error) });
        }
      }
    })();
    this.#running.add(promise);
    void promise.finally(() => this.#running.delete(promise));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#controller.abort();
    for (const { what, end } of this.#cleanups.splice(0).reverse()) await this.#end(what, end);
    await Promise.all(this.#running);
  }

  async #end(what: string, end: () => unknown): Promise<void> {
    try {
      await end();
    } catch (error) {
      this.#logger.error(`${this.name}: ending ${what} failed`, { error: errorText(error) });
    }
  }
}
