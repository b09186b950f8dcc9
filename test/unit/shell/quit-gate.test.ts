import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../electron/core/lib/logger.ts";
import { QUIT_DEADLINE_MS, QuitGate } from "../../../electron/shell/quit-gate.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function gate(close: () => Promise<void>) {
  const clock = new ManualClock();
  const exits: number[] = [];
  const made = new QuitGate({ clock, logger: silentLogger, close, exit: (code) => exits.push(code) });
  return { clock, exits, gate: made };
}

describe("the quit gate", () => {
  it("exits only when everything is closed", async () => {
    let finish: () => void = () => undefined;
    const made = gate(() => new Promise((resolve) => (finish = resolve)));
    const quit = made.gate.quit("the menu");
    await Promise.resolve();
    expect([made.exits, made.gate.quitting]).toEqual([[], true]);
    finish();
    await quit;
    expect([made.exits, made.clock.pending]).toEqual([[0], 0]);
  });

  it("closes once however often quitting is asked for", async () => {
    let closes = 0;
    const made = gate(async () => {
      closes += 1;
    });
    await Promise.all([made.gate.quit("SIGINT"), made.gate.quit("SIGTERM"), made.gate.quit("SIGHUP")]);
    await made.gate.quit("again");
    expect([closes, made.exits]).toEqual([1, [0]]);
  });

  it("exits at the deadline when closing hangs, and a second signal neither shortens nor prolongs that", async () => {
    const made = gate(() => new Promise(() => undefined));
    const quit = made.gate.quit("SIGTERM");
    made.clock.advance(QUIT_DEADLINE_MS - 1);
    void made.gate.quit("SIGTERM");
    await Promise.resolve();
    expect(made.exits).toEqual([]);
    made.clock.advance(1);
    await quit;
    expect(made.exits).toEqual([1]);
  });

  it("exits with 1 when closing fails, synchronously or not", async () => {
    const rejects = gate(() => Promise.reject(new Error("no")));
    await rejects.gate.quit("x");
    const throws = gate(() => {
      throw new Error("no");
    });
    await throws.gate.quit("x");
    expect([rejects.exits, throws.exits]).toEqual([[1], [1]]);
  });

  it("keeps the worst exit code: a crash while quitting is not forgotten", async () => {
    let finish: () => void = () => undefined;
    const made = gate(() => new Promise((resolve) => (finish = resolve)));
    const quit = made.gate.quit("the menu");
    void made.gate.quit("an uncaught exception", 1);
    void made.gate.quit("SIGTERM", 0);
    finish();
    await quit;
    expect(made.exits).toEqual([1]);
  });
});
