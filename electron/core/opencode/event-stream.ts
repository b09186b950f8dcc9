/**
 * One event stream of one server, kept open for as long as the server runs. It carries the events of every folder. There is
 * no replay: whatever happens between two connections is lost, so each connection is announced and the listener reads
 * everything anew.
 */
import { abortError, sleep, type Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OpencodeClient } from "./client.ts";
import type { EventPosition } from "./event-positions.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { repeatedFrames } from "./repeated-frames.ts";
import { watchSilence } from "./silence.ts";
import { SseReader } from "./sse-reader.ts";

/** OpenCode 1 sends a heartbeat every 10 s (measured: 10,001 to 10,012 ms); two missing ones and a half are a dead stream. */
export const SILENCE_MS = 25_000;
/** Measured: headers come within 50 ms of health. */
const CONNECT_MS = 10_000;
/** Between a loss and the first try to connect again; `reconnectBaseMs` of the settings replaces it. */
export const RECONNECT_BASE_MS = 1_000;
/** The wait doubles with each try that fails, up to that many times the base. */
const LONGEST_WAIT = 10;
/** Each wait is drawn from ±20 %, so that many servers do not come back at once. */
const JITTER = 0.2;

/** An event as it came, its envelope opened. */
export interface WireEvent {
  /** The folder it belongs to; null for the server's own events. */
  readonly directory: string | null;
  readonly type: string;
  readonly properties: unknown;
  /** Where it stands among its session's durable events, if it says so. */
  readonly position: EventPosition | null;
}

export interface EventStreamOptions {
  readonly client: OpencodeClient;
  readonly protocol: Pick<Protocol, "eventsPath" | "readEvent">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
  /** Default RECONNECT_BASE_MS. */
  readonly reconnectBaseMs?: number;
  /** Default SILENCE_MS. */
  readonly silenceMs?: number;
  readonly onEvent: (event: WireEvent) => void;
  /** The first bytes of a connection are here: read everything anew. */
  readonly onConnected: () => void;
  /** The connection is gone; another is being tried. */
  readonly onDisconnected: (reason: string) => void;
  /** Bytes came, whatever they mean: also heartbeats in comments, which are no events. Called for each chunk. */
  readonly onActivity?: (bytes: number) => void;
  /** A try to connect did not succeed; another follows. `opencode_auth`: the password is refused. */
  readonly onRefused?: (error: AppError) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Why one connection is over. */
interface Ended {
  readonly connected: boolean;
  readonly error: AppError;
}

/** Runs until the signal aborts; then it rejects with an AbortError. It never rejects otherwise: it reconnects. */
export async function runEventStream(options: EventStreamOptions): Promise<never> {
  const base = options.reconnectBaseMs ?? RECONNECT_BASE_MS;
  let failures = 0;
  while (true) {
    if (options.signal.aborted) throw abortError();
    const { connected, error } = await readOnce(options);
    if (options.signal.aborted) throw abortError();
    failures = connected ? 1 : failures + 1;
    if (connected) options.onDisconnected(error.message);
    else options.onRefused?.(error);
    options.logger.debug("event stream lost", { reason: error.message, failures });
    const wait = Math.min(LONGEST_WAIT, 2 ** (failures - 1)) * base;
    await sleep(options.clock, wait * (1 - JITTER + 2 * JITTER * options.random()), options.signal);
  }
}

/** One connection, from request to end. */
async function readOnce(options: EventStreamOptions): Promise<Ended> {
  const { clock, silenceMs = SILENCE_MS } = options;
  // Of this connection alone, so that nothing of it stays on the long-lived signal.
  const controller = new AbortController();
  const end = () => controller.abort();
  options.signal.addEventListener("abort", end, { once: true });
  let connected = false;
  let silent = false;
  let endSilence: () => void = () => undefined;
  const readEvent = repeatedFrames(options.protocol.readEvent);
  const sse = new SseReader({
    onData: (data) => {
      const event = readEvent(data);
      if (event === null) return;
      if (!connected) {
        connected = true;
        options.onConnected();
      }
      options.onEvent(event);
    },
    onSkipped: () => options.logger.warn("an event of OpenCode was too large and was skipped"),
  });
  const ended = (error: AppError): Ended => ({ connected, error });
  try {
    const body = await options.client.stream(options.protocol.eventsPath, CONNECT_MS, controller.signal);
    const silence = watchSilence(clock, silenceMs, () => {
      silent = true;
      controller.abort();
    });
    endSilence = silence.end;
    const reader = body.getReader();
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done) return ended(lost("the server ended the stream"));
        silence.heard();
        options.onActivity?.(value.byteLength);
        sse.feed(value);
      }
    } finally {
      // The stream is given up either way; that cancelling an aborted one rejects is of no interest.
      await reader.cancel().catch(() => undefined);
    }
  } catch (error) {
    if (silent) return ended(lost(`no bytes for ${silenceMs / 1_000} s`));
    return ended(error instanceof AppError ? error : lost(errorText(error), error));
  } finally {
    endSilence();
    controller.abort();
    options.signal.removeEventListener("abort", end);
  }
}

function lost(message: string, cause?: unknown): AppError {
  return new AppError("opencode_unreachable", message, { cause });
}
