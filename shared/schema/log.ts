import { z } from "zod";

/** Where a line comes from: a service's name, `opencode` for the server, `deckhand` for our own notes about the workspace. */
export const logStreamSchema = z.enum(["stdout", "stderr", "note"]);

export const logLineSchema = z.object({
  /** Grows by one with each line of the workspace, over all its sources: one cursor serves every filter. */
  seq: z.number().int(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  source: z.string(),
  stream: logStreamSchema,
  /** Without its line end. SGR colours are kept, other escape sequences are gone, secrets are replaced. */
  text: z.string(),
  generation: z.number().int(),
  /** The line was longer than the cap and continues in the next one. */
  cut: z.boolean(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** The answer to a read: lines in order of `seq`. */
export const logPageSchema = z.object({
  lines: z.array(logLineSchema),
  /** The oldest and newest line that can still be read for these sources; null while there is none. */
  firstSeq: z.number().int().nullable(),
  lastSeq: z.number().int().nullable(),
});
export type LogPage = z.infer<typeof logPageSchema>;
