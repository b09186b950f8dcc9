import { z } from "zod";
import { healthSchema } from "./service.ts";

/** What one service took and how it was, at one time (ms since 1970). Null: it has no process of ours to be read. */
export const serviceSampleSchema = z.object({
  at: z.number(),
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
  health: healthSchema,
  restarts: z.number().int(),
});
export type ServiceSample = z.infer<typeof serviceSampleSchema>;

/** Readings of one service in the order they were taken; with `reset` those before are forgotten. */
export const serviceHistorySchema = z.object({
  service: z.string(),
  reset: z.boolean(),
  samples: z.array(serviceSampleSchema),
});
export type ServiceHistory = z.infer<typeof serviceHistorySchema>;

/** Something that was seen more than once, and what to do about it. */
export const suggestionSchema = z.object({
  /** The same for the same finding, so that it can be dismissed. */
  id: z.string(),
  service: z.string(),
  /** What was seen, with its figures. */
  seen: z.string(),
  /** What would help. */
  advice: z.string(),
});
export type Suggestion = z.infer<typeof suggestionSchema>;
