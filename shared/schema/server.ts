import { z } from "zod";
import { failureSchema } from "../failure.ts";

/** Lifecycle of one `opencode serve` process. */
export const serverStateSchema = z.enum(["stopped", "starting", "waiting_ready", "running", "stopping", "crashed"]);
export type ServerState = z.infer<typeof serverStateSchema>;

export const serverStatusSchema = z.object({
  state: serverStateSchema,
  url: z.string().nullable(),
  pid: z.number().int().nullable(),
  version: z.string().nullable(),
  uptimeMs: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  restarts: z.number().int(),
  /** Events received since the server was started. */
  events: z.number().int(),
  lastEventAt: z.string().nullable(),
  /** Why it is crashed, or what keeps it from starting. */
  failure: failureSchema.nullable(),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;
