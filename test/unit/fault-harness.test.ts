/** The harness of the fault cases can fail: each thing it watches is done once on purpose, and is found. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Exit } from "#shared/schema/service.ts";
import { homeIdOf, markerName } from "../../electron/core/process/marker.ts";
import { placeBystanders } from "../support/bystanders.ts";
import {
  endRemaining,
  leakedSecrets,
  missingExits,
  moreDescriptors,
  moreMemory,
  openDescriptors,
  remainingProcesses,
  secretsInFiles,
  slowLoop,
  unownedProcesses,
  unreadableState,
  untrueShows,
} from "../support/fault-invariants.ts";
import { Stage } from "../support/fault-stage.ts";
import { LoopControl, LoopDelayMeter } from "../support/loop-delay.ts";
import { WarpClock } from "../support/warp-clock.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage({ round: 0, seed: 1, guardianPath: "/nowhere" });
});
afterEach(async () => {
  await endRemaining(stage);
  expect(await stage.end()).toEqual([]);
  stage.remove();
});

it("I1: a process with our marker and nobody's lease", async () => {
  const env = { PATH: process.env["PATH"] ?? "", [markerName]: `${homeIdOf(stage.home)}.run-1.nobody` };
  const child = spawn("sleep", ["60"], { env, detached: true, stdio: "ignore" });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  expect((await unownedProcesses(stage)).join()).toContain(`I1 pid ${child.pid}`);
  expect((await remainingProcesses(stage)).join()).toContain("outlived");
  await endRemaining(stage);
  await gone;
  expect(await remainingProcesses(stage)).toEqual([]);
});

it("I2: a bystander that was hit", async () => {
  const bystanders = placeBystanders();
  expect(bystanders.harm()).toEqual([]);
  process.kill(bystanders.pids[0] ?? 0, "SIGTERM");
  await stage.until("the harm", () => bystanders.harm().length === 1);
  await bystanders.end();
});

it("I3: a start without an exit record, and one with two", async () => {
  const owned = await stage.keeper.spawn({
    kind: "task",
    name: "short",
    workspace: "w",
    argv: ["true"],
    cwd: stage.root,
    env: {},
    graceMs: 1_000,
    ports: [],
    onLine: () => undefined,
  });
  const exit = await owned.exited;
  expect(await missingExits(stage)).toEqual([]);
  const records = stage.starts[0]?.exits as Exit[];
  records.push(exit);
  expect(await missingExits(stage, 50)).toEqual([`I3 short (pid ${owned.pid}) has 2 exit records`]);
  records.length = 0;
  expect(await missingExits(stage, 50)).toEqual([`I3 short (pid ${owned.pid}) has 0 exit records`]);
});

it("I4: a state file in pieces", () => {
  mkdirSync(join(stage.home, "leases"));
  writeFileSync(join(stage.home, "host.json"), '{"pid": 1');
  writeFileSync(join(stage.home, "leases", "a.json"), "{}");
  writeFileSync(join(stage.home, "deckhand.db"), "this is no database, but long enough to be taken for one".repeat(20));
  expect(unreadableState(stage)).toHaveLength(3);
  stage.expectDamage("host.json");
  expect(unreadableState(stage)).toHaveLength(2);
});

it("I5: a secret in a file, a status, a log record, in any of its forms", () => {
  expect([...leakedSecrets(stage), ...secretsInFiles(stage)]).toEqual([]);
  writeFileSync(join(stage.home, "note.txt"), `${"x".repeat((1 << 20) - 20)}${stage.canary}`);
  expect(secretsInFiles(stage)).toEqual(["I5 a secret stands in the file note.txt"]);
  stage.collect("a status", { url: stage.password });
  stage.logger.info("asked", { header: Buffer.from(`opencode:${stage.password}`).toString("base64") });
  expect(leakedSecrets(stage)).toHaveLength(2);
});

const calm = (count: number) => Array.from({ length: count }, () => 1);
const judge = (ours: number[]) => slowLoop({ ours, raw: ours, control: calm(50) });

it("I6: of a hundred looks and more one in a hundred may be late", () => {
  expect(judge([...calm(99), 400])).toEqual([]);
  expect(judge([...calm(98), 50, 50])[0]).toContain("I6 the main loop was late by 50 ms or more in 2 of 100 looks");
  expect(judge([...calm(297), 60, 60, 60])).toEqual([]);
  expect(judge([...calm(296), 60, 60, 60, 60])[0]).toContain("4 of 300 looks (p99 60 ms");
});

it("I6: of fewer looks one may be late, and no more than 250 ms", () => {
  expect(judge([])).toEqual([]);
  expect(judge([...calm(12), 250])).toEqual([]);
  expect(judge([...calm(12), 251])[0]).toContain("1 of 13 looks");
  expect(judge([...calm(12), 49.9, 120])).toEqual([]);
  expect(judge([...calm(12), 50, 50])[0]).toContain("2 of 14 looks");
});

it("I6: only the wait for a core is taken off; that other threads were late as well forgives nothing", () => {
  const late = [...calm(12), 60, 60];
  expect(slowLoop({ ours: calm(14), raw: late, control: late })).toEqual([]);
  expect(slowLoop({ ours: late, raw: late, control: late.map((ms) => ms * 10) })).toHaveLength(1);
});

it("I6: a loop that is blocked for 120 ms twice in a round, at its end too", async () => {
  const control = new LoopControl();
  const meter = new LoopDelayMeter(control);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  // Asleep, so that it takes no core and waits for none: exactly 120 ms, however busy the machine.
  const block = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
  meter.start();
  await pause(30);
  block();
  await pause(30);
  meter.stop();
  // What is between two measurements does not count.
  block();
  meter.start();
  await pause(30);
  block();
  meter.stop();
  await control.end();
  expect(meter.delays.ours.length).toBeLessThan(100);
  expect(meter.delays.ours.filter((ms) => ms >= 100)).toHaveLength(2);
  expect(slowLoop(meter.delays)[0]).toContain("I6 the main loop was late");
});

it("I7: shown as running, though nothing runs", async () => {
  stage.show(() => ({ up: true, pid: process.pid }));
  expect((await untrueShows(stage))[0]).toContain("I7 shown as up");
});

it("I8: memory that does not come back", () => {
  const megabyte = 1024 * 1024;
  const memory = (kept: number, resident: number) => ({ kept: kept * megabyte, resident: resident * megabyte });
  expect(moreMemory(memory(40, 200), memory(50, 300))).toEqual([]);
  expect(moreMemory(memory(40, 200), memory(60, 200))).toEqual([
    "I8 memory that is referred to grew from 40 MB to 60 MB",
  ]);
  expect(moreMemory(memory(40, 200), memory(40, 340))).toEqual(["I8 memory grew from 200 MB to 340 MB"]);
});

it("I8: a descriptor that stays open, and not one that was opened in another's place", async () => {
  const file = join(stage.root, "left open");
  writeFileSync(file, "");
  const spare = openSync("/dev/null", "r");
  const before = openDescriptors();
  const left = openSync(file, "r");
  expect(await moreDescriptors(before, 50)).toEqual([`I8 1 more descriptors than before: ${file}`]);
  closeSync(spare);
  expect(await moreDescriptors(before, 50)).toEqual([]);
  closeSync(left);
  expect(await moreDescriptors(before, 50)).toEqual([]);
});

it("a clock that is sent ahead runs timers in order, each at its own time; one that slept, all at its end", () => {
  const clock = new WarpClock();
  const begin = clock.monotonic();
  const heard: string[] = [];
  const at = (name: string) => () => heard.push(`${name} ${Math.round((clock.monotonic() - begin) / 1_000)}`);
  clock.after(2_000, at("second"));
  clock.after(1_000, () => {
    at("first")();
    clock.after(500, at("inner"));
  });
  const cancel = clock.after(1_000, at("never"));
  cancel();
  clock.jump(3_000);
  expect(heard).toEqual(["first 1", "inner 2", "second 2"]);
  clock.after(1_000, at("late"));
  clock.suspend(60_000);
  expect(heard.at(-1)).toBe("late 63");
  expect(clock.pending).toBe(0);
});
