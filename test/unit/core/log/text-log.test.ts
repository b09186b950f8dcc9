import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Failure } from "../../../../shared/failure.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { createTextLogs, type TextLogLimits, type TextLogs } from "../../../../electron/core/log/text-log.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let folder: string;
let path: string;
let logs: TextLogs;
let clock: ManualClock;
let troubles: Failure[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-text-log-"));
  path = join(folder, "x.log");
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  troubles = [];
  logs = textLogs();
});
afterEach(async () => {
  await logs.close();
  rmSync(folder, { recursive: true, force: true });
});

function textLogs(limits: Partial<TextLogLimits> = {}): TextLogs {
  return createTextLogs({ clock, logger: silentLogger, onTrouble: (failure) => troubles.push(failure), limits });
}

const line = (text: string, stream: "stdout" | "stderr" = "stdout") => ({ at: Date.UTC(2026, 0, 1), stream, text });

test("a line stands in it with its time and stream, without its colours", async () => {
  const log = await logs.open(path);
  log.append(line("\u001b[31mred\u001b[0m", "stderr"));
  log.append(line("plain"));
  await log.flush();
  expect(readFileSync(path, "utf8")).toBe(
    "2026-01-01T00:00:00.000Z stderr red\n2026-01-01T00:00:00.000Z stdout plain\n",
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(log.dropped).toBe(0);
  await log.close();
  log.append(line("after the end"));
  await log.close();
  expect(readFileSync(path, "utf8")).not.toContain("after the end");
});

test("two servers write to one file, told apart by their labels, until the last one closes it", async () => {
  const [a, b] = await Promise.all([logs.open(path, "shop"), logs.open(path, "blog")]);
  for (let number = 0; number < 500; number += 1) (number % 2 === 0 ? a : b).append(line(`${number}`));
  await a.close();
  b.append(line("last"));
  await b.close();
  const texts = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(texts).toHaveLength(501);
  expect(texts[0]).toBe("2026-01-01T00:00:00.000Z shop stdout 0");
  expect(texts.at(-1)).toBe("2026-01-01T00:00:00.000Z blog stdout last");
});

test("what was in the file stays, and half a line in it is ended", async () => {
  writeFileSync(path, "mine, without an end", { mode: 0o644 });
  const log = await logs.open(path);
  log.append(line("x"));
  await log.close();
  expect(readFileSync(path, "utf8")).toBe("mine, without an end\n2026-01-01T00:00:00.000Z stdout x\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("full files are put aside, the oldest goes, and no line is torn", async () => {
  logs = textLogs({ fileBytes: 2_000, files: 3 });
  const log = await logs.open(path);
  for (let number = 1; number <= 1_000; number += 1) {
    log.append(line(`${number}`));
    if (number % 10 === 0) await log.flush();
  }
  await log.close();
  expect(readdirSync(folder).sort()).toEqual(["x.log", "x.log.1", "x.log.2"]);
  const texts = ["x.log.2", "x.log.1", "x.log"].map((name) => readFileSync(join(folder, name), "utf8"));
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2_000);
  const numbers = texts
    .join("")
    .trimEnd()
    .split("\n")
    .map((text) => Number(/^\S+Z stdout (\d+)$/.exec(text)?.[1]));
  expect(numbers).toEqual(Array.from(numbers, (_, index) => 1_000 - numbers.length + 1 + index));
  expect(numbers.length).toBeGreaterThan(60);
});

describe("a path that cannot be a log file is refused with its reason", () => {
  test.each([
    ["a folder", () => mkdirSync(path), /it is a folder/],
    ["a link", () => symlinkSync("/dev/null", path), /it is a symbolic link/],
    ["a link to nothing", () => symlinkSync(join(folder, "nothing"), path), /it is a symbolic link/],
    ["a pipe", () => execFileSync("mkfifo", [path]), /not a regular file/],
    ["no folder to lie in", () => (path = join(folder, "missing", "x.log")), /its folder does not exist/],
    ["a file for a folder", () => (writeFileSync(path, ""), (path = join(path, "x.log"))), /not a folder/],
    ["no absolute path", () => (path = "x.log"), /no absolute path/],
  ])("%s", async (_, make, reason) => {
    make();
    const error = await logs.open(path).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "opencode_log_file", next: expect.stringMatching(/settings/) });
    expect((error as AppError).message).toMatch(reason);
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that may not be written", async () => {
    chmodSync(folder, 0o500);
    await expect(logs.open(path)).rejects.toMatchObject({ code: "opencode_log_file" });
    chmodSync(folder, 0o700);
  });
});

test("a file that was replaced by a link is never written through; it is told once, and the lost lines are counted", async () => {
  logs = textLogs({ waitingBytes: 50_000 });
  const log = await logs.open(path);
  log.append(line("before"));
  await log.flush();
  const victim = join(folder, "victim");
  writeFileSync(victim, "untouched");
  rmSync(path);
  symlinkSync(victim, path);
  for (let number = 0; number < 1_000; number += 1) log.append(line(`${number} ${"x".repeat(100)}`));
  await log.flush();
  log.append(line("still"));
  expect(readFileSync(victim, "utf8")).toBe("untouched");
  expect(troubles).toHaveLength(1);
  expect(troubles[0]?.code).toBe("opencode_log_file");
  expect(log.dropped).toBeGreaterThan(500);
  rmSync(path);
  clock.advance(10_000);
  log.append(line("again"));
  await log.close();
  const texts = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(texts[0]).toMatch(new RegExp(`^\\S+Z note ${log.dropped} lines are missing here`));
  expect(texts).toHaveLength(1 + 1_002 - log.dropped);
  expect(texts.at(-1)).toMatch(/ again$/);
});
