/** What is made of an answer of an OpenCode server: its text within a bound, its value, or an error of ours that says why not. */
import type { Response } from "undici";
import { z } from "zod";
import { formatDuration } from "../lib/deadline.ts";
import { AppError, errorText, isAbort, systemCode } from "../lib/error.ts";

/** What is kept of an answer's text in an error. */
const EXCERPT_LENGTH = 300;

/** The body. @throws AppError `opencode_error` where it is larger than `maxBytes`; the rest is not read. */
export async function readText(response: Response, what: string, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body, so a flood is not read to its end.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new AppError("opencode_error", `${what}: the answer is larger than ${maxBytes / 1024 / 1024} MB.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The value of a body that was read. @throws AppError `opencode_error` where it is not what was asked for. */
export function parseAnswer<Answer>(what: string, response: Response, text: string, schema: z.ZodType<Answer>): Answer {
  const type = response.headers.get("content-type") ?? "";
  // An unknown path is answered with 200 and OpenCode's web page.
  if (!type.startsWith("application/json")) {
    throw new AppError("opencode_error", `${what}: expected JSON, got ${type || "no content type"}.`, {
      next: "This version of OpenCode may not know the call; use the bundled one.",
      details: { unknownRoute: true },
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError("opencode_error", `${what}: the answer is not valid JSON.`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(
    "opencode_error",
    `${what}: the answer has an unexpected shape (${z.prettifyError(parsed.error)}).`,
    {
      next: "This version of OpenCode may be too new or too old; use the bundled one.",
    },
  );
}

/** OpenCode has two styles of error: `{name, data: {message, …}}` and `{_tag, message}`. */
const refusalSchema = z.object({
  name: z.string().optional(),
  _tag: z.string().optional(),
  message: z.string().optional(),
  data: z.looseObject({ message: z.string().optional(), path: z.string().optional() }).optional(),
});

/** The error that an answer with a status other than 200 to 299 stands for. */
export function refusal(what: string, status: number, text: string): AppError {
  const parsed = refusalSchema.safeParse(parseJson(text));
  const name = parsed.data?.name ?? parsed.data?._tag ?? null;
  const message = parsed.data?.data?.message ?? parsed.data?.message ?? text.trim().slice(0, EXCERPT_LENGTH);
  const details = { status, ...(name === null ? {} : { name }), ...parsed.data?.data };
  if (status === 401 || status === 403) {
    return new AppError("opencode_auth", `${what}: the server refused our password (${status}).`, {
      next: "Restart the server.",
      details,
    });
  }
  if (status === 404 && (name === "PermissionNotFoundError" || name === "QuestionNotFoundError")) {
    return new AppError("not_found", `${what}: it is no longer waiting for an answer.`, { details });
  }
  if (status === 404)
    return new AppError("session_missing", `${what}: ${message || "there is no such session"}.`, { details });
  if (status === 400 && name !== null && name.startsWith("Config")) {
    const file = parsed.data?.data?.path;
    return new AppError(
      "opencode_config",
      `OpenCode cannot read its configuration${file === undefined ? "" : ` ${file}`}: ${message}`,
      {
        next: "Correct the file, then restart the server.",
        details,
      },
    );
  }
  return new AppError("opencode_error", `${what}: ${message || "no reason given"} (${status}).`, { details });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An error page or nothing at all: its text is shown instead.
    return null;
  }
}

/** A failure to get an answer, as ours; an abort and errors of ours stay what they are. */
export function translateError(error: unknown, what: string, url: string, deadlineMs: number): unknown {
  if (isAbort(error)) return error;
  const next = "If it stays like this, restart the server.";
  if (error instanceof AppError) {
    if (error.code !== "timeout") return error;
    return new AppError(
      "opencode_unreachable",
      `${what}: no answer from ${url} within ${formatDuration(deadlineMs)}.`,
      { next },
    );
  }
  // fetch wraps the system's error: `fetch failed`, cause ECONNREFUSED.
  const cause = error instanceof Error ? error.cause : undefined;
  const reason = systemCode(cause) ?? errorText(cause ?? error);
  return new AppError("opencode_unreachable", `${what}: ${url} does not answer (${reason}).`, { next, cause: error });
}
