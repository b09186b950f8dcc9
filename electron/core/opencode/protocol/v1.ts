/** OpenCode 1.x, measured against 1.18.33. The session routes stand in v1-sessions.ts, its events in v1-events.ts. */
import { z } from "zod";
import { AppError } from "../../lib/error.ts";
import { SMALL_ANSWER_BYTES } from "../client.ts";
import type { WireEvent } from "../event-stream.ts";
import { readAddressLine } from "../ready-line.ts";
import type { Protocol } from "./protocol.ts";
import { v1Sessions } from "./v1-sessions.ts";

/** The line is on stdout, with or without a password. */
const READY = /^opencode server listening on (\S+)$/;

const healthSchema = z.object({ healthy: z.literal(true), version: z.string() });

const envelopeSchema = z.object({
  directory: z.string().optional(),
  payload: z.object({
    type: z.string(),
    properties: z.unknown().optional(),
    syncEvent: z.object({ seq: z.number().int(), aggregateID: z.string() }).optional().catch(undefined),
  }),
});

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
 * where in its session it stands; of that copy only the position is kept.
 */
function readEvent(data: string): WireEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Half a frame before a cut, or a frame of a kind we do not know: nothing can be done with either.
    return null;
  }
  const parsed = envelopeSchema.safeParse(value).data;
  if (parsed === undefined) return null;
  const { directory = null, payload } = parsed;
  if (payload.type !== "sync") return { directory, type: payload.type, properties: payload.properties, position: null };
  const copied = payload.syncEvent;
  if (copied === undefined) return null;
  return {
    directory,
    type: "sync",
    properties: undefined,
    position: { session: copied.aggregateID, number: copied.seq },
  };
}
