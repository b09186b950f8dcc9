import type { Failure } from "#shared/failure.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { AppError, isAbort, toFailure } from "../lib/error.ts";
import { GAP_MS, judgeHealth, PERIOD_MS, PROBE_MS, type Verdict } from "./health.ts";
import type { Run } from "./run.ts";

/** A stream breaks also when its process ends; by then that is known. */
const SOON_MS = 500;

export interface HealthMonitorOptions {
  readonly run: Pick<Run, "client" | "protocol">;
  readonly clock: Clock;
  /** Looks in a row without any sign of life that make it dead; asked at each look. */
  readonly limit: () => number;
  /** After each look. */
  readonly onVerdict: (verdict: Verdict) => void;
}

/**
 * Looks after one running server every ten seconds: asks it, and takes what its event stream tells (`connected`,
 * `disconnected`). Two looks are never under way at once. It has one timer; `close` ends it and the look under way.
 */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #ending = new AbortController();
  #cancel: () => void = () => undefined;
  /** Null: the stream is connected. */
  #stream: Failure | null = null;
  #failures = 0;
  #lastTick = 0;
  #looking = false;
  /** Somebody asked for a look while one was under way. */
  #again = false;
  /** Counts up when what a look under way will find shall not count. */
  #window = 0;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#later();
  }

  /** Bytes come on the event stream again. */
  connected(): void {
    if (this.#stream === null) return;
    this.#stream = null;
    this.#failures = 0;
    this.lookNow();
  }

  /** The event stream broke, or was silent for too long. It is asked soon: both together mean more than one. */
  disconnected(reason: string): void {
    this.#stream = { code: "opencode_no_events", message: reason, next: null, details: {} };
    if (!this.#ending.signal.aborted) this.#later(SOON_MS);
  }

  /** The machine woke up: what was counted before means nothing, and the server gets a whole period to come to itself. */
  resumed(): void {
    this.#failures = 0;
    this.#window += 1;
    this.#later();
  }

  /** Looks without waiting for the next period, which begins anew: two looks in a row are never the same moment twice. */
  lookNow(): void {
    if (this.#ending.signal.aborted) return;
    this.#later();
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  close(): void {
    this.#cancel();
    this.#ending.abort();
  }

  #later(ms = PERIOD_MS): void {
    this.#cancel();
    this.#lastTick = this.#options.clock.monotonic();
    this.#cancel = this.#options.clock.after(ms, () => this.#tick());
  }

  #tick(): void {
    const gap = this.#options.clock.monotonic() - this.#lastTick;
    if (gap > GAP_MS) this.resumed();
    else this.lookNow();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    this.#looking = true;
    const window = this.#window;
    const began = this.#options.clock.monotonic();
    const probe = await this.#probe();
    this.#looking = false;
    if (this.#ending.signal.aborted) return;
    // The machine slept in the middle of it: neither this look nor those before it say anything.
    if (this.#options.clock.monotonic() - began > PROBE_MS + PERIOD_MS) this.resumed();
    if (window === this.#window) {
      const { verdict, failures } = judgeHealth({ probe, stream: this.#stream }, this.#failures, this.#options.limit());
      this.#failures = failures;
      this.#options.onVerdict(verdict);
    }
    if (!this.#again) return;
    this.#again = false;
    this.lookNow();
  }

  async #probe(): Promise<Failure | null> {
    const { clock, run } = this.#options;
    try {
      await withDeadline(clock, PROBE_MS, "OpenCode to answer", this.#ending.signal, async (signal) => {
        await run.protocol.health(run.client, signal);
        await run.protocol.probe(run.client, signal);
      });
      return null;
    } catch (error) {
      if (isAbort(error)) return null;
      const failure = toFailure(error);
      if (!(error instanceof AppError) || failure.code !== "timeout") return failure;
      return { ...failure, code: "opencode_unreachable", message: `${run.client.url} did not answer within 5 s.` };
    }
  }
}
