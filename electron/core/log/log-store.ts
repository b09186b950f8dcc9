import { join } from "node:path";
import type { Failure } from "#shared/failure.ts";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { type BookLimits, createLogBook } from "./book.ts";
import type { LogBook } from "./types.ts";

export interface LogStoreOptions {
  /** Books are kept in `<home>/logs/<workspace>/`. */
  readonly home: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onTrouble: (failure: Failure) => void;
  readonly limits?: Partial<BookLimits>;
}

/** One log book for each workspace, opened when it is first asked for. */
export interface LogStore {
  /** @throws ZodError when it is no id of a workspace: the id becomes the name of a folder. */
  book(workspace: string): LogBook;
  /** Writes out and closes every book. */
  close(): Promise<void>;
}

export function createLogStore(options: LogStoreOptions): LogStore {
  const books = new Map<string, LogBook>();
  return {
    book(workspace) {
      const known = books.get(workspace);
      if (known !== undefined) return known;
      const { clock, logger, onTrouble, limits } = options;
      const folder = join(options.home, "logs", workspaceIdSchema.parse(workspace));
      const book = createLogBook({ folder, clock, logger, onTrouble, ...(limits === undefined ? {} : { limits }) });
      books.set(workspace, book);
      return book;
    },
    async close() {
      await Promise.all([...books.values()].map((book) => book.close()));
      books.clear();
    },
  };
}
