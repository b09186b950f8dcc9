import { z } from "zod";
import { problemSchema, servicePlanSchema } from "./environment.ts";
import { dependencyConditionSchema, probeSchema, servicePortSchema } from "./service.ts";

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

/** A change of one service, as a person makes it on screen. What is left out stays as it is. */
export const serviceEditSchema = z.object({
  service: z.string().min(1).max(256),
  disabled: z.boolean().optional(),
  /** A shell line. With the name of no service there is, it makes a new one. Not for containers. */
  command: z.string().min(1).max(10_000).optional(),
  /** Relative to the project. */
  workingDirectory: z.string().min(1).max(4_096).optional(),
  /** Of each variable its value; null takes it out. Those that are not named stay, with their secrets. */
  environment: z
    .array(z.tuple([z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/), z.string().max(32_768).nullable()]))
    .max(200)
    .optional(),
  ports: z.array(servicePortSchema).max(50).optional(),
  needs: z
    .array(
      z.object({
        name: z.string().min(1).max(256),
        condition: dependencyConditionSchema,
        required: z.boolean().default(true),
        restart: z.boolean().default(false),
      }),
    )
    .max(1_000)
    .optional(),
  /** Null: it is ready as soon as it runs. */
  probe: probeSchema.nullable().optional(),
  restart: z
    .object({
      mode: z.enum(["no", "on-failure", "always", "unless-stopped"]),
      maxRetries: z.number().int().min(0).max(1_000).nullable().default(null),
    })
    .optional(),
  replicas: z.number().int().min(1).max(100).optional(),
});
export type ServiceEdit = z.output<typeof serviceEditSchema>;

/** What would be written. `existing` is null where there is no such file; `hash` stands for both texts. */
export const configTextSchema = z.object({
  /** Relative to the project. */
  file: z.string(),
  existing: z.string().nullable(),
  text: z.string(),
  hash: z.string(),
});
export type ConfigText = z.infer<typeof configTextSchema>;
