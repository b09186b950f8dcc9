/** What is wrong with the folder's OpenCode configuration, with file, line and column. */
import type { Failure } from "#shared/failure.ts";
import { AppError, toFailure } from "../lib/error.ts";

/**
 * Reads it out of OpenCode's refusal (`ConfigJsonError`, `ConfigInvalidError`, …). Measured with 1.18: the message holds the
 * whole file, then lines like `InvalidSymbol at line 3, column 3`. The file's text is left out: it may hold keys.
 *
 * @returns Null where the error is about something else.
 */
export function configProblem(error: unknown): Failure | null {
  if (!(error instanceof AppError) || error.code !== "opencode_config") return null;
  const failure = toFailure(error);
  const { path, message } = error.details;
  const file = typeof path === "string" ? path : null;
  const text = typeof message === "string" ? message : "";
  const found = /(\w+) at line (\d+), column (\d+)/.exec(text.slice(text.lastIndexOf("--- Errors ---")));
  if (found === null) return { ...failure, details: { file } };
  const [, problem, line, column] = found;
  return {
    ...failure,
    message: `OpenCode cannot read its configuration ${file ?? ""}, line ${line}, column ${column}: ${problem}.`,
    details: { file, line: Number(line), column: Number(column), problem },
  };
}
