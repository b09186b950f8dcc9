import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { createLogBook } from "../../../../electron/core/log/book.ts";
import type { LogBook } from "../../../../electron/core/log/types.ts";

let folder: string;
let books: LogBook[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-book-"));
  books = [];
});
afterEach(async () => {
  await Promise.all(books.map((book) => book.close()));
  rmSync(folder, { recursive: true, force: true });
});

function open(limits = {}, troubles: string[] = []): LogBook {
  const book = createLogBook({
    folder,
    clock: systemClock,
    logger: silentLogger,
    onTrouble: ({ message }) => troubles.push(message),
    limits,
  });
  books.push(book);
  return book;
}

function say(book: LogBook, source: string, text: string): void {
  book.append(source, { stream: "stdout", text, generation: 1, cut: false });
}

test("200,000 lines in one burst are all read back in pages, in order and quickly", async () => {
  const book = open();
  for (let number = 1; number <= 200_000; number += 1) say(book, "web", `line ${number} ${"x".repeat(60)}`);
  let after = 0;
  let count = 0;
  for (;;) {
    const { lines, lastSeq } = await book.read({ after, from: "start", limit: 1_000 });
    for (const line of lines) {
      count += 1;
      expect(line.seq).toBe(count);
      if (!line.text.startsWith(`line ${count} `)) throw new Error(`line ${count} reads ${line.text}`);
    }
    after = lines.at(-1)?.seq ?? after;
    if (after === lastSeq) break;
  }
  expect(count).toBe(200_000);
});
