import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogLine } from "../../../../shared/schema/log.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { type BookLimits, createLogBook } from "../../../../electron/core/log/book.ts";
import type { LogBook } from "../../../../electron/core/log/types.ts";
import { eachLine, LineSplitter } from "../../../../electron/core/process/lines.ts";
import { until } from "../../../support/until.ts";

let top: string;
let books: LogBook[];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "deckhand-lines-"));
  books = [];
});
afterEach(async () => {
  await Promise.all(books.map((book) => book.close()));
  rmSync(top, { recursive: true, force: true });
});

let opened = 0;
function open(limits: Partial<BookLimits> = {}): LogBook {
  const folder = join(top, `book ${(opened += 1)}`);
  const clock = { ...systemClock, now: () => 1 };
  const book = createLogBook({ folder, clock, logger: silentLogger, onTrouble: () => undefined, limits });
  book.addSecret("hunter22-secret");
  books.push(book);
  return book;
}

const all = { after: 0, from: "start", limit: 100_000 } as const;
const facts = { stream: "stdout", generation: 1 } as const;

test(
  "lines handed on together are stored as if each had come alone, whatever is in them",
  { timeout: 60_000 },
  async () => {
    const part = fc.oneof(
      { weight: 8, arbitrary: fc.stringMatching(/^[ -~]{0,30}$/) },
      fc.constantFrom(
        "\n",
        "\n",
        "\r\n",
        "\u001b[31m",
        "\u001b[2J",
        "é漢",
        "hunter22-secret",
        "hunter2",
        "\r",
        "\t",
        "\u001e1 1 note 0 0 1\u001f",
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 60 }),
        fc.array(fc.nat(400), { maxLength: 5 }),
        async (parts, cuts) => {
          const bytes = Buffer.from(parts.join(""));
          // Small limits, so that blocks are split between files and leave the ring.
          const together = open({ ringLines: 7, fileBytes: 600, files: 200 });
          const alone = open();
          const followed: LogLine[] = [];
          together.follow({ after: 0, limit: 0 }, (line) => followed.push(line));
          const splitter = new LineSplitter((lines, cut) => {
            together.appendLines("web", { ...facts, bytes: lines, cut });
            eachLine(lines, cut, (text, isCut) => alone.append("web", { ...facts, text, cut: isCut }));
          }, 90);
          let from = 0;
          for (const end of [...cuts, bytes.length].sort((a, b) => a - b)) {
            splitter.write(bytes.subarray(from, end));
            from = Math.min(end, bytes.length);
          }
          splitter.end();
          const { lines } = await alone.read(all);
          expect(followed).toEqual(lines);
          expect((await together.read(all)).lines).toEqual(lines);
          expect((await together.read({ ...all, from: "end" })).lines).toEqual(lines);
          expect(together.tail("web", 5)).toEqual(lines.slice(-5));
          await Promise.all([together.close(), alone.close()]);
        },
      ),
      { numRuns: 200, examples: [[["a\r", "\r\n", "\r\r\rb\r\n"], []]] },
    );
  },
);

test("a book that is closed takes nothing, and nothing is no line", async () => {
  const book = open();
  book.appendLines("web", { ...facts, bytes: Buffer.alloc(0), cut: false });
  await book.close();
  book.appendLines("web", { ...facts, bytes: Buffer.from("late\n"), cut: false });
  expect(book.tail("web", 5)).toEqual([]);
});

test("all sources together keep within the total: the one with the most gives its oldest file", async () => {
  const book = open({ fileBytes: 10_000, files: 5, totalBytes: 40_000 });
  book.append("small", { ...facts, text: "stays", cut: false });
  const lines = Buffer.from(`${"x".repeat(99)}\n`.repeat(10));
  for (let number = 0; number < 100; number += 1) {
    for (const source of ["large", "larger"]) {
      book.appendLines(source, { ...facts, bytes: lines, cut: false });
      if (source === "larger") book.appendLines(source, { ...facts, bytes: lines, cut: false });
    }
    await book.flush();
  }
  const folder = join(top, readdirSync(top)[0] ?? "");
  const bytes = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  // A file more than the total may be there between a rotation and the removal that follows it.
  await until("the total to be kept", 5_000, () => bytes() <= 50_000);
  expect((await book.read({ ...all, sources: ["small"] })).lines.map(({ text }) => text)).toEqual(["stays"]);
  const { lines: newest } = await book.read({ ...all, from: "end", limit: 3 });
  expect(newest.map(({ seq }) => seq)).toEqual([2_999, 3_000, 3_001]);
});
