import { expect, test } from "vitest";
import { LimitMeter, watchLimits } from "../../../../electron/core/service/limit-watch.ts";
import type { LimitRule } from "../../../../electron/core/service/service-rules.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const MIB = 1_024 ** 2;
const rule = (more: Partial<LimitRule>): LimitRule => ({
  memoryBytes: null,
  cpuPercent: null,
  cpuForMs: 10_000,
  onExceed: "notify",
  ...more,
});
const reading = (memory: number, cpuPercent: number | null) => ({ memoryBytes: memory * MIB, cpuPercent });

test("memory counts at once, and exactly the limit is kept", () => {
  const meter = new LimitMeter(rule({ memoryBytes: 100 * MIB }));
  expect(meter.observe(reading(100, null), 0)).toBeNull();
  expect(meter.observe(reading(101, null), 1)).toBe("uses 101 MiB of memory, and its limit is 100 MiB");
});

test("the CPU counts after so long without a break; a reading that is not there yet is none", () => {
  const meter = new LimitMeter(rule({ cpuPercent: 50 }));
  expect(meter.observe(reading(1, 90), 0)).toBeNull();
  expect(meter.observe(reading(1, 90), 9_999)).toBeNull();
  expect(meter.observe(reading(1, 50), 10_000)).toBeNull();
  expect(meter.observe(reading(1, 90), 11_000)).toBeNull();
  expect(meter.observe(reading(1, null), 15_000)).toBeNull();
  expect(meter.observe(reading(1, 120.4), 21_000)).toBe("has used 120 % of a core for 10 s, and its limit is 50 %");
});

test("it is told once, and again after it was kept in between", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  let memory = 10;
  const controller = new AbortController();
  const watching = watchLimits(
    {
      rule: rule({ memoryBytes: 100 * MIB }),
      clock,
      usage: () => (memory === 0 ? null : reading(memory, null)),
      onExceeded: (what) => told.push(what),
    },
    controller.signal,
  );
  const look = async (next: number) => {
    memory = next;
    clock.advance(1_000);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  for (const next of [10, 200, 300, 0, 250, 50, 210]) await look(next);
  expect(told).toHaveLength(2);
  controller.abort();
  await watching;
  expect(clock.pending).toBe(0);
});
