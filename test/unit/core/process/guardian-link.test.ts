/** The host's end of its guardian: real small programs in the guardian's place, time by hand. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { GuardianLink } from "../../../../electron/core/process/guardian-link.ts";
import { systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { until } from "../../../support/until.ts";

const source = systemProcesses();
const orders = { home: "/h", homeId: "h", runId: "r", bootId: "b", ownerPid: process.pid, ownerStartTime: "1" };
let folder: string;
let clock: ManualClock;
let said: string[];
let changes: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-link-"));
  clock = new ManualClock();
  said = [];
  changes = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function link(program: string, nodePath = process.execPath): GuardianLink {
  const path = join(folder, "guardian.mjs");
  writeFileSync(path, program);
  const log = (level: string) => (message: string) => void said.push(`${level}: ${message}`);
  const logger = { ...silentLogger, warn: log("warn"), error: log("error") };
  return new GuardianLink({ orders, path, nodePath, source, clock, logger, onChange: () => (changes += 1) });
}

const loyal = "process.stdin.on('data', (text) => { if (String(text) === 'done\\n') process.exit(0); })";

test("it is started once, with its orders, in a session of its own, and let go with a word", async () => {
  const orderFile = join(folder, "orders");
  const program = `import { renameSync, writeFileSync } from 'node:fs';
    writeFileSync('${orderFile}.new', process.argv[2]); renameSync('${orderFile}.new', '${orderFile}'); ${loyal}`;
  const guardian = link(program);
  expect(guardian.current).toBeNull();
  guardian.ensure();
  guardian.ensure();
  const pid = guardian.current?.pid ?? 0;
  expect(source.read(pid)).toMatchObject({ pgid: pid, sid: pid });
  await until("its orders", 5_000, () => existsSync(orderFile));
  expect(JSON.parse(readFileSync(orderFile, "utf8"))).toEqual(orders);
  await guardian.dismiss();
  await guardian.dismiss();
  expect(source.read(pid)).toBeNull();
  expect(changes).toBe(2);
  expect(said).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("one that does not listen is killed after 2 s", async () => {
  const guardian = link("setInterval(() => {}, 1e6)");
  guardian.ensure();
  const pid = guardian.current?.pid ?? 0;
  const gone = guardian.dismiss();
  expect(source.read(pid)?.dead).toBe(false);
  clock.advance(2_000);
  await gone;
  await until("its end", 5_000, () => source.read(pid)?.dead !== false);
  expect(said).toEqual([]);
});

test("one that ends is started again half a second later, five times; then it is told and no more tried", async () => {
  const guardian = link("process.exit(7)");
  guardian.ensure();
  for (let restart = 1; restart <= 5; restart += 1) {
    await until("its end", 5_000, () => said.length === restart);
    expect(guardian.current).toBeNull();
    clock.advance(499);
    expect(guardian.current).toBeNull();
    clock.advance(1);
    expect(guardian.current).not.toBeNull();
  }
  await until("the last end", 5_000, () => said.length === 6);
  expect(said.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => "warn: the guardian ended and is started again"));
  expect(said[5]).toContain("error: the guardian keeps ending");
  expect(clock.pending).toBe(0);
  // A new wish is a new beginning.
  await guardian.dismiss();
  guardian.ensure();
  await until("another end", 5_000, () => said.length === 7);
  expect(said[6]).toContain("is started again");
  await guardian.dismiss();
  expect(clock.pending).toBe(0);
});

test("one that was let go is not started again", async () => {
  const guardian = link("process.exit(7)");
  guardian.ensure();
  await until("its end", 5_000, () => said.length === 1);
  await guardian.dismiss();
  clock.advance(60_000);
  expect(guardian.current).toBeNull();
  expect(said).toHaveLength(1);
});

test("a second wish during the wait for a restart starts it at once, and only once", async () => {
  const guardian = link(loyal);
  guardian.ensure();
  const first = guardian.current?.pid ?? 0;
  process.kill(first, "SIGKILL");
  await until("its end", 5_000, () => said.length === 1);
  guardian.ensure();
  const second = guardian.current?.pid;
  expect(second).not.toBe(first);
  clock.advance(500);
  expect(guardian.current?.pid).toBe(second);
  await guardian.dismiss();
});

test.each([
  ["a Node that is not there", "/no/such/node"],
  ["a path that no program can have", "a\0b"],
])("%s is told, and the host goes on without", async (_, nodePath) => {
  const guardian = link(loyal, nodePath);
  guardian.ensure();
  await until("the message", 5_000, () => said.includes("error: the guardian could not be started"));
  expect(guardian.current).toBeNull();
  await guardian.dismiss();
  expect(said).toHaveLength(1);
});
