/** The harness of the fault cases can fail: each thing it watches is done once on purpose, and is found. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { homeIdOf, markerName } from "../../electron/core/process/marker.ts";
import { placeBystanders } from "../support/bystanders.ts";
import {
  endRemaining,
  leakedSecrets,
  moreMemory,
  remainingProcesses,
  secretsInFiles,
  slowLoop,
  unownedProcesses,
  unreadableState,
  untrueShows,
} from "../support/fault-invariants.ts";
import { Stage } from "../support/fault-stage.ts";
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

it("I6: a loop that is blocked, unless every other thread was late as well", () => {
  const late = Array.from({ length: 50 }, (_, index) => (index % 25 === 0 ? 60 : 0));
  const calm = Array.from({ length: 50 }, () => 1);
  expect(slowLoop({ ours: calm, raw: late, control: calm })).toEqual([]);
  expect(slowLoop({ ours: late, raw: late, control: calm })[0]).toContain("I6 the main loop was 60 ms late");
  expect(slowLoop({ ours: late, raw: late, control: late })).toEqual([]);
});

it("I7: shown as running, though nothing runs", async () => {
  stage.show(() => ({ up: true, pid: process.pid }));
  expect((await untrueShows(stage))[0]).toContain("I7 shown as up");
});

it("I8: memory that does not come back", () => {
  const megabyte = 1024 * 1024;
  expect(moreMemory(200 * megabyte, 240 * megabyte)).toEqual([]);
  expect(moreMemory(200 * megabyte, 300 * megabyte)[0]).toContain("I8 memory grew from 200 MB to 300 MB");
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
