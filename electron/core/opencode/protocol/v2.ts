/**
 * OpenCode 2.x: written from its public source and documentation, never run against a real one. docs/opencode-2.md says of
 * each point whether it is documented or assumed. The session routes stand in v2-sessions.ts, its events in v2-events.ts.
 */
import { z } from "zod";
import { AppError } from "../../lib/error.ts";
import { isUnknownRoute, route, SMALL_ANSWER_BYTES, type OpencodeClient } from "../client.ts";
import type { WireEvent } from "../event-stream.ts";
import { readAddressLine } from "../ready-line.ts";
import type { Protocol } from "./protocol.ts";
import { v2Sessions } from "./v2-sessions.ts";

const READY = /^server listening on (\S+)$/;
const PASSWORD = /^server password:? (\S{1,1024})$/;
/** Newest first: 2.0.3 and before had the last one, 2.0.4 and after the one in the middle. */
const HEALTH_PATHS = ["/api/info", "/api/status", "/api/health"];

/** The oldest of them does not say its version. */
const healthSchema = z.object({ version: z.string().optional() });
const activeSchema = z.object({ data: z.record(z.string(), z.unknown()) });

const envelopeSchema = z.object({
  type: z.string(),
  created: z.number().optional().catch(undefined),
  location: z.object({ directory: z.string() }).optional().catch(undefined),
  durable: z.object({ aggregateID: z.string(), seq: z.number().int() }).optional().catch(undefined),
  data: z.record(z.string(), z.unknown()).catch({}),
});

export const protocolV2: Protocol = {
  generation: 2,
  readyLine: (line) => readAddressLine(line, READY),
  passwordLine: (line) => PASSWORD.exec(line.slice(0, 2_048).trim())?.[1] ?? null,
  async health(client, signal) {
    let unknown: unknown;
    for (const path of HEALTH_PATHS) {
      try {
        const answer = await client.call({
          method: "GET",
          path,
          answer: healthSchema,
          maxBytes: SMALL_ANSWER_BYTES,
          signal,
        });
        return { version: answer.version ?? "2" };
      } catch (error) {
        if (!isUnknownRoute(error)) throw error;
        unknown = error;
      }
    }
    throw unknown;
  },
  async probe(client, signal) {
    try {
      await readActive(client, signal);
    } catch (error) {
      // It read the folder's configuration and says what is wrong with it: alive.
      if (error instanceof AppError && error.code === "opencode_config") return;
      throw error;
    }
  },
  eventsPath: "/api/event",
  readEvent,
  /** No route ends everything; each turn that runs is interrupted, which ends its tools. */
  async dispose(client, deadlineMs) {
    const active = await readActive(client, undefined, deadlineMs);
    await Promise.all(
      active.map((id) =>
        client.call({ method: "POST", path: route`/api/session/${id}/interrupt`, answer: null, deadlineMs }),
      ),
    );
  },
  sessions: v2Sessions,
};

async function readActive(client: OpencodeClient, signal?: AbortSignal, deadlineMs?: number): Promise<string[]> {
  const path = "/api/session/active";
  const limit = deadlineMs === undefined ? {} : { deadlineMs };
  const { data } = await client.call({ method: "GET", path, answer: activeSchema, signal, ...limit });
  return Object.keys(data);
}

/** `{id, type, created, location?, durable?, data}`; `created` goes along in the properties, for the messages it begins. */
function readEvent(data: string): WireEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Half a frame before a cut, or a frame of a kind we do not know: nothing can be done with either.
    return null;
  }
  const event = envelopeSchema.safeParse(value).data;
  if (event === undefined) return null;
  const { durable } = event;
  return {
    directory: event.location?.directory ?? null,
    type: event.type,
    properties: { ...event.data, created: event.created },
    position: durable === undefined ? null : { session: durable.aggregateID, number: durable.seq },
  };
}
