/** How late the main thread's event loop runs, and how much of that is the machine's doing rather than ours. */
import { readFileSync } from "node:fs";

/** Between two looks, in ms. */
const PERIOD_MS = 10;

/** One look: how late it came, without the time in which the kernel had no core for us. In ms. */
export interface LoopDelays {
  readonly ours: readonly number[];
  /** The same with the machine's part. */
  readonly raw: readonly number[];
}

/**
 * A timer that measures how late it is called. `monitorEventLoopDelay` does the same, but cannot tell a loop that we block
 * from one that waits for a core: on a busy machine both look alike. The kernel counts for each thread how long it was ready
 * to run and did not (`/proc/PID/schedstat`, second number, in ns; a process's own entry is its first thread's, where
 * the loop runs). That is taken off, to the microsecond and for the very same moment; nothing else is forgiven, neither garbage
 * collection nor a disk that is waited for.
 */
export class LoopDelayMeter {
  readonly #ours: number[] = [];
  readonly #raw: number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #at = 0;
  #waited = 0;

  start(): void {
    this.#at = performance.now();
    this.#waited = waitedForCore();
    this.#timer ??= setInterval(() => this.#look(), PERIOD_MS);
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    // The loop may be blocked right up to here, in which case the timer never had its turn.
    this.#look();
  }

  get delays(): LoopDelays {
    return { ours: this.#ours, raw: this.#raw };
  }

  #look(): void {
    const now = performance.now();
    const waited = waitedForCore();
    const late = Math.max(0, now - this.#at - PERIOD_MS);
    this.#raw.push(late);
    this.#ours.push(Math.max(0, late - (waited - this.#waited)));
    this.#at = now;
    this.#waited = waited;
  }
}

/** Time in ms that this thread was ready to run and had no core; 0 where the kernel does not tell. */
function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
  } catch {
    // No such file on this system: then the machine's part cannot be told from ours and nothing is taken off.
    return 0;
  }
}

/**
 * The 99th percentile of the delay that something arriving at any moment would have met. A loop that is blocked takes no
 * samples meanwhile, so each long delay stands for all the shorter ones that would have been measured during it.
 */
export function delayPercentile99(delays: readonly number[]): number {
  const all: number[] = [];
  for (const delay of delays) for (let rest = delay; rest >= 0; rest -= PERIOD_MS) all.push(rest);
  all.sort((a, b) => a - b);
  return all[Math.max(0, Math.ceil(all.length * 0.99) - 1)] ?? 0;
}
