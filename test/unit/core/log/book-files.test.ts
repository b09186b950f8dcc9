/** A log book's files: what they hold after a restart, a crash and a rotation, and what becomes of lines when they cannot be written. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { all, bookStage, range, say, seqs } from "../../../support/book-stage.ts";

const stage = bookStage();

/** A clock whose monotonic time is moved by hand; nothing here waits for it. */
function handClock() {
  let passed = 0;
  return { clock: { ...systemClock, monotonic: () => passed }, pass: (ms: number) => (passed += ms) };
}

describe("files", () => {
  test("the sequence goes on after a restart, and older lines are still read", async () => {
    const first = stage.open();
    for (let number = 1; number <= 50; number += 1) say(first, number % 2 === 0 ? "api" : "web", `${number}`);
    await first.close();
    const second = stage.open();
    expect(second.sources().sort()).toEqual(["api", "web"]);
    say(second, "web", "51");
    expect((await second.read(all)).lines.map(({ seq, text }) => `${seq}` === text)).toEqual(
      range(1, 51).map(() => true),
    );
    expect((await second.read({ after: 0, from: "end", limit: 3 })).lines.map(({ source }) => source)).toEqual([
      "web",
      "api",
      "web",
    ]);
  });

  test("a line torn by a crash is skipped and takes no other with it", async () => {
    const first = stage.open();
    say(first, "web", "whole");
    await first.close();
    appendFileSync(stage.path("web"), "\u001e2 1 stdout 1 0 3\u001fwhole too\nto");
    const second = stage.open();
    say(second, "web", "next");
    await second.close();
    const lines = readFileSync(stage.path("web"), "utf8").split("\n");
    expect(lines).toHaveLength(5);
    expect((await stage.open().read(all)).lines.map(({ text }) => text)).toEqual(["whole", "whole too", "next"]);
    expect((await stage.open().read(all)).lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("rotation under load loses no line and tears none", { timeout: 60_000 }, async () => {
    const book = stage.open({ ringLines: 10, fileBytes: 20_000, files: 100 });
    for (let number = 1; number <= 15_000; number += 1) {
      say(book, "web", `${number} ${"x".repeat(60)}`);
      if (number % 500 > 0) continue;
      expect((await book.read({ after: number - 30, from: "start", limit: 40 })).lines).toHaveLength(30);
    }
    await book.flush();
    const files = readdirSync(stage.folder);
    expect(files.length).toBeGreaterThan(60);
    const found: number[] = [];
    for (const name of files) {
      const [header, ...records] = readFileSync(join(stage.folder, name), "utf8").split("\n");
      expect(header).toBe('{"version":2,"source":"web"}');
      expect(records.pop()).toBe("");
      for (const record of records) {
        const text = record.startsWith("\u001e") ? record.slice(record.indexOf("\u001f") + 1) : record;
        found.push(Number(/^(\d+) x{60}$/.exec(text)?.[1]));
      }
    }
    expect(found.sort((a, b) => a - b)).toEqual(range(1, 15_000));
  });

  test("after 1000 rotations the newest lines are there without a gap", { timeout: 60_000 }, async () => {
    const book = stage.open({ ringLines: 10, fileBytes: 1_000, files: 3 });
    for (let number = 1; number <= 15_000; number += 1) {
      say(book, "web", `${number} ${"x".repeat(40)}`);
      if (number % 100 === 0) await book.flush();
    }
    const { lines, lastSeq } = await book.read(all);
    expect(lastSeq).toBe(15_000);
    expect(lines.length).toBeGreaterThan(20);
    expect(seqs(lines)).toEqual(range(lines[0]?.seq ?? 0, 15_000));
    expect(lines.every(({ seq, text }) => text.startsWith(`${seq} `))).toBe(true);
  });

  test("there are never more bytes than the files may have", async () => {
    const book = stage.open({ fileBytes: 20_000, files: 3 });
    for (let number = 1; number <= 5_000; number += 1) say(book, "web", "x".repeat(100));
    await book.flush();
    expect(readdirSync(stage.folder)).toHaveLength(3);
    for (const name of readdirSync(stage.folder))
      expect(statSync(join(stage.folder, name)).size).toBeLessThanOrEqual(20_000);
    expect(statSync(stage.path("web")).mode & 0o777).toBe(0o600);
    const { lines } = await book.read(all);
    expect(seqs(lines)).toEqual(range(lines[0]?.seq ?? 0, 5_000));
  });

  test("a source may have any name", async () => {
    const names = [
      "../../etc/passwd",
      "a/b",
      "",
      ".",
      "CON",
      "x".repeat(10_000),
      "\0",
      "__proto__",
      "web",
      "WEB",
      "wéb",
    ];
    const book = stage.open();
    for (const name of names) say(book, name, `of ${name}`);
    await book.flush();
    expect(readdirSync(stage.folder)).toHaveLength(names.length);
    expect(readdirSync(stage.top)).toEqual(["logs"]);
    const again = stage.open();
    expect(again.sources().sort()).toEqual([...names].sort());
    for (const name of names)
      expect((await again.read({ ...all, sources: [name] })).lines.map(({ text }) => text)).toHaveLength(1);
  });

  test("no text ends its record", async () => {
    const hostile = ['"]\n[99,1,"stdout",1,0,"forged"]', "\r\n", '\\"', "\u2028", "{", '[1,1,"stdout",1,0,"x"]'];
    const first = stage.open();
    for (const text of hostile) say(first, "web", text);
    const expected = (await first.read(all)).lines;
    await first.close();
    expect(expected).toHaveLength(hostile.length);
    expect((await stage.open().read(all)).lines).toEqual(expected);
  });

  test("secrets reach neither ring nor file nor follower", async () => {
    const book = stage.open();
    const heard: string[] = [];
    book.follow({ after: 0, limit: 0 }, ({ text }) => heard.push(text));
    book.addSecret("s3cret-canary");
    say(book, "web", "token=s3cret-canary");
    book.append("web", { stream: "stdout", text: "long s3cret-c", generation: 1, cut: true });
    book.append("web", { stream: "stderr", text: "anary of another stream", generation: 1, cut: false });
    book.append("web", { stream: "stdout", text: "anary end", generation: 1, cut: false });
    await book.flush();
    expect(heard).toEqual(["token=•••", "long •••", "anary of another stream", "••• end"]);
    expect(readFileSync(stage.path("web"), "utf8")).not.toContain("s3cret");
    expect(book.tail("web", 1)[0]?.text).toBe("••• end");
  });
});

describe("trouble", () => {
  test("a log that is a link, or lies in a folder that is one, is not written", async () => {
    const victim = join(stage.top, "victim");
    writeFileSync(victim, "untouched\n");
    mkdirSync(stage.folder);
    symlinkSync(victim, stage.path("web"));
    const book = stage.open();
    say(book, "web", "x");
    await book.flush();
    expect(readFileSync(victim, "utf8")).toBe("untouched\n");
    expect(stage.troubles).toHaveLength(1);
    expect(book.tail("web", 1)).toHaveLength(1);

    const elsewhere = join(stage.top, "elsewhere");
    mkdirSync(elsewhere);
    await book.close();
    rmSync(stage.folder, { recursive: true });
    symlinkSync(elsewhere, stage.folder);
    const second = stage.open();
    say(second, "web", "x");
    await second.flush();
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(stage.troubles).toHaveLength(2);
  });

  test("a pipe in the place of a log holds nothing up", async () => {
    mkdirSync(stage.folder);
    execFileSync("mkfifo", [stage.path("web")]);
    const book = stage.open();
    say(book, "web", "x");
    await book.flush();
    expect((await book.read(all)).lines).toHaveLength(1);
    expect(stage.troubles).toHaveLength(1);
  });

  test("while the disk fails the ring goes on, one notice is given, and later the files tell what is missing", async () => {
    const { clock, pass } = handClock();
    writeFileSync(stage.folder, "a file where the folder should be");
    const book = stage.open({ ringLines: 5 }, clock);
    const big = "x".repeat(50_000);
    for (let number = 1; number <= 200; number += 1) say(book, "web", `${number} ${big}`);
    await book.flush();
    await book.flush();
    expect(stage.troubles).toHaveLength(1);
    expect(stage.troubles[0]).toMatch(/log of web cannot be written/);
    expect((await book.read({ ...all, from: "end", limit: 5 })).lines).toHaveLength(5);

    rmSync(stage.folder);
    pass(10_000);
    say(book, "web", "the disk is back");
    await book.flush();
    const { lines } = await stage.open().read(all);
    expect(lines.at(-1)?.text).toBe("the disk is back");
    const missing = Number(/^(\d+) lines are missing/.exec(lines[0]?.text ?? "")?.[1]);
    // The note stands for the lines up to its own number; after it the sequence is whole.
    expect(lines[0]).toMatchObject({ seq: missing, stream: "note" });
    expect(seqs(lines.slice(1))).toEqual(range(missing + 1, 201));
    expect(missing).toBeGreaterThan(100);
  });

  test("lines that the disk cannot take in time are counted, and memory stays within its bound", async () => {
    const book = stage.open({ ringLines: 5, waitingBytes: 1_000_000, fileBytes: 100_000_000 });
    for (let number = 1; number <= 5_000; number += 1) say(book, "web", `${number} ${"x".repeat(1_000)}`);
    await book.flush();
    const { lines } = await book.read(all);
    const notes = lines.filter(({ stream }) => stream === "note");
    expect(notes.length).toBeGreaterThan(0);
    const missing = notes.reduce((sum, { text }) => sum + Number.parseInt(text, 10), 0);
    expect(missing + lines.length - notes.length).toBe(5_000);
    expect(seqs(lines)).toEqual(seqs(lines).sort((a, b) => a - b));
    expect(stage.troubles).toEqual([]);
  });

  test("a folder deleted under it is made again", async () => {
    const book = stage.open();
    say(book, "web", "before");
    await book.flush();
    rmSync(stage.folder, { recursive: true });
    say(book, "web", "after");
    await book.flush();
    expect(readFileSync(stage.path("web"), "utf8")).toContain("after");
    expect(stage.troubles).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that may not be written is told once", async () => {
    mkdirSync(stage.folder, { mode: 0o500 });
    const book = stage.open();
    say(book, "web", "x");
    await book.flush();
    expect(stage.troubles).toHaveLength(1);
    chmodSync(stage.folder, 0o700);
  });

  test("what is appended after the end is ignored", async () => {
    const book = stage.open();
    say(book, "web", "x");
    await book.close();
    say(book, "web", "y");
    expect(book.tail("web", 5)).toHaveLength(1);
    await book.close();
  });
});
