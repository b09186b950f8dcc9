/**
 * The HTTP side of one OpenCode server: password, deadline, size cap, content type, and errors as ours. What is asked of
 * which path is the business of the protocol's generation (protocol/).
 */
import { Agent, fetch, type Response } from "undici";
import type { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { AppError, isAbort } from "../lib/error.ts";
import { parseAnswer, readText, refusal, translateError } from "./answer.ts";

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
