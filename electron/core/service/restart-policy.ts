/** Whether, and after how long, a service that ended by itself is started again. Pure: time and chance come in. */

/** Numbers of ENVIRONMENT's restart rules, in ms. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Spread of a delay, so that services that crashed together do not come back together. */
const JITTER = 0.1;
/** Ready for this long (or for as long as the last delay, if that was longer): the trouble before is forgotten. */
const FORGIVEN_AFTER_MS = 10_000;

export interface RestartPolicy {
  /**
   * `no`: never; `on-failure`: unless it succeeded; `always` and `unless-stopped`: in any case (a stop by the user is no
   * exit at all here).
   */
  readonly mode: "no" | "on-failure" | "always" | "unless-stopped";
  /** `on-failure:N`: restarts in a row at most; null: no limit of its own. */
  readonly maxRetries: number | null;
  /** False: an end before it was ever ready is final. So it is for containers, as docker compose does it. */
  readonly beforeReady: boolean;
  /** More than `max` restarts within `windowMs`, or in a row without being ready once: crash loop. */
  readonly limit: { readonly max: number; readonly windowMs: number };
}

export const DEFAULT_LIMIT = { max: 5, windowMs: 60_000 } as const;

/** A dev server: restarted when it fails. */
export const PROCESS_POLICY: RestartPolicy = {
  mode: "on-failure",
  maxRetries: null,
  beforeReady: true,
  limit: DEFAULT_LIMIT,
};
/** A task: it succeeds or it fails. */
export const TASK_POLICY: RestartPolicy = { mode: "no", maxRetries: null, beforeReady: false, limit: DEFAULT_LIMIT };
/** A container without a `restart:` of its own. */
export const COMPOSE_POLICY: RestartPolicy = { ...PROCESS_POLICY, beforeReady: false };

/** What the policy remembers between two ends of one service. */
export interface RestartHistory {
  /** Monotonic times of the restarts inside the window, oldest first. */
  readonly recent: readonly number[];
  /** Restarts in a row since it was last forgiven. */
  readonly inARow: number;
  /** How many of them were delayed. */
  readonly delayed: number;
  /** Restarts since it was last ready. */
  readonly sinceReady: number;
  readonly lastDelayMs: number;
}

export const NO_HISTORY: RestartHistory = { recent: [], inARow: 0, delayed: 0, sinceReady: 0, lastDelayMs: 0 };

/** How one generation ended. */
export interface Ending {
  /** It ended as a success: exit code 0, and not a server that must not end. */
  readonly success: boolean;
  /** For how long it had been ready, in ms; null: never in this generation. */
  readonly readyForMs: number | null;
  readonly everReady: boolean;
  /** Monotonic. */
  readonly at: number;
}

export type RestartDecision =
  | { readonly kind: "restart"; readonly delayMs: number; readonly history: RestartHistory }
  /** By policy it stays down: as a success, or as a failure. */
  | { readonly kind: "stay_down" }
  | { readonly kind: "crash_loop"; readonly restarts: number };

/**
 * Decides about one end.
 *
 * @param random A number in [0, 1).
 */
export function decideRestart(
  policy: RestartPolicy,
  history: RestartHistory,
  ending: Ending,
  random: number,
): RestartDecision {
  if (policy.mode === "no" || (policy.mode === "on-failure" && ending.success)) return { kind: "stay_down" };
  if (!policy.beforeReady && !ending.everReady) return { kind: "stay_down" };

  const forgiven = ending.readyForMs !== null && ending.readyForMs >= Math.max(FORGIVEN_AFTER_MS, history.lastDelayMs);
  const inARow = forgiven ? 0 : history.inARow;
  const sinceReady = ending.readyForMs === null ? history.sinceReady : 0;
  if (policy.maxRetries !== null && inARow >= policy.maxRetries) return { kind: "stay_down" };

  const recent = history.recent.filter((at) => ending.at - at < policy.limit.windowMs);
  if (recent.length >= policy.limit.max || sinceReady >= policy.limit.max) {
    return { kind: "crash_loop", restarts: Math.max(recent.length, sinceReady) };
  }
  // After a good while the first crash restarts at once: it is rarely the start of a loop, and someone is waiting.
  const delayed = forgiven ? 0 : history.delayed + 1;
  const delayMs = forgiven ? 0 : restartDelay(delayed, random);
  return {
    kind: "restart",
    delayMs,
    history: {
      recent: [...recent, ending.at],
      inARow: inARow + 1,
      delayed,
      sinceReady: sinceReady + 1,
      lastDelayMs: delayMs,
    },
  };
}

/** min(30 s, 500 ms · 2^(n−1)), give or take a tenth. `n` counts from 1. */
export function restartDelay(n: number, random: number): number {
  const base = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(n - 1, 16));
  return Math.round(base * (1 - JITTER + 2 * JITTER * random));
}
