/** Tells whoever watches a workspace how it is: at each change, and now and then while something runs. */
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Attention } from "../process/owned.ts";

export interface StatusFeedDependencies<Status> {
  readonly clock: Clock;
  readonly status: (attention: Attention) => Status;
  /** Something runs or is about to. */
  readonly busy: () => boolean;
  /** When this has changed, nobody is kept waiting for it. */
  readonly milestone: () => string;
  readonly onListenerError: (error: unknown) => void;
}

/** How often it is told though nothing changed but memory, CPU and uptime, in ms. */
const REFRESH_MS = 2_000;
/**
 * The status of a hundred services takes 4 ms to tell (measured), and each of them changes six times in a start. The next one
 * waits for so many times what the last one took; what is told then is the latest.
 */
const QUIET_TIMES = 10;

export class StatusFeed<Status> {
  readonly #dependencies: StatusFeedDependencies<Status>;
  readonly #listeners: Emitter<Status>;
  /** Listeners that look closely. */
  #close = 0;
  /** Monotonic. */
  #quietUntil = 0;
  #told = "";
  #cancelLater: (() => void) | null = null;
  #cancelRefresh: (() => void) | null = null;

  constructor(dependencies: StatusFeedDependencies<Status>) {
    this.#dependencies = dependencies;
    this.#listeners = new Emitter(dependencies.onListenerError);
  }

  /**
   * Calls at once with the current status, then at each change; whoever looks closely also every two seconds while something
   * runs. Returns the function that ends it.
   */
  watch(listener: (status: Status) => void, attention: Attention): () => void {
    const stop = this.#listeners.on(listener);
    listener(this.#dependencies.status(attention));
    if (attention === "in_passing") return stop;
    this.#close += 1;
    this.#refreshLater();
    let ended = false;
    return () => {
      if (!ended) this.#close -= 1;
      ended = true;
      stop();
    };
  }

  /** Something has changed. */
  announce(): void {
    const { clock, status, milestone } = this.#dependencies;
    const reached = milestone();
    if (this.#cancelLater !== null && reached === this.#told) return;
    const now = clock.monotonic();
    if (now < this.#quietUntil && reached === this.#told) {
      this.#cancelLater = clock.after(Math.ceil(this.#quietUntil - now), () => {
        this.#cancelLater = null;
        this.announce();
      });
      return;
    }
    this.#cancelLater?.();
    this.#cancelLater = null;
    this.#told = reached;
    if (this.#listeners.listenerCount > 0) this.#listeners.emit(status(this.#close > 0 ? "closely" : "in_passing"));
    this.#quietUntil = now + QUIET_TIMES * (clock.monotonic() - now);
    this.#refreshLater();
  }

  close(): void {
    this.#cancelLater?.();
    this.#cancelRefresh?.();
  }

  /** Only while somebody looks closely and something runs: an idle window costs nothing. */
  #refreshLater(): void {
    const { clock, busy } = this.#dependencies;
    if (this.#cancelRefresh !== null || this.#close === 0 || !busy()) return;
    this.#cancelRefresh = clock.after(REFRESH_MS, () => {
      this.#cancelRefresh = null;
      if (this.#close > 0) this.announce();
    });
  }
}
