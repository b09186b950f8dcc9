import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseStore } from "../../../../electron/core/process/lease-store.ts";

let home: string;
let store: LeaseStore;
const folder = () => join(home, "leases");

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-leases-"));
  store = new LeaseStore(home);
  store.prepare();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("damaged files are set aside with a reason, and neither a pipe nor a link is followed", () => {
  const secret = join(home, "elsewhere.json");
  writeFileSync(secret, "{}");
  writeFileSync(join(folder(), "empty.json"), "");
  writeFileSync(join(folder(), "garbage.json"), "\0\0\0");
  writeFileSync(join(folder(), "huge.json"), "");
  truncateSync(join(folder(), "huge.json"), 10 * 1_024 * 1_024);
  writeFileSync(join(folder(), "broken.run"), "[]");
  symlinkSync(secret, join(folder(), "link.json"));
  symlinkSync("/no/such/file", join(folder(), "dangling.json"));
  mkdirSync(join(folder(), "folder.json"));
  execFileSync("mkfifo", [join(folder(), "pipe.json")]);
  writeFileSync(join(folder(), "notes.txt"), "not ours");

  const { leases, runs, quarantined } = store.readAll(true);
  expect(leases).toEqual([]);
  expect(runs).toEqual([]);
  expect(quarantined.map(({ name }) => name).sort()).toEqual([
    "broken.run",
    "dangling.json",
    "empty.json",
    "folder.json",
    "garbage.json",
    "huge.json",
    "link.json",
    "pipe.json",
  ]);
  expect(quarantined.every(({ why }) => why.length > 3)).toBe(true);
  expect(readdirSync(folder()).sort()).toEqual(["notes.txt", "quarantine"]);
  expect(readdirSync(join(folder(), "quarantine"))).toHaveLength(8);
  expect(readFileSync(secret, "utf8")).toBe("{}");
  expect(store.readAll(true).quarantined).toEqual([]);
});

test("reading alone sets nothing aside", () => {
  writeFileSync(join(folder(), "garbage.json"), "x");
  expect(store.readAll(false).quarantined).toHaveLength(1);
  expect(readdirSync(folder())).toEqual(["garbage.json"]);
});

test("what is set aside is bounded", () => {
  for (let number = 0; number < 70; number += 1) {
    writeFileSync(join(folder(), `${number}.json`), "x");
    store.readAll(true);
  }
  expect(readdirSync(join(folder(), "quarantine")).length).toBeLessThanOrEqual(50);
});

test("a lease under another's name is not believed", () => {
  const run = {
    version: 1,
    runId: "a",
    bootId: "b",
    ownerPid: 4_000_000,
    ownerStartTime: "1",
    guardian: null,
  } as const;
  store.writeRun(run);
  expect(store.readAll(true).runs).toEqual([run]);
  writeFileSync(join(folder(), "b.run"), JSON.stringify(run));
  expect(store.readAll(true).quarantined.map(({ name }) => name)).toEqual(["b.run"]);
});

test("a folder of leases that is a link is refused", () => {
  rmSync(folder(), { recursive: true });
  mkdirSync(join(home, "real"));
  symlinkSync(join(home, "real"), folder());
  expect(() => store.prepare()).toThrow(/not a folder/);
  expect(existsSync(join(home, "real"))).toBe(true);
});
