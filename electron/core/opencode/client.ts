/**
 * The HTTP side of one OpenCode server: password, deadline, size cap, content type, and errors as ours. What is asked of
 * which path is the business of the protocol's generation (protocol/).
 */
import { Agent, fetch, type Response } from "undici";
import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import { formatDuration, withDeadline } from "../lib/deadline.ts";
import { AppError, errorText, isAbort, systemCode } from "../lib/error.ts";

/** OpenCode's default user name; given explicitly, so that a variable of the user's does not change it. */
export const SERVER_USERNAME = "opencode";

/** For what a running server answers at once (measured: below 50 ms idle, 100 ms busy). */
export const QUICK_MS = 10_000;
/**
 * For what may load the workspace's configuration, plugins and providers first. Measured: 1.5 s, and up to 70 s where
 * OpenCode waits for its own npm install without a network.
 */
export const LOADING_MS = 90_000;
/** A session of 200 messages is 400 kB; a list of every model some MB. Beyond the cap the answer is refused. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;
/** For what is a line or two: health, and the reason of a refusal. */
export const SMALL_ANSWER_BYTES = 1024 * 1024;
/** What is kept of an answer's text in an error. */
const EXCERPT_LENGTH = 300;

export interface ClientOptions {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly password: string;
  /** The workspace's folder; goes along as `?directory=` with every call. */
  readonly directory: string;
  readonly clock: Clock;
}

export interface Call<Answer> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Begins with a slash; parts that come from elsewhere are encoded by `route`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Null where the answer's body does not matter (or is empty). */
  readonly answer: z.ZodType<Answer> | null;
  readonly deadlineMs?: number;
  /** Of the answer, unpacked; more is refused. Default 64 MB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export class OpencodeClient {
  readonly url: string;
  readonly directory: string;
  readonly #authorization: string;
  readonly #clock: Clock;
  /** Its own connections. The one that all of Node shares remembers every address it ever spoke to. */
  readonly #connections = new Agent();
  /** Whatever waits for an answer. */
  readonly #asking = new Set<AbortController>();

  constructor(options: ClientOptions) {
    this.url = options.url;
    this.directory = options.directory;
    this.#authorization = `Basic ${Buffer.from(`${SERVER_USERNAME}:${options.password}`).toString("base64")}`;
    this.#clock = options.clock;
  }

  /**
   * Asks and answers. Rejects with `opencode_unreachable`, `opencode_auth`, `session_missing`, `not_found`,
   * `opencode_config`, `opencode_error`, or an AbortError.
   */
  async call<Answer>(call: Call<Answer>): Promise<Answer> {
    const what = `${call.method} ${call.path}`;
    const deadlineMs = call.deadlineMs ?? QUICK_MS;
    const controller = new AbortController();
    const give = () => controller.abort();
    if (call.signal?.aborted) give();
    call.signal?.addEventListener("abort", give, { once: true });
    this.#asking.add(controller);
    try {
      return await withDeadline(this.#clock, deadlineMs, what, controller.signal, async (signal) => {
        const response = await this.#fetch(call, signal);
        const text = await readText(response, what, call.maxBytes ?? ANSWER_MAX_BYTES);
        if (!response.ok) throw refusal(what, response.status, text);
        if (call.answer === null) return undefined as Answer;
        return parseAnswer(what, response, text, call.answer);
      });
    } catch (error) {
      if (isAbort(error) && !call.signal?.aborted) {
        throw new AppError("opencode_unreachable", `${what}: the server at ${this.url} has ended.`, { cause: error });
      }
      throw translateError(error, what, this.url, deadlineMs);
    } finally {
      this.#asking.delete(controller);
      call.signal?.removeEventListener("abort", give);
    }
  }

  /**
   * The server is gone, or is let go of: nobody waits for its answers any more, and no connection is left. Not every answer
   * ends with its connection: one that is being unpacked when that breaks would be waited for until its deadline.
   */
  end(): void {
    for (const controller of this.#asking) controller.abort();
    void this.#connections.destroy();
  }

  /** The open answer of an event stream; the caller reads it and gives it up by the signal. Rejects like `call`. */
  async stream(path: string, deadlineMs: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const what = `GET ${path}`;
    const controller = new AbortController();
    const give = () => controller.abort();
    signal.addEventListener("abort", give, { once: true });
    try {
      // The deadline is for the headers alone; afterwards only `signal` ends it.
      const response = await withDeadline(this.#clock, deadlineMs, what, signal, async (waiting) => {
        waiting.addEventListener("abort", give, { once: true });
        const opened = await this.#fetch({ method: "GET", path, answer: null }, controller.signal);
        waiting.removeEventListener("abort", give);
        return opened;
      });
      if (!response.ok) throw refusal(what, response.status, await readText(response, what, SMALL_ANSWER_BYTES));
      const type = response.headers.get("content-type") ?? "";
      if (response.body === null || !type.startsWith("text/event-stream")) {
        controller.abort();
        throw new AppError("opencode_error", `${what}: expected an event stream, got ${type || "nothing"}.`);
      }
      return response.body;
    } catch (error) {
      signal.removeEventListener("abort", give);
      throw translateError(error, what, this.url, deadlineMs);
    }
  }

  /** Whether a request without the password is refused. Anything but a clear 401 counts as open. */
  async refusesStrangers(signal: AbortSignal): Promise<boolean> {
    const path = "/global/health";
    const what = `GET ${path} without the password`;
    try {
      return await withDeadline(this.#clock, QUICK_MS, what, signal, async (waiting) => {
        const response = await fetch(`${this.url}${path}`, {
          dispatcher: this.#connections,
          redirect: "manual",
          signal: waiting,
        });
        await response.body?.cancel();
        return response.status === 401;
      });
    } catch (error) {
      throw translateError(error, what, this.url, QUICK_MS);
    }
  }

  #fetch(call: Omit<Call<unknown>, "signal" | "deadlineMs">, signal: AbortSignal): Promise<Response> {
    const query = new URLSearchParams({ ...call.query, directory: this.directory });
    return fetch(`${this.url}${call.path}?${query.toString()}`, {
      dispatcher: this.#connections,
      method: call.method,
      signal,
      // A redirect would carry the password elsewhere; OpenCode sends none.
      redirect: "manual",
      headers: {
        authorization: this.#authorization,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  }
}

/** A path with encoded parts: route`/session/${id}/message`. */
export function route(texts: TemplateStringsArray, ...parts: readonly string[]): string {
  return texts
    .map((text, index) => text + (index < parts.length ? encodeURIComponent(parts[index] ?? "") : ""))
    .join("");
}

/** Whether the error says that the server does not know the path: 404, or 200 with OpenCode's web page. */
export function isUnknownRoute(error: unknown): boolean {
  return error instanceof AppError && (error.details["status"] === 404 || error.details["unknownRoute"] === true);
}

async function readText(response: Response, what: string, maxBytes: number): Promise<string> {
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

function parseAnswer<Answer>(what: string, response: Response, text: string, schema: z.ZodType<Answer>): Answer {
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

function refusal(what: string, status: number, text: string): AppError {
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

function translateError(error: unknown, what: string, url: string, deadlineMs: number): unknown {
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
