import type { Clock } from "../lib/clock.ts";

/** The silence is looked at that many times in its length, so that a stop of the whole app is told from one of the server. */
const LOOKS = 10;
/** A look that comes late by more than this part of the length was held up: by a stop of the app, or by sleep. */
const HELD_UP = 0.2;

export interface SilenceWatch {
  /** Something was heard. */
  heard(): void;
  /** Ends it without a call. */
  end(): void;
}

/**
 * Calls `onSilent` once when nothing was heard for `ms`. Time in which this process did not run (it was stopped, or the
 * machine slept) is no evidence: what was sent meanwhile lies unread. After such a gap the whole length begins anew.
 */
export function watchSilence(clock: Clock, ms: number, onSilent: () => void): SilenceWatch {
  let heardAt = clock.monotonic();
  let cancel: () => void = () => undefined;
  const look = () => {
    const planned = Math.min(ms / LOOKS, heardAt + ms - clock.monotonic());
    const setAt = clock.monotonic();
    cancel = clock.after(planned, () => {
      const now = clock.monotonic();
      if (now - setAt - planned > ms * HELD_UP) heardAt = now;
      if (now - heardAt >= ms) onSilent();
      else look();
    });
  };
  look();
  return {
    heard: () => (heardAt = clock.monotonic()),
    end: () => cancel(),
  };
}
