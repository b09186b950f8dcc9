import type { Clock } from "../core/lib/clock.ts";

/** Three crashes in five minutes: the numbers VS Code uses for its extension host. */
const MAX_CRASHES = 3;
const WINDOW_MS = 5 * 60_000;

/** Decides whether a crashed page is loaded once more, or whether that has been tried often enough. */
export class CrashLoop {
  readonly #clock: Clock;
  #crashes: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records a crash. `reload`: load the page again; `give-up`: it is the third within five minutes. */
  record(): "reload" | "give-up" {
    const now = this.#clock.monotonic();
    this.#crashes = [...this.#crashes.filter((at) => now - at < WINDOW_MS), now];
    return this.#crashes.length >= MAX_CRASHES ? "give-up" : "reload";
  }

  /** The person asked for another try: it starts from zero. */
  reset(): void {
    this.#crashes = [];
  }
}
