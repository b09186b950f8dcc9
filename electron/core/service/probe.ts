/** When a service is probed, and what follows from the answers. How one probe is done stands in probe-attempts.ts. */
import { sleep, type Clock } from "../lib/clock.ts";
import { formatDuration, withDeadline } from "../lib/deadline.ts";
import { errorText, isAbort } from "../lib/error.ts";

/** Times in ms. */
export interface ProbeTimings {
  /** Before the first probe of a generation. */
  readonly initialDelayMs: number;
  /**
   * From the start: a success in it counts at once, a failure before the first success does not count. A deadline inside it
   * would make no sense; then it is extended to the failures that make it unhealthy, once it is over.
   */
  readonly startPeriodMs: number;
  /** Between probes until the first success: this share of the time since the start, at least and at most so long. */
  readonly startIntervalShare: number;
  readonly startIntervalMs: number;
  readonly startIntervalMaxMs: number;
  /** Between probes after it; and after `calmAfterMs` of health without a break. */
  readonly periodMs: number;
  readonly calmPeriodMs: number;
  readonly calmAfterMs: number;
  /** For one probe. */
  readonly timeoutMs: number;
  /** Successes in a row that make it healthy, failures in a row that make it unhealthy. */
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** The first success must have come by then, counted from the start. */
  readonly deadlineMs: number;
  /**
   * So many failures in a row, after the start period, it takes besides: a check that is slow by itself is not cut short then.
   * 0: none.
   */
  readonly deadlineFailures: number;
}

/**
 * A tcp probe costs 0.1 ms and an http probe 0.8 ms, so that nobody need wait for us (measured): 3 % of the time passed
 * mean 180 probes in the first minute, and that what follows begins 1.5 % later on average. 120 s until the first success is
 * what ddev and devenv allow; 10 s and 30 s between later probes are Kubernetes' and Aspire's.
 */
export const DEFAULT_TIMINGS: ProbeTimings = {
  initialDelayMs: 0,
  startPeriodMs: 0,
  startIntervalShare: 0.03,
  startIntervalMs: 15,
  startIntervalMaxMs: 1_000,
  periodMs: 10_000,
  calmPeriodMs: 30_000,
  calmAfterMs: 60_000,
  timeoutMs: 3_000,
  successThreshold: 1,
  failureThreshold: 3,
  deadlineMs: 120_000,
  deadlineFailures: 0,
};

/** For probes that start a program: 3 to 6 ms each (measured), and tens of ms where docker is asked. */
export const EXEC_TIMINGS: ProbeTimings = { ...DEFAULT_TIMINGS, startIntervalShare: 0.2, startIntervalMs: 250 };

/**
 * What an author says over the defaults. A period of the author's also holds while it starts, and when it has long been well. Who
 * says how many failures are too many, or how long none counts, says by it when the first success is due.
 */
export function timingsWith(defaults: ProbeTimings, given: Partial<ProbeTimings>): ProbeTimings {
  const periodMs = given.periodMs ?? defaults.periodMs;
  const startIntervalMs = given.startIntervalMs ?? Math.min(defaults.startIntervalMs, periodMs);
  return {
    ...defaults,
    startIntervalMs,
    startIntervalMaxMs: Math.max(startIntervalMs, Math.min(defaults.startIntervalMaxMs, periodMs)),
    calmPeriodMs: given.periodMs ?? defaults.calmPeriodMs,
    ...dueByFailures({ ...defaults, ...given }, given),
    ...given,
  };
}

/** As Kubernetes and docker compose count: so many failures, one a period, after the delay and the start period. */
function dueByFailures(
  { initialDelayMs, startPeriodMs, periodMs, failureThreshold }: ProbeTimings,
  given: Partial<ProbeTimings>,
): Partial<ProbeTimings> {
  const isSaid = given.failureThreshold !== undefined || given.startPeriodMs !== undefined;
  if (!isSaid || given.deadlineMs !== undefined) return {};
  const deadlineMs = initialDelayMs + startPeriodMs + failureThreshold * periodMs;
  return { deadlineMs, deadlineFailures: failureThreshold };
}

