import type { SessionId } from "#shared/schema/id.ts";
import { AppError } from "../lib/error.ts";

/** The error for a session that is not there, or not ours. */
export function missingSession(id: SessionId): AppError {
  return new AppError("session_missing", `There is no session ${id} (any more).`);
}

/** The error for an answer that cannot be used. @param what The call, as `POST /session`. */
export function strangeAnswer(what: string): AppError {
  return new AppError("opencode_error", `${what}: the answer has an unexpected shape.`, {
    next: "This version of OpenCode may be too new or too old; use the bundled one.",
  });
}
