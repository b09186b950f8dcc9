import type { LogBook } from "../log/types.ts";
import type { TextLogs } from "../log/text-log.ts";
import { LOG_SOURCE } from "./run-failures.ts";

/**
 * Copies what a server writes, and our notes about it, from its log book to the file the settings name. The book has
 * replaced secrets already.
 *
 * @param label Tells servers apart that share the file.
 * @returns The end of it. @throws AppError `opencode_log_file`.
 */
export async function copyLog(
  logs: Pick<TextLogs, "open">,
  path: string,
  label: string,
  book: Pick<LogBook, "follow">,
): Promise<() => Promise<void>> {
  const file = await logs.open(path, label);
  const stop = book.follow({ sources: [LOG_SOURCE], after: Number.MAX_SAFE_INTEGER, limit: 1 }, (line) =>
    file.append(line),
  );
  return async () => {
    stop();
    await file.close();
  };
}
