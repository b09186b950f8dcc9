import type { Failure, FailureCode } from "#shared/failure.ts";

/**
 * Trouble we expect. Thrown inside the core, turned into data once, where it leaves the host.
 *
 * `message` says what was tried, with what, and why it failed; `next` what a person can do about it.
 */
export class AppError extends Error {
  readonly code: FailureCode;
  readonly next: string | null;
  readonly details: Record<string, unknown>;

  constructor(
    code: FailureCode,
    message: string,
    options: { next?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.next = options.next ?? null;
    this.details = options.details ?? {};
  }
}

/** Any thrown value as the data the contract carries. What is not an AppError is a fault of ours: its text is kept, its stack is not. */
export function toFailure(error: unknown): Failure {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, next: error.next, details: error.details };
  }
  if (isAbort(error)) return { code: "cancelled", message: "It was cancelled.", next: null, details: {} };
  return { code: "internal", message: errorText(error), next: "See the log of the host for details.", details: {} };
}

/** A failure that came over the wire (or was stored) as an error again. */
export function fromFailure(failure: Failure): AppError {
  return new AppError(failure.code, failure.message, {
    ...(failure.next === null ? {} : { next: failure.next }),
    details: failure.details,
  });
}

/** The text of anything thrown; not everything thrown is an Error. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a Node system error (`ENOENT`, `EADDRINUSE`), or null. */
export function systemCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Whether it was thrown because a signal aborted. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Makes a switch over a union complete: the compiler refuses the call while a case is missing. */
export function assertNever(value: never, what: string): never {
  throw new Error(`${what}: unexpected ${JSON.stringify(value)}`);
}
