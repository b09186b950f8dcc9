/** Whether and when a server that crashed is started again. Pure. */

/**
 * Three crashes in five minutes, then a person decides: the numbers of VS Code's extension host, which has the same
 * problem. A server that crashes more often does so for a reason that another start does not remove.
 */
export const CRASH_LIMIT = 3;
export const CRASH_WINDOW_MS = 5 * 60_000;
/**
 * The first restart comes almost at once: most crashes are a single one, and a start waits its turn where many servers crash
 * together (start-gate.ts). The next waits long enough for what was in its way to end, and each after that ten times as long.
 */
const FIRST_DELAY_MS = 10;
const SECOND_DELAY_MS = 500;
const GROWTH = 10;
/** For a server that is not ours: nobody but its owner can give it up, so it is looked for, at last twice a minute. */
const LONGEST_DELAY_MS = 30_000;
/** So that servers that crashed together (no memory) do not start together: half of the delay either way. */
const JITTER = 0.5;

export type CrashVerdict = { readonly restartInMs: number } | { readonly gaveUp: true; readonly crashes: number };

/**
 * @param crashes When it crashed, monotonic ms, oldest first, the present crash included.
 * @param now Monotonic ms.
 * @param random In [0, 1).
 */
export function judgeCrash(crashes: readonly number[], now: number, random: number): CrashVerdict {
  const recent = recentCrashes(crashes, now).length;
  if (recent >= CRASH_LIMIT) return { gaveUp: true, crashes: recent };
  return { restartInMs: delayAfter(recent, random) };
}

/** Before the next try to reach a server that is not ours. @param failures In a row, this one included. */
export function reconnectDelay(failures: number, random: number): number {
  return Math.min(LONGEST_DELAY_MS, delayAfter(Math.min(failures, 10), random));
}

function delayAfter(crashes: number, random: number): number {
  const delay = crashes <= 1 ? FIRST_DELAY_MS : SECOND_DELAY_MS * GROWTH ** (crashes - 2);
  return Math.round(delay * (1 + JITTER * (2 * random - 1)));
}

/** Those that still count. */
export function recentCrashes(crashes: readonly number[], now: number): number[] {
  return crashes.filter((at) => now - at < CRASH_WINDOW_MS);
}
