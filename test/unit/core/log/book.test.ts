import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogLine } from "../../../../shared/schema/log.ts";
import { type Clock, systemClock } from "../../../../electron/core/lib/clock.ts";
import type { Intake } from "../../../../electron/core/lib/intake.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { type BookLimits, createLogBook } from "../../../../electron/core/log/book.ts";
import { stemOf } from "../../../../electron/core/log/log-file.ts";
import { createLogStore } from "../../../../electron/core/log/log-store.ts";
import type { LogBook } from "../../../../electron/core/log/types.ts";

let top: string;
let folder: string;
let books: LogBook[];
let troubles: string[];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "deckhand-book-"));
  folder = join(top, "logs");
  books = [];
  troubles = [];
});
afterEach(async () => {
  await Promise.all(books.map((book) => book.close()));
  rmSync(top, { recursive: true, force: true });
});

function open(limits: Partial<BookLimits> = {}, clock: Clock = systemClock): LogBook {
  const onTrouble = ({ message }: { message: string }) => troubles.push(message);
  const book = createLogBook({ folder, clock, logger: silentLogger, onTrouble, limits });
  books.push(book);
  return book;
}

function say(book: LogBook, source: string, text: string): Intake {
  return book.append(source, { stream: "stdout", text, generation: 1, cut: false });
}

const path = (source: string, age = 0) => join(folder, `${stemOf(source)}${age === 0 ? "" : `.${age}`}.log`);
const seqs = (lines: readonly LogLine[]) => lines.map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const all = { after: 0, from: "start", limit: 1_000_000 } as const;

/** A clock whose monotonic time is moved by hand; nothing here waits for it. */
function handClock() {
  let passed = 0;
  return { clock: { ...systemClock, monotonic: () => passed }, pass: (ms: number) => (passed += ms) };
}

