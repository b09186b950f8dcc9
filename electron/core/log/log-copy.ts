import type { LogBook } from "./types.ts";
import type { TextLogs } from "./text-log.ts";

/**
 * Copies what a server or service writes, and our notes about it, from its log book to a file a person chose. The book has
 * replaced secrets already.
 *
 * @param source Its name in the book.
 * @param label Tells those apart that share the file; null: nobody shares it.
 * @returns The end of it. @throws AppError `opencode_log_file`.
 */
export async function copyLog(
  logs: Pick<TextLogs, "open">,
  path: string,
  label: string | null,
  book: Pick<LogBook, "follow">,
  source: string,
): Promise<() => Promise<void>> {
  const file = await logs.open(path, label);
  const stop = book.follow({ sources: [source], after: Number.MAX_SAFE_INTEGER, limit: 1 }, (line) =>
    file.append(line),
  );
  return async () => {
    stop();
    await file.close();
  };
}
