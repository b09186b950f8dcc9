/**
 * One `/global/event` of one server, kept open for as long as the server runs. It carries the events of every folder and,
 * unlike `/event`, stays open when an instance is disposed. There is no replay: whatever happens between two connections is
 * lost, so each connection is announced and the listener reads everything anew.
 */
import { z } from "zod";
import { abortError, sleep, type Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OpencodeClient } from "./client.ts";
import { SseReader } from "./sse-reader.ts";

/** OpenCode sends a heartbeat every 10 s (measured: 10,001 to 10,012 ms); two missing ones and a half are a dead stream. */
export const SILENCE_MS = 25_000;
/** Measured: headers come within 50 ms of health. */
const CONNECT_MS = 10_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** An event as it came, its envelope opened. */
export interface WireEvent {
  /** The folder it belongs to; null for the server's own events. */
  readonly directory: string | null;
  readonly type: string;
  readonly properties: unknown;
}

export interface EventStreamOptions {
  readonly client: OpencodeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
  readonly onEvent: (event: WireEvent) => void;
  /** The first bytes of a connection are here: read everything anew. */
  readonly onConnected: () => void;
  /** The connection is gone; another is being tried. */
  readonly onDisconnected: (reason: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const envelopeSchema = z.object({
  directory: z.string().optional(),
  payload: z.object({ type: z.string(), properties: z.unknown().optional() }),
});

/** Runs until the signal aborts; then it rejects with an AbortError. It never rejects otherwise: it reconnects. */
export async function runEventStream(options: EventStreamOptions): Promise<never> {
  let failures = 0;
  while (true) {
    if (options.signal.aborted) throw abortError();
    let connected = false;
    const reason = await readOnce(options, () => {
      connected = true;
      options.onConnected();
    });
    if (options.signal.aborted) throw abortError();
    failures = connected ? 1 : failures + 1;
    if (connected) options.onDisconnected(reason);
    options.logger.debug("event stream lost", { reason, failures });
    const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.8 + 0.4 * options.random());
    await sleep(options.clock, delay, options.signal);
  }
}

/** One connection, from request to end. Answers why it ended. */
async function readOnce(options: EventStreamOptions, onConnected: () => void): Promise<string> {
  const { clock } = options;
  // Of this connection alone, so that nothing of it stays on the long-lived signal.
  const controller = new AbortController();
  const end = () => controller.abort();
  options.signal.addEventListener("abort", end, { once: true });
  let cancelSilence: () => void = () => undefined;
  let silent = false;
  const heard = () => {
    cancelSilence();
    cancelSilence = clock.after(SILENCE_MS, () => {
      silent = true;
      controller.abort();
    });
  };
  let connected = false;
  const sse = new SseReader({
    onData: (data) => {
      const event = readEnvelope(data);
      if (event === null) return;
      if (!connected) {
        connected = true;
        onConnected();
      }
      options.onEvent(event);
    },
    onSkipped: () => options.logger.warn("an event of OpenCode was too large and was skipped"),
  });
  try {
    const body = await options.client.stream("/global/event", CONNECT_MS, controller.signal);
    const reader = body.getReader();
    try {
      heard();
      while (true) {
        const { done, value } = await reader.read();
        if (done) return "the server ended the stream";
        heard();
        sse.feed(value);
      }
    } finally {
      // The stream is given up either way; that cancelling an aborted one rejects is of no interest.
      await reader.cancel().catch(() => undefined);
    }
  } catch (error) {
    if (silent) return `no bytes for ${SILENCE_MS / 1_000} s`;
    return error instanceof AppError ? error.message : errorText(error);
  } finally {
    cancelSilence();
    controller.abort();
    options.signal.removeEventListener("abort", end);
  }
}

/** The event inside a frame; null for anything else (also for `sync`, the second copy of each durable event). */
function readEnvelope(data: string): WireEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Half a frame before a cut, or a frame of a kind we do not know: nothing can be done with either.
    return null;
  }
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success || parsed.data.payload.type === "sync") return null;
  const { directory, payload } = parsed.data;
  return { directory: directory ?? null, type: payload.type, properties: payload.properties };
}
