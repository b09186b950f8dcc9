/** The other way of ending a tree, on real ones. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { lastPass } from "../../../../electron/core/process/last-pass.ts";
import { systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { FIRST_PID } from "../../../support/process-machine.ts";
import { until } from "../../../support/until.ts";

const source = systemProcesses();
const path = process.env["PATH"];
afterEach(() => {
  process.env["PATH"] = path;
});

async function tree() {
  const script = 'trap "" TERM; sh -c "trap \\"\\" TERM; sleep 600 & wait" & echo $!; wait';
  const parent = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  return { parent, pids: [parent.pid ?? 0, Number(text.toString())] };
}

test("it ends a process and what it started, and leaves no timer", async () => {
  const clock = new ManualClock();
  const { parent, pids } = await tree();
  const gone = once(parent, "exit");
  await lastPass(pids[0] ?? 0, clock, silentLogger);
  await gone;
  await until("the end of its children", 5_000, () => pids.every((pid) => source.read(pid)?.dead !== false));
  expect(clock.pending).toBe(0);
});

test("where the program that lists children is missing it does nothing, and brings nobody down", async () => {
  const { parent, pids } = await tree();
  for (const folders of ["/no/such/folder", undefined]) {
    if (folders === undefined) delete process.env["PATH"];
    else process.env["PATH"] = folders;
    await lastPass(pids[0] ?? 0, new ManualClock(), silentLogger);
  }
  expect(source.read(pids[0] ?? 0)?.dead).toBe(false);
  process.env["PATH"] = path;
  const gone = once(parent, "exit");
  process.kill(-(parent.pid ?? 0), "SIGKILL");
  await gone;
});

test("it is waited for 1 s and no longer; a process that is gone is no error", async () => {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-last-"));
  const pidFile = join(folder, "pid");
  writeFileSync(join(folder, "ps"), `#!/bin/sh\necho $$ > '${pidFile}'\nexec /bin/sleep 600\n`);
  chmodSync(join(folder, "ps"), 0o755);
  process.env["PATH"] = folder;
  const clock = new ManualClock();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const children = () => source.children?.(process.pid) ?? [];
  const before = new Set(children());
  const done = lastPass(FIRST_PID, clock, logger);
  clock.advance(1_000);
  await done;
  for (const pid of children()) if (!before.has(pid)) process.kill(pid, "SIGKILL");
  process.env["PATH"] = path;
  await until("the lister to be gone", 5_000, () => children().every((pid) => before.has(pid)));
  await lastPass(FIRST_PID, new ManualClock(), logger);
  expect(warnings).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
