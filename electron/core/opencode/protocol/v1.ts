/** OpenCode 1.x, measured against 1.18.33. The session routes stand in v1-sessions.ts, its events in v1-events.ts. */
import { z } from "zod";
import { AppError } from "../../lib/error.ts";
import { SMALL_ANSWER_BYTES } from "../client.ts";
import type { EventPosition } from "../event-positions.ts";
import type { WireEvent } from "../event-stream.ts";
import { readAddressLine } from "../ready-line.ts";
import type { Protocol } from "./protocol.ts";
import { isObject } from "./v1-events.ts";
import { v1Sessions } from "./v1-sessions.ts";

/** The line is on stdout, with or without a password. */
const READY = /^opencode server listening on (\S+)$/;

const healthSchema = z.object({ healthy: z.literal(true), version: z.string() });

export const protocolV1: Protocol = {
  generation: 1,
  readyLine: (line) => readAddressLine(line, READY),
  // It takes ours from the environment.
  passwordLine: () => null,
  async health(client, signal) {
    const answer = await client.call({
      method: "GET",
      path: "/global/health",
      answer: healthSchema,
      maxBytes: SMALL_ANSWER_BYTES,
      signal,
    });
    return { version: answer.version };
  },
  async probe(client, signal) {
    try {
      await client.call({ method: "GET", path: "/session/status", answer: z.record(z.string(), z.unknown()), signal });
    } catch (error) {
      // It read the folder's configuration and says what is wrong with it: alive.
      if (error instanceof AppError && error.code === "opencode_config") return;
      throw error;
    }
  },
  eventsPath: "/global/event",
  readEvent,
  async dispose(client, deadlineMs) {
    await client.call({ method: "POST", path: "/global/dispose", answer: null, deadlineMs });
  },
  sessions: v1Sessions,
};

/**
 * `{directory, payload: {type, properties}}`. Of each durable event there is a second copy of type `sync`, which alone says
 * where in its session it stands; of that copy only the position is kept. Checked by hand: it is done for each piece of text
 * that a model writes, and a schema takes as long as all the rest.
 */
function readEvent(data: string): WireEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Half a frame before a cut, or a frame of a kind we do not know: nothing can be done with either.
    return null;
  }
  if (!isObject(value)) return null;
  const { directory = null, payload } = value;
  if (!isObject(payload) || (directory !== null && typeof directory !== "string")) return null;
  const { type } = payload;
  if (typeof type !== "string") return null;
  if (type !== "sync") return { directory, type, properties: payload["properties"], position: null };
  const position = readPosition(payload["syncEvent"]);
  return position === null ? null : { directory, type, properties: undefined, position };
}

function readPosition(copied: unknown): EventPosition | null {
  if (!isObject(copied)) return null;
  const { seq, aggregateID } = copied;
  return typeof aggregateID === "string" && isWhole(seq) ? { session: aggregateID, number: seq } : null;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
