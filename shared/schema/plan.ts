import { z } from "zod";
import { problemSchema, servicePlanSchema } from "./environment.ts";
import { dependencyConditionSchema, probeSchema } from "./service.ts";

/** Signals, codes and times as the author of the service, or the default of its kind, says. Times in ms. */
export const serviceRulesSchema = z.object({
  restart: z.object({
    mode: z.enum(["no", "on-failure", "always", "unless-stopped"]),
    /** Null: as often as `limit` allows. */
    maxRetries: z.number().int().nullable(),
    limit: z.object({ max: z.number().int(), windowMs: z.number() }),
  }),
  stop: z.object({ signal: z.string(), graceMs: z.number(), command: z.string().nullable() }),
  hooks: z.array(
    z.object({ moment: z.enum(["pre-start", "post-start", "pre-stop", "post-stop"]), command: z.string() }),
  ),
  liveness: probeSchema.nullable(),
  startup: probeSchema.nullable(),
  /** Null: nobody waits for a line of its log. */
  readyLine: z.string().nullable(),
  successExitCodes: z.array(z.number().int()),
  /** Its failure, or any end of it, ends everything else. */
  endsEnvironment: z.enum(["never", "failure", "end"]),
  watch: z.object({ paths: z.array(z.string()), ignore: z.array(z.string()), debounceMs: z.number() }).nullable(),
  limits: z
    .object({
      memoryBytes: z.number().nullable(),
      cpuPercent: z.number().nullable(),
      onExceed: z.enum(["restart", "stop", "notify"]),
    })
    .nullable(),
  /** Relative to the project. */
  logFile: z.string().nullable(),
});

/** One service of a plan with all that is known of it. */
export const plannedServiceSchema = servicePlanSchema.extend({
  /** Part of the start that was asked about: named, or needed by one that is; without names all that are not disabled. */
  starts: z.boolean(),
  /** Zero-based; null: it hangs on a circle and can never start. */
  wave: z.number().int().nullable(),
  needs: z.array(
    z.object({
      name: z.string(),
      condition: dependencyConditionSchema,
      required: z.boolean(),
      /** It is restarted with the one it needs. */
      restart: z.boolean(),
    }),
  ),
  /**
   * What is set for it beyond the login shell and what is injected at the start. `value` is null where it looks like a secret:
   * such a value never leaves the host.
   */
  environment: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
  rules: serviceRulesSchema,
  /** What makes its command more dangerous than it looks, in a few words each. */
  warnings: z.array(z.string()),
});
export type PlannedService = z.infer<typeof plannedServiceSchema>;

/** What a start would do. Nothing was run to find it out. */
export const environmentPlanSchema = z.object({
  directory: z.string(),
  profile: z.string(),
  /** Every profile that the files name, and `dev`. */
  profiles: z.array(z.string()),
  services: z.array(plannedServiceSchema),
  /** Waves: what stands in one can start together. */
  order: z.array(z.array(z.string())),
  problems: z.array(problemSchema),
  /** The deckhand.yaml of the folder; `file` is null where it has none. `undo`: a save of this host can be taken back. */
  config: z.object({ file: z.string().nullable(), undo: z.boolean() }),
});
export type EnvironmentPlan = z.infer<typeof environmentPlanSchema>;

/**
 * What would be written, with a mask in the place of each secret. `existing` is null where there is no such file; `hash` stands for
 * both texts as they really are.
 */
export const configTextSchema = z.object({
  /** Relative to the project. */
  file: z.string(),
  existing: z.string().nullable(),
  text: z.string(),
  hash: z.string(),
});
export type ConfigText = z.infer<typeof configTextSchema>;
