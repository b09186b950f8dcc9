/**
 * What to make of the signs of life of a server. Pure: health-monitor.ts looks, this decides, server.ts acts.
 *
 * Two signals, independent of each other: whether it answers requests (its health route, then its API), and whether bytes
 * come on its event stream (there is a heartbeat every 10 s). A server that is missing one may only be busy, or our
 * connection may have broken, so it is shown as degraded and left alone. Only one that misses both, several looks in a row,
 * is held for dead. That its process ended is no matter of judgement and not decided here.
 */
import type { Failure } from "#shared/failure.ts";

/** From one look to the next. */
export const PERIOD_MS = 10_000;
/** Measured: an answer takes below 100 ms, also while it works. */
export const PROBE_MS = 5_000;
/** Two looks further apart than this: the machine slept, or the host was stopped. What was counted before means nothing. */
export const GAP_MS = 2 * PERIOD_MS;

/** What one look found. */
export interface Look {
  /** Null: it answered. */
  readonly probe: Failure | null;
  /** Null: its event stream is connected and not silent. */
  readonly stream: Failure | null;
}

export type Verdict =
  | { readonly kind: "well" }
  /** One signal is missing, or both for not long enough. */
  | { readonly kind: "weak"; readonly failure: Failure }
  /** It refuses our password. */
  | { readonly kind: "refused"; readonly failure: Failure }
  /** Both signals were missing for too long. */
  | { readonly kind: "dead"; readonly failure: Failure };

export interface Judgement {
  readonly verdict: Verdict;
  /** Looks in a row in which both signals were missing. */
  readonly failures: number;
}

/**
 * @param failures Of the judgement before; 0 at first and after a gap.
 * @param limit How many looks in a row make it dead.
 */
export function judgeHealth(look: Look, failures: number, limit: number): Judgement {
  const { probe, stream } = look;
  if (probe?.code === "opencode_auth") {
    const next = "Restart the server: Deckhand then gives it a new password.";
    return { verdict: { kind: "refused", failure: { ...probe, next } }, failures: 0 };
  }
  if (probe === null && stream === null) return { verdict: { kind: "well" }, failures: 0 };
  if (probe === null || stream === null) {
    return { verdict: { kind: "weak", failure: oneMissing(probe, stream) }, failures: 0 };
  }
  const count = failures + 1;
  const failure: Failure = {
    ...probe,
    message: `OpenCode does not answer, and its event stream is gone (${count} of ${limit} looks in a row): ${probe.message}`,
    next:
      count >= limit
        ? "It is restarted."
        : "It is restarted if this goes on; restart it now if you do not want to wait.",
    details: { ...probe.details, stream: stream.message, failures: count, limit },
  };
  return { verdict: { kind: count >= limit ? "dead" : "weak", failure }, failures: count };
}

function oneMissing(probe: Failure | null, stream: Failure | null): Failure {
  if (probe !== null) {
    return {
      ...probe,
      message: `OpenCode's event stream is alive, but it does not answer as it should: ${probe.message}`,
      next: "It may be busy. Restart the server if it stays like this.",
    };
  }
  return {
    code: "opencode_no_events",
    message: `OpenCode answers, but its event stream does not: ${stream?.message ?? "it is not connected"}`,
    next: "It is being connected again. Restart the server if it stays like this.",
    details: stream?.details ?? {},
  };
}
