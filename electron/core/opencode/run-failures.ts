/** What is said when a run does not become ready, or ends by itself. */
import type { Exit } from "#shared/schema/service.ts";
import { formatDuration } from "../lib/deadline.ts";
import { AppError } from "../lib/error.ts";
import type { LogBook } from "../log/types.ts";
import type { FoundBinary } from "./binary.ts";
import type { ReadyLine } from "./ready-line.ts";

/** The source of the server's lines in the log of the workspace. */
export const LOG_SOURCE = "opencode";
/** Measured: 1 to 2 s, 4.7 s with four at once on a fresh disk. The rest is room for a slow machine. */
export const READY_MS = 30_000;
/** Lines of its own that a failure shows. */
const TAIL_LINES = 20;

/** The run a failure is about. */
export interface FailedRun {
  readonly book: LogBook;
  readonly binary: FoundBinary;
  readonly generation: number;
}

/** How far it came, for the error when it does not come further. */
export type Progress = { last: { readonly url: string; readonly error: AppError | null } | null };

/** The address that a ready line names. Throws where it is none that may be used. */
export function readyUrl(options: FailedRun, line: ReadyLine): string {
  switch (line.kind) {
    case "listening":
      return line.url;
    case "unsafe":
      throw new AppError(
        "opencode_unsafe",
        `${options.binary.path} listens on ${line.host}, where other machines can reach it.`,
        {
          next: "Remove server.hostname and server.mdns from OpenCode's configuration, then start it again.",
          details: { host: line.host },
        },
      );
    case "invalid":
      throw new AppError(
        "opencode_no_port",
        `${options.binary.path} says it listens on ${line.address}, which cannot be.`,
        {
          next: "Use the bundled OpenCode: leave its path in the settings empty.",
          details: { address: line.address },
        },
      );
  }
}

/** Its process ended. @param what `ended by itself`. */
export function exitError(options: FailedRun, exit: Exit, what: string): AppError {
  const how = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
  const { lines, errors } = lastLines(options);
  const said = errors.findLast((line) => line.trim() !== "");
  return new AppError("opencode_exited", `OpenCode ${what} (${how})${said === undefined ? "." : `: ${said.trim()}`}`, {
    next:
      exit.signal === "SIGKILL"
        ? "If nobody ended it, the machine may be out of memory."
        : "Its log says more; then start it again.",
    details: { ...exit, lines, binary: options.binary.path },
  });
}

/** It was not ready within its deadline. */
export function lateError(options: FailedRun, progress: Progress): AppError {
  const details = { lines: lastLines(options).lines, binary: options.binary.path };
  const next = "Look at its log; try again, or use the bundled OpenCode.";
  if (progress.last === null) {
    const message = `${options.binary.path} serve did not say within ${formatDuration(READY_MS)} on which port it listens.`;
    return new AppError("opencode_no_port", message, { next, details });
  }
  const { url, error } = progress.last;
  const message = `OpenCode said it listens on ${url}, but was not ready within ${formatDuration(READY_MS)}`;
  return new AppError("opencode_unreachable", error === null ? `${message}.` : `${message}: ${error.message}`, {
    next,
    details,
  });
}

/** What it said last: `errors` on stderr, `lines` the same or, without any, its stdout. The log has replaced secrets. */
function lastLines(options: FailedRun): { lines: string[]; errors: string[] } {
  const ours = options.book.tail(LOG_SOURCE, 4 * TAIL_LINES).filter((line) => line.generation === options.generation);
  const of = (stream: string) =>
    ours
      .filter((line) => line.stream === stream)
      .slice(-TAIL_LINES)
      // eslint-disable-next-line no-control-regex -- SGR colours begin with ESC
      .map((line) => line.text.replaceAll(/\u001b\[[0-9;]*m/g, ""));
  const errors = of("stderr");
  return { errors, lines: errors.length > 0 ? errors : of("stdout") };
}