describe("reading", () => {
  test("200,000 lines, as fast as the disk takes them, are all read back in pages, in order", async () => {
    const book = open();
    let waits = 0;
    for (let number = 1; number <= 200_000; number += 1) {
      const wait = say(book, "web", `line ${number} ${"x".repeat(60)}`);
      if (wait === undefined) continue;
      waits += 1;
      await wait;
    }
    expect(waits).toBeGreaterThan(0);
    let after = 0;
    for (;;) {
      const { lines, lastSeq } = await book.read({ after, from: "start", limit: 1_000 });
      const wrong = lines.find(({ seq, text }, index) => seq !== after + index + 1 || !text.startsWith(`line ${seq} `));
      expect(wrong).toBeUndefined();
      after = lines.at(-1)?.seq ?? after;
      if (after === lastSeq) break;
    }
    expect(after).toBe(200_000);
    const begun = performance.now();
    const { lines } = await book.read({ after: 100_000, from: "start", limit: 500 });
    expect(seqs(lines)).toEqual(range(100_001, 100_500));
    expect(performance.now() - begun).toBeLessThan(500);
  });

  test("any question is answered as if all lines were in one list", { timeout: 60_000 }, async () => {
    const sources = ["web", "api", "a/b"];
    const question = fc.record({
      sources: fc.option(fc.subarray([...sources, "nobody"]), { nil: undefined }),
      after: fc.integer({ min: 0, max: 450 }),
      before: fc.option(fc.integer({ min: 0, max: 450 }), { nil: undefined }),
      from: fc.constantFrom("start", "end"),
      limit: fc.integer({ min: 0, max: 60 }),
      grep: fc.constantFrom(undefined, /7/g, /^x/, /nothing/),
    });
    // Small rings and files, so that every question crosses their borders; some lines longer than a file.
    const book = open({ ringLines: 13, ringBytes: 6_000, fileBytes: 3_000, files: 40 });
    const lines: LogLine[] = [];
    book.follow({ after: 0, limit: 0 }, (line) => lines.push(line));
    for (let number = 0; number < 400; number += 1) {
      say(
        book,
        sources[(number * number) % 3] ?? "",
        `${number} ${"x".repeat(number % 50 === 0 ? 5_000 : number % 60)}`,
      );
    }
    expect(lines).toHaveLength(400);
    await fc.assert(
      fc.asyncProperty(question, async ({ sources: names, before, grep, ...rest }) => {
        const query = {
          ...rest,
          ...(names && { sources: names }),
          ...(before !== undefined && { before }),
          ...(grep && { grep }),
        } as const;
        const matching = lines.filter(
          ({ seq, source, text }) =>
            seq > rest.after &&
            seq < (before ?? Infinity) &&
            (names?.includes(source) ?? true) &&
            (grep === undefined || text.search(grep) >= 0),
        );
        const expected =
          rest.limit === 0 ? [] : rest.from === "start" ? matching.slice(0, rest.limit) : matching.slice(-rest.limit);
        expect((await book.read(query)).lines).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("colours are kept and not searched", async () => {
    const book = open();
    say(book, "web", "\u001b[31merr\u001b[0mor \u001b[2Jhere");
    expect((await book.read({ ...all, grep: /^error here$/ })).lines[0]?.text).toBe("\u001b[31merr\u001b[0mor here");
    expect((await book.read({ ...all, grep: /31/ })).lines).toEqual([]);
  });

  test("the page tells what can still be read", async () => {
    const book = open({ ringLines: 5, fileBytes: 1_000, files: 2 });
    expect(await book.read(all)).toEqual({ lines: [], firstSeq: null, lastSeq: null });
    for (let number = 0; number < 100; number += 1) say(book, "web", "x".repeat(50));
    say(book, "api", "once");
    await book.flush();
    const page = await book.read({ ...all, sources: ["web"] });
    expect(page.lastSeq).toBe(100);
    expect(page.firstSeq).toBe(page.lines[0]?.seq);
    expect(page.firstSeq).toBeGreaterThan(50);
    expect((await book.read(all)).lastSeq).toBe(101);
    expect((await book.read({ ...all, sources: ["nobody"] })).lastSeq).toBeNull();
  });

  test("a file of 2 GB is read from its end, and from its middle, within 200 ms", async () => {
    mkdirSync(folder, { recursive: true });
    // Sparse: a record, then a quarter of a megabyte of nothing, and so on.
    const file = openSync(path("web"), "w");
    writeSync(file, '{"version":2,"source":"web"}\n', 0);
    for (let seq = 1; seq <= 8_192; seq += 1) {
      writeSync(
        file,
        `${seq === 1 ? "" : "\n"}\u001e${seq} 1 stdout 1 0 1\u001fline\n`,
        seq === 1 ? 29 : seq * 262_144,
      );
    }
    closeSync(file);
    expect(statSync(path("web")).size).toBeGreaterThan(2 * 1_024 ** 3);
    const book = open();
    for (const [query, expected] of [
      [{ after: 0, from: "end", limit: 3 }, [8_190, 8_191, 8_192]],
      [{ after: 4_000, from: "start", limit: 3 }, [4_001, 4_002, 4_003]],
      [{ after: 0, before: 4_000, from: "end", limit: 2 }, [3_998, 3_999]],
    ] as const) {
      const times: number[] = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const begun = performance.now();
        expect(seqs((await book.read(query)).lines)).toEqual(expected);
        times.push(performance.now() - begun);
      }
      // The best of three: the machine may be busy with something else.
      expect(Math.min(...times)).toBeLessThan(200);
    }
  });
});

describe("following", () => {
  test("the newest of what was missed comes first, then every line, and the end ends it", () => {
    const book = open();
    for (let number = 1; number <= 10; number += 1) say(book, number % 2 === 0 ? "api" : "web", "x");
    const seen: number[] = [];
    const webOnly: number[] = [];
    const stop = book.follow({ after: 2, limit: 4 }, ({ seq }) => seen.push(seq));
    book.follow({ sources: ["web"], after: 2, limit: 100 }, ({ seq }) => webOnly.push(seq));
    say(book, "new source", "x");
    stop();
    say(book, "web", "x");
    expect(seen).toEqual([7, 8, 9, 10, 11]);
    expect(webOnly).toEqual([3, 5, 7, 9, 12]);
  });

  test("a follower that throws keeps nobody from hearing", () => {
    const book = open();
    const seen: number[] = [];
    book.follow({ after: 0, limit: 0 }, () => {
      throw new Error("broken");
    });
    book.follow({ after: 0, limit: 0 }, ({ seq }) => seen.push(seq));
    say(book, "web", "x");
    expect(seen).toEqual([1]);
  });

  test("the tail is the newest of one source", () => {
    const book = open({ ringLines: 3 });
    for (let number = 1; number <= 5; number += 1) say(book, "web", `${number}`);
    expect(seqs(book.tail("web", 2))).toEqual([4, 5]);
    expect(seqs(book.tail("web", 100))).toEqual([3, 4, 5]);
    expect(book.tail("web", 0)).toEqual([]);
    expect(book.tail("nobody", 5)).toEqual([]);
  });
});

describe("files", () => {
  test("the sequence goes on after a restart, and older lines are still read", async () => {
    const first = open();
    for (let number = 1; number <= 50; number += 1) say(first, number % 2 === 0 ? "api" : "web", `${number}`);
    await first.close();
    const second = open();
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
    const first = open();
    say(first, "web", "whole");
    await first.close();
    appendFileSync(path("web"), "\u001e2 1 stdout 1 0 3\u001fwhole too\nto");
    const second = open();
    say(second, "web", "next");
    await second.close();
    const lines = readFileSync(path("web"), "utf8").split("\n");
    expect(lines).toHaveLength(5);
    expect((await open().read(all)).lines.map(({ text }) => text)).toEqual(["whole", "whole too", "next"]);
    expect((await open().read(all)).lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("rotation under load loses no line and tears none", { timeout: 60_000 }, async () => {
    const book = open({ ringLines: 10, fileBytes: 20_000, files: 100 });
    for (let number = 1; number <= 15_000; number += 1) {
      say(book, "web", `${number} ${"x".repeat(60)}`);
      if (number % 500 > 0) continue;
      expect((await book.read({ after: number - 30, from: "start", limit: 40 })).lines).toHaveLength(30);
    }
    await book.flush();
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(60);
    const found: number[] = [];
    for (const name of files) {
      const [header, ...records] = readFileSync(join(folder, name), "utf8").split("\n");
      expect(header).toBe('{"version":2,"source":"web"}');
      expect(records.pop()).toBe("");
      // oxlint-disable-next-line no-control-regex
      for (const text of records) found.push(Number(/^(?:\u001e[^\u001f]*\u001f)?(\d+) x{60}$/.exec(text)?.[1]));
    }
    expect(found.sort((a, b) => a - b)).toEqual(range(1, 15_000));
  });

  test("after 1000 rotations the newest lines are there without a gap", { timeout: 60_000 }, async () => {
    const book = open({ ringLines: 10, fileBytes: 1_000, files: 3 });
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
    const book = open({ fileBytes: 20_000, files: 3 });
    for (let number = 1; number <= 5_000; number += 1) say(book, "web", "x".repeat(100));
    await book.flush();
    expect(readdirSync(folder)).toHaveLength(3);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(20_000);
    expect(statSync(path("web")).mode & 0o777).toBe(0o600);
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
    const book = open();
    for (const name of names) say(book, name, `of ${name}`);
    await book.flush();
    expect(readdirSync(folder)).toHaveLength(names.length);
    expect(readdirSync(top)).toEqual(["logs"]);
    const again = open();
    expect(again.sources().sort()).toEqual([...names].sort());
    for (const name of names)
      expect((await again.read({ ...all, sources: [name] })).lines.map(({ text }) => text)).toHaveLength(1);
  });

  test("no text ends its record", async () => {
    const hostile = ['"]\n[99,1,"stdout",1,0,"forged"]', "\r\n", '\\"', "\u2028", "{", '[1,1,"stdout",1,0,"x"]'];
    const first = open();
    for (const text of hostile) say(first, "web", text);
    const expected = (await first.read(all)).lines;
    await first.close();
    expect(expected).toHaveLength(hostile.length);
    expect((await open().read(all)).lines).toEqual(expected);
  });

  test("secrets reach neither ring nor file nor follower", async () => {
    const book = open();
    const heard: string[] = [];
    book.follow({ after: 0, limit: 0 }, ({ text }) => heard.push(text));
    book.addSecret("s3cret-canary");
    say(book, "web", "token=s3cret-canary");
    book.append("web", { stream: "stdout", text: "long s3cret-c", generation: 1, cut: true });
    book.append("web", { stream: "stderr", text: "anary of another stream", generation: 1, cut: false });
    book.append("web", { stream: "stdout", text: "anary end", generation: 1, cut: false });
    await book.flush();
    expect(heard).toEqual(["token=•••", "long •••", "anary of another stream", "••• end"]);
    expect(readFileSync(path("web"), "utf8")).not.toContain("s3cret");
    expect(book.tail("web", 1)[0]?.text).toBe("••• end");
  });
});

describe("trouble", () => {
  test("a log that is a link, or lies in a folder that is one, is not written", async () => {
    const victim = join(top, "victim");
    writeFileSync(victim, "untouched\n");
    mkdirSync(folder);
    symlinkSync(victim, path("web"));
    const book = open();
    say(book, "web", "x");
    await book.flush();
    expect(readFileSync(victim, "utf8")).toBe("untouched\n");
    expect(troubles).toHaveLength(1);
    expect(book.tail("web", 1)).toHaveLength(1);

    const elsewhere = join(top, "elsewhere");
    mkdirSync(elsewhere);
    await book.close();
    rmSync(folder, { recursive: true });
    symlinkSync(elsewhere, folder);
    const second = open();
    say(second, "web", "x");
    await second.flush();
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(troubles).toHaveLength(2);
  });

  test("a pipe in the place of a log holds nothing up", async () => {
    mkdirSync(folder);
    execFileSync("mkfifo", [path("web")]);
    const book = open();
    say(book, "web", "x");
    await book.flush();
    expect((await book.read(all)).lines).toHaveLength(1);
    expect(troubles).toHaveLength(1);
  });

  test("while the disk fails the ring goes on, one notice is given, and later the files tell what is missing", async () => {
    const { clock, pass } = handClock();
    writeFileSync(folder, "a file where the folder should be");
    const book = open({ ringLines: 5 }, clock);
    const big = "x".repeat(50_000);
    for (let number = 1; number <= 200; number += 1) say(book, "web", `${number} ${big}`);
    await book.flush();
    await book.flush();
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatch(/log of web cannot be written/);
    expect((await book.read({ ...all, from: "end", limit: 5 })).lines).toHaveLength(5);

    rmSync(folder);
    pass(10_000);
    say(book, "web", "the disk is back");
    await book.flush();
    const { lines } = await open().read(all);
    expect(lines.at(-1)?.text).toBe("the disk is back");
    const missing = Number(/^(\d+) lines are missing/.exec(lines[0]?.text ?? "")?.[1]);
    // The note stands for the lines up to its own number; after it the sequence is whole.
    expect(lines[0]).toMatchObject({ seq: missing, stream: "note" });
    expect(seqs(lines.slice(1))).toEqual(range(missing + 1, 201));
    expect(missing).toBeGreaterThan(100);
  });

  test("lines that the disk cannot take in time are counted, and memory stays within its bound", async () => {
    const book = open({ ringLines: 5, waitingBytes: 1_000_000, fileBytes: 100_000_000 });
    for (let number = 1; number <= 5_000; number += 1) say(book, "web", `${number} ${"x".repeat(1_000)}`);
    await book.flush();
    const { lines } = await book.read(all);
    const notes = lines.filter(({ stream }) => stream === "note");
    expect(notes.length).toBeGreaterThan(0);
    const missing = notes.reduce((sum, { text }) => sum + Number.parseInt(text, 10), 0);
    expect(missing + lines.length - notes.length).toBe(5_000);
    expect(seqs(lines)).toEqual(seqs(lines).sort((a, b) => a - b));
    expect(troubles).toEqual([]);
  });

  test("a folder deleted under it is made again", async () => {
    const book = open();
    say(book, "web", "before");
    await book.flush();
    rmSync(folder, { recursive: true });
    say(book, "web", "after");
    await book.flush();
    expect(readFileSync(path("web"), "utf8")).toContain("after");
    expect(troubles).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that may not be written is told once", async () => {
    mkdirSync(folder, { mode: 0o500 });
    const book = open();
    say(book, "web", "x");
    await book.flush();
    expect(troubles).toHaveLength(1);
    chmodSync(folder, 0o700);
  });

  test("what is appended after the end is ignored", async () => {
    const book = open();
    say(book, "web", "x");
    await book.close();
    say(book, "web", "y");
    expect(book.tail("web", 5)).toHaveLength(1);
    await book.close();
  });
});

test("a store has one book for a workspace and takes no path for one", async () => {
  const store = createLogStore({ home: top, clock: systemClock, logger: silentLogger, onTrouble: () => undefined });
  const id = "wsp_0123456789abcdef";
  expect(store.book(id)).toBe(store.book(id));
  expect(() => store.book("../x")).toThrow();
  say(store.book(id), "web", "x");
  await store.close();
  expect(existsSync(join(top, "logs", id))).toBe(true);
});
