import { systemClock, type Clock } from "../../electron/core/lib/clock.ts";

/** A clock on which time passes `factor` times as fast: for policies of seconds and minutes on real, short-lived processes. */
export function quickClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    after: (ms, run) => systemClock.after(ms / factor, run),
  };
}
