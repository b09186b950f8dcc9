/** What is said when a run does not become ready, or ends by itself. */
import type { Failure, FailureCode } from "#shared/failure.ts";
import type { Exit } from "#shared/schema/service.ts";
import { formatDuration } from "../lib/deadline.ts";
import { AppError } from "../lib/error.ts";
import type { LogBook } from "../log/types.ts";
import type { StopReport } from "../process/owned.ts";
import type { FoundBinary } from "./binary.ts";
import type { ReadyLine } from "./ready-line.ts";

/** The source of the server's lines in the log of the workspace. */
export const LOG_SOURCE = "opencode";
/** Lines of its own that a failure shows, of each stream. */
const TAIL_LINES = 20;

/** The run a failure is about. */
export interface FailedRun {
  readonly book: LogBook;
  readonly binary: Pick<FoundBinary, "path">;
  readonly generation: number;
}

/** How far it came, for the error when it does not come further. */
export type Progress = {
  /** The address it named last; null: none. */
  url: string | null;
  /** It answered as it should; only its events are missing. */
  answered: boolean;
  /** Why the last try to reach it failed. */
  error: AppError | null;
};

/** The address that a ready line names. Throws where it is none that may be used. */
export function readyUrl(options: FailedRun, line: ReadyLine): string {
  switch (line.kind) {
    case "listening":
      return line.url;
    case "unsafe":
      throw exposedError(options, line.host);
    case "invalid":
      throw new AppError(
        "opencode_no_port",
        `${options.binary.path} says it listens on ${line.address}, which cannot be.`,
        {
          next: "Use the bundled OpenCode: leave its path in the settings empty.",
          details: { address: line.address, ...lastLines(options) },
        },
      );
  }
}

/** Other machines can reach it. @param where The address it names. */
export function exposedError(options: FailedRun, where: string): AppError {
  return new AppError(
    "opencode_unsafe",
    `${options.binary.path} listens on ${where}, where other machines can reach it.`,
    {
      next: "Remove server.hostname and server.mdns from OpenCode's configuration, then start it again.",
      details: { host: where, ...lastLines(options) },
    },
  );
}

/** Its process ended. @param what `ended by itself`. */
export function exitError(options: FailedRun, exit: Exit, what: string): AppError {
  const how = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
  const last = lastLines(options);
  const said = last.stderr.findLast((line) => line.trim() !== "");
  return new AppError("opencode_exited", `OpenCode ${what} (${how})${said === undefined ? "." : `: ${said.trim()}`}`, {
    next:
      exit.signal === "SIGKILL"
        ? "If nobody ended it, the machine may be out of memory."
        : "Its log says more; then start it again.",
    details: { ...exit, ...last, binary: options.binary.path },
  });
}

/** It was not ready within its deadline. */
export function lateError(options: FailedRun, progress: Progress, deadlineMs: number): AppError {
  const within = `within ${formatDuration(deadlineMs)}`;
  const why = progress.error === null ? "." : `: ${progress.error.message}`;
  const fail = (code: FailureCode, message: string) =>
    new AppError(code, message, {
      next: "Look at its log; try again, give it more time in the settings, or use the bundled OpenCode.",
      details: { url: progress.url, ...lastLines(options), binary: options.binary.path },
    });
  if (progress.url === null) {
    return fail("opencode_no_port", `${options.binary.path} serve did not say ${within} on which port it listens.`);
  }
  if (progress.answered) {
    return fail("opencode_no_events", `OpenCode answers on ${progress.url}, but no event came ${within}${why}`);
  }
  return fail(
    "opencode_start_timeout",
    `OpenCode said it listens on ${progress.url}, but was not ready ${within}${why}`,
  );
}

/** What is shown when a stop could not end everything. */
export function survivorsFailure(report: StopReport): Failure {
  const names = report.survivors.map((survivor) => `${survivor.command} (pid ${survivor.pid})`).join(", ");
  return {
    code: "opencode_kill_timeout",
    message: `These processes of OpenCode could not be ended: ${names}.`,
    next: "End them yourself if they are in the way.",
    details: { survivors: report.survivors },
  };
}

/** The same failure with what the run said last. */
export function withLastLines(options: FailedRun, error: AppError): AppError {
  if ("stderr" in error.details) return error;
  return new AppError(error.code, error.message, {
    ...(error.next === null ? {} : { next: error.next }),
    details: { ...error.details, ...lastLines(options) },
    cause: error.cause,
  });
}

/** What it said last on each stream. The log has replaced secrets. */
function lastLines(options: FailedRun): { stdout: string[]; stderr: string[] } {
  const ours = options.book.tail(LOG_SOURCE, 8 * TAIL_LINES).filter((line) => line.generation === options.generation);
  const of = (stream: string) =>
    ours
      .filter((line) => line.stream === stream)
      .slice(-TAIL_LINES)
      // eslint-disable-next-line no-control-regex -- SGR colours begin with ESC
      .map((line) => line.text.replaceAll(/\u001b\[[0-9;]*m/g, ""));
  return { stdout: of("stdout"), stderr: of("stderr") };
}
