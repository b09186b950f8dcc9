import { z } from "zod";
import { failureSchema } from "../failure.ts";

/**
 * Lifecycle of one OpenCode server.
 *
 * - `degraded`: one signal of life is missing; it still runs and is never ended on that alone.
 * - `auth`: it answers, but refuses our password. Another start of the same would change nothing.
 * - `crashed`: it ended although it was wanted, and is started again soon, or could not be started.
 * - `gave_up`: it crashed again and again; only a person starts it now.
 */
export const serverStateSchema = z.enum([
  "stopped",
  "starting",
  "waiting_ready",
  "running",
  "degraded",
  "auth",
  "stopping",
  "crashed",
  "gave_up",
]);
export type ServerState = z.infer<typeof serverStateSchema>;

/** What Deckhand is going to do with a server by itself. A person can do it now (`server.restart`) or call it off (`server.keep`). */
export const serverPlanSchema = z.object({
  action: z.enum(["restart", "stop"]),
  /** One sentence, for people. */
  reason: z.string(),
  /** ISO time at which it happens at the latest; null: as soon as no turn runs. */
  at: z.string().nullable(),
});
export type ServerPlan = z.infer<typeof serverPlanSchema>;

export const serverStatusSchema = z.object({
  state: serverStateSchema,
  /** ISO time of the last change of state; null where there was none yet. */
  since: z.string().nullable(),
  /** `adopted`: somebody else's, given to us by address and password; never ended by us. */
  ownership: z.enum(["owned", "adopted"]),
  url: z.string().nullable(),
  pid: z.number().int().nullable(),
  port: z.number().int().nullable(),
  version: z.string().nullable(),
  /** Generation of OpenCode's protocol that it speaks: 1 or 2; null before it has said. */
  protocol: z.number().int().nullable(),
  uptimeMs: z.number().nullable(),
  /** From the spawn to ready; null before. */
  startupMs: z.number().nullable(),
  /** Of the whole tree of processes, as `cpuPercent` (percent of one core). */
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
  /** Automatic restarts since a person started it. */
  restarts: z.number().int(),
  /** Counts the processes started; late news of an older one is thrown away by it. */
  generation: z.number().int(),
  /** Events received since the server was started. */
  events: z.number().int(),
  /** Over the last ten seconds. */
  eventsPerSecond: z.number(),
  lastEventAt: z.string().nullable(),
  /** Why it is not running, or what is wrong with it while it is degraded. */
  failure: failureSchema.nullable(),
  /** Worth knowing although it runs: memory, CPU, an update. Newest last, at most one of a code. */
  notices: z.array(failureSchema),
  plan: serverPlanSchema.nullable(),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;

/**
 * OpenCode 2's shared background server, as its registration on this machine names it; its password is in no answer.
 * `refused`: there is a registration that is not to be trusted. Nothing here says that a server answers there.
 */
export const sharedServerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("found"),
    /** `http://127.0.0.1:PORT`. */
    url: z.string(),
    /** Only to be shown. */
    pid: z.number().int(),
    version: z.string().nullable(),
  }),
  z.object({ kind: z.literal("none") }),
  /** One sentence, for people. */
  z.object({ kind: z.literal("refused"), reason: z.string() }),
]);
export type SharedServer = z.infer<typeof sharedServerSchema>;

/** One reading of a running server, for the curves. */
export const serverSampleSchema = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  memoryBytes: z.number(),
  cpuPercent: z.number().nullable(),
  eventsPerSecond: z.number(),
});
export type ServerSample = z.infer<typeof serverSampleSchema>;

/** What `server.history` pushes: everything kept (half an hour), then each new reading. A start begins it anew (`reset`). */
export const serverHistorySchema = z.object({ reset: z.boolean(), samples: z.array(serverSampleSchema) });
export type ServerHistory = z.infer<typeof serverHistorySchema>;

/** The status of a workspace whose server was never started. */
export const stoppedServer: ServerStatus = {
  state: "stopped",
  since: null,
  ownership: "owned",
  url: null,
  pid: null,
  port: null,
  version: null,
  protocol: null,
  uptimeMs: null,
  startupMs: null,
  memoryBytes: null,
  cpuPercent: null,
  restarts: 0,
  generation: 0,
  events: 0,
  eventsPerSecond: 0,
  lastEventAt: null,
  failure: null,
  notices: [],
  plan: null,
};

/** Whether a process of it is there, or is about to be. */
export function isServerUp(state: ServerState): boolean {
  return state !== "stopped" && state !== "crashed" && state !== "gave_up";
}
