import type { Clock } from "../lib/clock.ts";
import { judgeCrash, recentCrashes, reconnectDelay, type CrashVerdict } from "./crash-policy.ts";

/** Remembers when a server crashed, and starts it again when it is time. It has at most one timer. */
export class Restarts {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Monotonic times, those of the window only. */
  #crashes: number[] = [];
  /** Tries in a row to reach a server that is not ours. */
  #failures = 0;
  #cancel: () => void = () => undefined;

  constructor(options: { readonly clock: Clock; readonly random: () => number }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** It crashed. Plans the next start, or gives it up. */
  crashed(restart: () => void): CrashVerdict {
    const now = this.#clock.monotonic();
    this.#crashes = [...recentCrashes(this.#crashes, now), now];
    const verdict = judgeCrash(this.#crashes, now, this.#random());
    if ("restartInMs" in verdict) this.#later(verdict.restartInMs, restart);
    return verdict;
  }

  /** A server that is not ours is gone. It is looked for until a person stops that. */
  lost(look: () => void): void {
    this.#failures += 1;
    this.#later(reconnectDelay(this.#failures, this.#random()), look);
  }

  /** It is there (again). */
  found(): void {
    this.#failures = 0;
  }

  /** The start that was planned does not take place. */
  cancel(): void {
    this.#cancel();
  }

  /** A person starts it: what was before does not count any more. */
  forget(): void {
    this.#crashes = [];
    this.#failures = 0;
  }

  #later(ms: number, run: () => void): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, run);
  }
}
