import { afterEach, describe, expect, it } from "vitest";
import type { Failure } from "#shared/failure.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import type { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import { HealthMonitor } from "../../../../electron/core/opencode/health-monitor.ts";
import { judgeHealth, PERIOD_MS, type Verdict } from "../../../../electron/core/opencode/health.ts";
import type { Protocol } from "../../../../electron/core/opencode/protocol/protocol.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const failure = (code: Failure["code"], message = "no"): Failure => ({ code, message, next: null, details: {} });
const silent = failure("opencode_no_events", "no bytes for 25 s");
const mute = failure("opencode_unreachable", "no answer");

describe("judgeHealth", () => {
  it("is well with both signals, and forgets what it counted", () => {
    expect(judgeHealth({ probe: null, stream: null }, 2, 3)).toEqual({ verdict: { kind: "well" }, failures: 0 });
  });

  it.each([
    ["the answer", { probe: mute, stream: null }, "opencode_unreachable", "does not answer as it should"],
    ["the stream", { probe: null, stream: silent }, "opencode_no_events", "its event stream does not"],
  ])("never counts a look in which only %s is missing", (_, look, code, text) => {
    const { verdict, failures } = judgeHealth(look, 2, 3);
    expect(failures).toBe(0);
    expect(verdict).toMatchObject({ kind: "weak", failure: { code, next: expect.any(String) as string } });
    expect(verdict.kind === "weak" && verdict.failure.message).toContain(text);
  });

  it("is dead after as many looks without any sign as the limit says", () => {
    const look = { probe: mute, stream: silent };
    expect([0, 1, 2].map((failures) => judgeHealth(look, failures, 3).verdict.kind)).toEqual(["weak", "weak", "dead"]);
    expect(judgeHealth(look, 0, 1).verdict.kind).toBe("dead");
  });

  it("takes a refused password for what it is, whatever else is wrong", () => {
    const { verdict, failures } = judgeHealth({ probe: failure("opencode_auth"), stream: silent }, 2, 3);
    expect([verdict.kind, failures]).toEqual(["refused", 0]);
  });
});

describe("HealthMonitor", () => {
  const clock = new ManualClock();
  /** In ms; timers do not run while the machine sleeps. */
  let slept = 0;
  let answers: "well" | "hangs" | AppError = "well";
  let asked = 0;
  const verdicts: Verdict["kind"][] = [];
  const texts: string[] = [];
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(500);
      await settled();
    }
  };
  const monitors: HealthMonitor[] = [];
  const watch = () => {
    const protocol = {
      health: (_: OpencodeClient, signal: AbortSignal) => {
        asked += 1;
        if (answers === "well") return Promise.resolve({ version: "1" });
        if (answers !== "hangs") return Promise.reject(answers);
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
      },
      probe: () => Promise.resolve(),
    } as unknown as Protocol;
    const monitor = new HealthMonitor({
      run: { client: { url: "http://127.0.0.1:1" } as OpencodeClient, protocol },
      clock: {
        now: () => clock.now() + slept,
        monotonic: () => clock.monotonic() + slept,
        after: (ms, run) => clock.after(ms, run),
      },
      limit: () => 3,
      onVerdict: (verdict) => {
        verdicts.push(verdict.kind);
        if ("failure" in verdict) texts.push(verdict.failure.message);
      },
    });
    monitors.push(monitor);
    return monitor;
  };
  afterEach(() => {
    for (const monitor of monitors.splice(0)) monitor.close();
    expect(clock.pending).toBe(0);
    answers = "well";
    asked = 0;
    slept = 0;
    verdicts.length = 0;
    texts.length = 0;
  });

  it("looks every ten seconds", async () => {
    watch();
    await pass(3 * PERIOD_MS);
    expect(verdicts).toEqual(["well", "well", "well"]);
    expect(asked).toBe(3);
  });

  it("gives an answer five seconds, and says so", async () => {
    watch();
    answers = "hangs";
    await pass(PERIOD_MS + 4_500);
    expect(verdicts).toEqual([]);
    await pass(1_000);
    expect(verdicts).toEqual(["weak"]);
    expect(texts[0]).toContain("did not answer within 5 s");
  });

  it("holds it for dead after three looks without any sign, and not before", async () => {
    const monitor = watch();
    answers = new AppError("opencode_unreachable", "refused");
    monitor.disconnected("no bytes for 25 s");
    await pass(500);
    expect(verdicts).toEqual(["weak"]);
    await pass(PERIOD_MS);
    expect(verdicts).toEqual(["weak", "weak"]);
    await pass(PERIOD_MS);
    expect(verdicts).toEqual(["weak", "weak", "dead"]);
  });

  it("begins anew when bytes come again, and looks at once", async () => {
    const monitor = watch();
    answers = new AppError("opencode_unreachable", "refused");
    monitor.disconnected("gone");
    await pass(500 + PERIOD_MS);
    monitor.connected();
    await settled();
    monitor.connected();
    monitor.disconnected("gone again");
    await pass(500 + PERIOD_MS);
    expect(verdicts).toEqual(["weak", "weak", "weak", "weak", "weak"]);
  });

  it("counts nothing from before the machine slept, nor what a look found meanwhile", async () => {
    const monitor = watch();
    answers = "hangs";
    monitor.disconnected("gone");
    await pass(500 + 2 * PERIOD_MS);
    monitor.resumed();
    await pass(5_500);
    const before = verdicts.length;
    await pass(PERIOD_MS);
    expect(verdicts.slice(before)).toEqual(["weak"]);
    expect(verdicts).not.toContain("dead");
  });

  it("notices by itself that the machine slept in the middle of a look, and counts nothing of before", async () => {
    const monitor = watch();
    answers = "hangs";
    monitor.disconnected("gone");
    await pass(500 + 2 * PERIOD_MS);
    expect(verdicts).toEqual(["weak", "weak"]);
    slept = 30_000;
    await pass(2 * PERIOD_MS + 1_000);
    expect(verdicts).toEqual(["weak", "weak", "weak"]);
  });

  it("asks for nothing after its end", async () => {
    const monitor = watch();
    answers = "hangs";
    monitor.lookNow();
    monitor.lookNow();
    monitor.close();
    monitor.lookNow();
    monitor.disconnected("gone");
    await pass(2 * PERIOD_MS);
    expect([asked, verdicts]).toEqual([1, []]);
  });
});
