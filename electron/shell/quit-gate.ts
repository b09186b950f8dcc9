import type { Clock } from "../core/lib/clock.ts";
import { withDeadline } from "../core/lib/deadline.ts";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";

/**
 * From the wish to quit to the end of the process, in ms. Services get 10 s of grace at most (their own setting), most end in
 * well under one; what is left when we go is the guardian's.
 */
export const QUIT_DEADLINE_MS = 10_000;

export interface QuitGateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Everything stopped and flushed. Called once. */
  readonly close: () => Promise<void>;
  /** Ends the process. Not clean: something may be left, which the guardian finishes as soon as the process is gone. */
  readonly exit: (code: number, clean: boolean) => void;
}

/**
 * Every way out of the app leads through here, once: what was started is stopped, for at most {@link QUIT_DEADLINE_MS}, then
 * the process ends. A second wish to quit neither shortens nor prolongs the first; only a failure can raise the exit code.
 */
export class QuitGate {
  readonly #options: QuitGateOptions;
  #code = 0;
  #quitting: Promise<void> | null = null;

  constructor(options: QuitGateOptions) {
    this.#options = options;
  }

  get quitting(): boolean {
    return this.#quitting !== null;
  }

  /** Never rejects. */
  quit(reason: string, code = 0): Promise<void> {
    this.#code = Math.max(this.#code, code);
    this.#quitting ??= this.#quit(reason);
    return this.#quitting;
  }

  async #quit(reason: string): Promise<void> {
    const { clock, logger, close, exit } = this.#options;
    const started = clock.monotonic();
    let clean = true;
    logger.info("quitting", { reason });
    try {
      await withDeadline(clock, QUIT_DEADLINE_MS, "everything to stop", undefined, close);
      logger.info("everything stopped", { ms: Math.round(clock.monotonic() - started) });
    } catch (error) {
      this.#code = Math.max(this.#code, 1);
      clean = false;
      logger.error("not everything stopped; the guardian finishes it", { error: errorText(error) });
    }
    exit(this.#code, clean);
  }
}
