import { describe, expect, it } from "vitest";
import { CrashLoop } from "../../../electron/shell/crash-loop.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const MINUTE = 60_000;

describe("a page that crashes", () => {
  it("is loaded again twice and given up at the third crash within five minutes", () => {
    const clock = new ManualClock();
    const loop = new CrashLoop(clock);
    expect([loop.record(), loop.record(), loop.record()]).toEqual(["reload", "reload", "give-up"]);
  });

  it("is loaded again for ever when it crashes seldom", () => {
    const clock = new ManualClock();
    const loop = new CrashLoop(clock);
    for (let crash = 0; crash < 20; crash += 1) {
      expect(loop.record()).toBe("reload");
      clock.advance(2.5 * MINUTE);
    }
  });

  it("counts a crash for less than five minutes", () => {
    const clock = new ManualClock();
    const loop = new CrashLoop(clock);
    loop.record();
    loop.record();
    clock.advance(5 * MINUTE - 1);
    expect(loop.record()).toBe("give-up");
    clock.advance(1);
    expect(loop.record()).toBe("reload");
  });

  it("starts from zero when the person asks for another try", () => {
    const loop = new CrashLoop(new ManualClock());
    for (let crash = 0; crash < 3; crash += 1) loop.record();
    loop.reset();
    expect(loop.record()).toBe("reload");
  });
});
