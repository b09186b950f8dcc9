import { expect, describe, it } from "vitest";
import { watchSilence } from "../../../../electron/core/opencode/silence.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

/** A clock whose process can be held up: time goes on, timers do not. */
class HeldClock extends ManualClock {
  #held = 0;

  hold(ms: number): void {
    this.#held += ms;
  }

  override monotonic(): number {
    return super.monotonic() + this.#held;
  }
}

function watch() {
  const clock = new HeldClock();
  let silent = 0;
  return { clock, watched: watchSilence(clock, 25_000, () => (silent += 1)), silent: () => silent };
}

describe("watchSilence", () => {
  it("tells a silence once, exactly when it is as long as it may be", () => {
    const { clock, silent } = watch();
    clock.advance(24_999);
    expect(silent()).toBe(0);
    clock.advance(1);
    expect([silent(), clock.pending]).toEqual([1, 0]);
    clock.advance(100_000);
    expect(silent()).toBe(1);
  });

  it("begins anew with everything that is heard", () => {
    const { clock, watched, silent } = watch();
    for (let beat = 0; beat < 10; beat += 1) {
      clock.advance(20_000);
      watched.heard();
    }
    expect(silent()).toBe(0);
    clock.advance(25_000);
    expect(silent()).toBe(1);
  });

  it.each([6_000, 60_000, 86_400_000])("takes %d ms in which the app did not run for no silence", (stopped) => {
    const { clock, silent } = watch();
    clock.advance(20_000);
    clock.hold(stopped);
    clock.advance(24_999);
    expect(silent()).toBe(0);
    clock.advance(3_000);
    expect(silent()).toBe(1);
  });

  it("still sees a silence on a machine that is merely late", () => {
    const { clock, silent } = watch();
    for (let second = 0; second < 26; second += 1) {
      clock.advance(900);
      clock.hold(100);
    }
    expect(silent()).toBe(1);
  });

  it("leaves no timer when it is ended", () => {
    const { clock, watched, silent } = watch();
    watched.end();
    expect(clock.pending).toBe(0);
    clock.advance(100_000);
    expect(silent()).toBe(0);
  });
});
