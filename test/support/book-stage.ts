/** Books of a test in a folder of their own, closed and removed with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { LogLine } from "#shared/schema/log.ts";
import { type Clock, systemClock } from "../../electron/core/lib/clock.ts";
import type { Intake } from "../../electron/core/lib/intake.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { type BookLimits, createLogBook } from "../../electron/core/log/book.ts";
import { stemOf } from "../../electron/core/log/log-file.ts";
import type { LogBook } from "../../electron/core/log/types.ts";

export interface BookStage {
  /** What the test may write to. */
  readonly top: string;
  /** Of the logs; below `top`, and not made yet. */
  readonly folder: string;
  /** What the books could not do. */
  readonly troubles: readonly string[];
  open(limits?: Partial<BookLimits>, clock?: Clock): LogBook;
  /** The file of a source, or one of its older ones. */
  path(source: string, age?: number): string;
}

/** To be called once at the top of a test file. */
export function bookStage(): BookStage {
  let top = "";
  let books: LogBook[] = [];
  let troubles: string[] = [];
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "deckhand-book-"));
    books = [];
    troubles = [];
  });
  afterEach(async () => {
    await Promise.all(books.map((book) => book.close()));
    rmSync(top, { recursive: true, force: true });
  });
  return {
    get top() {
      return top;
    },
    get folder() {
      return join(top, "logs");
    },
    get troubles() {
      return troubles;
    },
    open(limits = {}, clock = systemClock) {
      const onTrouble = ({ message }: { message: string }) => troubles.push(message);
      const book = createLogBook({ folder: join(top, "logs"), clock, logger: silentLogger, onTrouble, limits });
      books.push(book);
      return book;
    },
    path: (source, age = 0) => join(top, "logs", `${stemOf(source)}${age === 0 ? "" : `.${age}`}.log`),
  };
}

export function say(book: LogBook, source: string, text: string): Intake {
  return book.append(source, { stream: "stdout", text, generation: 1, cut: false });
}

export const seqs = (lines: readonly LogLine[]): number[] => lines.map(({ seq }) => seq);
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
export const all = { after: 0, from: "start", limit: 1_000_000 } as const;