/** From the start: the first success must have come by then. */
function lastMoment({ startPeriodMs, deadlineMs, failureThreshold, periodMs }: ProbeTimings): number {
  return startPeriodMs < deadlineMs ? deadlineMs : startPeriodMs + failureThreshold * periodMs;
}

/** `final`: it cannot become ready any more, so there is no point in waiting for the deadline. */
export type ProbeAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly final?: boolean };

export interface ProbeDependencies {
  readonly clock: Clock;
  readonly timings: ProbeTimings;
  /** For messages: `port 4310`. */
  readonly what: string;
  /** One probe. Must end when its signal aborts. */
  readonly attempt: (signal: AbortSignal) => Promise<ProbeAnswer>;
  readonly onHealthy: () => void;
  readonly onUnhealthy: (reason: string) => void;
  /** It was not ready in time; the loop has ended. */
  readonly onDeadline: (reason: string) => void;
}

/**
 * Probes until `signal` aborts or the deadline passes. Only changes are announced, one probe at a time is under way, and
 * the first is made at once.
 */
export async function runProbe(dependencies: ProbeDependencies, signal: AbortSignal): Promise<void> {
  const { clock, timings, onHealthy, onUnhealthy, onDeadline } = dependencies;
  const startedAt = clock.monotonic();
  const deadlineMs = lastMoment(timings);
  let healthySince: number | null = null;
  let everHealthy = false;
  let successes = 0;
  let failures = 0;
  /** In a row, and after the start period. */
  let counted = 0;
  try {
    if (timings.initialDelayMs > 0) await sleep(clock, timings.initialDelayMs, signal);
    while (!signal.aborted) {
      const isBounded = !everHealthy && timings.deadlineFailures === 0;
      const left = isBounded ? deadlineMs - (clock.monotonic() - startedAt) : Infinity;
      const answer = await attemptOnce(dependencies, Math.min(timings.timeoutMs, Math.max(left, 1)), signal);
      if (signal.aborted) return;
      const now = clock.monotonic();
      if (answer.ok) {
        failures = 0;
        counted = 0;
        successes += 1;
        if (healthySince === null && successes >= timings.successThreshold) {
          healthySince = now;
          everHealthy = true;
          onHealthy();
        }
      } else {
        successes = 0;
        failures += 1;
        if (now - startedAt >= timings.startPeriodMs) counted += 1;
        const isDue = now - startedAt >= deadlineMs && counted >= timings.deadlineFailures;
        if (!everHealthy && (answer.final === true || isDue)) {
          const waitedMs = timings.deadlineFailures === 0 ? deadlineMs : now - startedAt;
          onDeadline(answer.final === true ? answer.reason : `${answer.reason}, for ${formatDuration(waitedMs)}`);
          return;
        }
        if (healthySince !== null && failures >= timings.failureThreshold) {
          healthySince = null;
          onUnhealthy(answer.reason);
        }
      }
      let pause: number;
      if (everHealthy) {
        pause =
          healthySince !== null && now - healthySince >= timings.calmAfterMs ? timings.calmPeriodMs : timings.periodMs;
      } else {
        const passed = now - startedAt;
        const share = Math.max(timings.startIntervalMs, passed * timings.startIntervalShare);
        pause = Math.min(share, timings.startIntervalMaxMs, Math.max(1, deadlineMs - passed));
      }
      await sleep(clock, pause, signal);
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

async function attemptOnce(
  dependencies: ProbeDependencies,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const { clock, what, attempt } = dependencies;
  let work: Promise<unknown> = Promise.resolve();
  try {
    return await withDeadline(clock, timeoutMs, what, signal, (inner) => {
      const answer = attempt(inner);
      work = answer;
      return answer;
    });
  } catch (error) {
    // One that ran out of time may still be ending the program it started; the next must not begin beside it.
    await work.catch(() => undefined);
    if (isAbort(error) && signal.aborted) throw error;
    return { ok: false, reason: errorText(error) };
  }
}
