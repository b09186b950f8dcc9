import { z } from "zod";
import { failureSchema } from "../failure.ts";

/** `process` keeps running, `task` runs to completion, `compose` is a container that docker compose runs for us. */
export const serviceKindSchema = z.enum(["process", "task", "compose"]);
export type ServiceKind = z.infer<typeof serviceKindSchema>;

/** What the user wants. */
export const desiredSchema = z.enum(["running", "stopped"]);
export type Desired = z.infer<typeof desiredSchema>;

/** What the service is doing. The words are explained in docs/environment.md. */
export const servicePhaseSchema = z.enum([
  "disabled",
  "pending",
  "waiting",
  "blocked",
  "starting",
  "running",
  "backoff",
  "stopping",
  "stopped",
  "completed",
  "failed",
  "crash_loop",
  "skipped",
  "external",
  "orphaned",
]);
export type ServicePhase = z.infer<typeof servicePhaseSchema>;

/** Whether its probe passes. `none`: it has no probe. */
export const healthSchema = z.enum(["none", "starting", "healthy", "unhealthy"]);
export type Health = z.infer<typeof healthSchema>;

/** compose's three, and two of process-compose's: it has ended, however; its log has shown the line of its `log` probe. */
export const dependencyConditionSchema = z.enum([
  "service_started",
  "service_healthy",
  "service_completed_successfully",
  "service_completed",
  "service_log_ready",
]);
export type DependencyCondition = z.infer<typeof dependencyConditionSchema>;

/**
 * A port of a service. `env` is the variable that carries it to the process; null where there is none. `option`: what is put behind
 * its command so that it listens on another port than its own, such as `-- --port`; `{port}` in it is the number, else it follows.
 * Without both the command fixes it. `strict`: another one is no help, a held one blocks the service.
 */
export const servicePortSchema = z.object({
  name: z.string(),
  port: z.number().int().min(1).max(65_535),
  env: z.string().nullable(),
  option: z.string().min(1).max(200).optional(),
  strict: z.boolean().optional(),
});
export type ServicePort = z.infer<typeof servicePortSchema>;

/**
 * How readiness is found out. Variables in a URL and in headers are the service's, in compose's syntax; a command of a check has
 * `${NAME}` replaced by what the service is given at its start.
 * Times are in milliseconds; their defaults and reasons are in electron/core/service/probe.ts.
 */
export const probeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("tcp"), port: z.number().int() }),
  /** Ready at a status from 200 to 399, or exactly at `status`. */
  z.object({
    kind: z.literal("http"),
    url: z.string(),
    status: z.number().int().min(100).max(599).optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ kind: z.literal("log"), pattern: z.string() }),
  z.object({ kind: z.literal("exec"), command: z.array(z.string()).min(1) }),
  /** It says so itself: `READY=1` to the socket in NOTIFY_SOCKET, as sd_notify(3) does. */
  z.object({ kind: z.literal("notify") }),
  /** Docker's own health check of the container, or its running state where it has none. */
  z.object({ kind: z.literal("compose"), healthcheck: z.boolean() }),
]);
export type ProbeSpec = z.infer<typeof probeSchema>;

export const exitSchema = z.object({ code: z.number().int().nullable(), signal: z.string().nullable() });
export type Exit = z.infer<typeof exitSchema>;

/** One life of a service that is over; `exit` is null where it could not be started. `startedAt` is ISO 8601. */
export const serviceRunSchema = z.object({
  generation: z.number().int(),
  startedAt: z.string(),
  durationMs: z.number().int(),
  exit: exitSchema.nullable(),
  /** `stopped`: it was asked to end. */
  outcome: z.enum(["completed", "failed", "stopped"]),
  /** Why it failed; null where it did not. */
  why: z.string().nullable(),
  /** Of a seed: stands for the data it worked on, where that can be told. */
  data: z.string().max(64).optional(),
});
export type ServiceRun = z.infer<typeof serviceRunSchema>;

/**
 * A step of the latest start of a service: waiting for others, being made (with the commands before it), and from there until it
 * is ready. `ms` is null while it is under way.
 */
export const startStepSchema = z.object({
  step: z.enum(["waiting", "starting", "becoming_ready"]),
  startedAt: z.string(),
  ms: z.number().int().nullable(),
});
export type StartStep = z.infer<typeof startStepSchema>;

/** One service of a running (or stopped) environment, as `deckhand status --json` prints it. */
export const serviceStatusSchema = z.object({
  name: z.string(),
  kind: serviceKindSchema,
  /** The command a person would recognise: the shell line, or the compose service's name. */
  command: z.string(),
  source: z.string(),
  /** Zero-based wave of the plan. */
  wave: z.number().int(),
  dependsOn: z.array(z.string()),
  /** How it is found out that it is ready; null: it is as soon as it runs. */
  probe: probeSchema.nullable(),
  desired: desiredSchema,
  phase: servicePhaseSchema,
  health: healthSchema,
  ready: z.boolean(),
  /** One sentence: what it waits for, why it failed, when it tries again. Null while there is nothing to explain. */
  why: z.string().nullable(),
  /** The same as data, with cause and next step, where it is trouble. */
  failure: failureSchema.nullable(),
  pid: z.number().int().nullable(),
  ports: z.array(servicePortSchema),
  url: z.string().nullable(),
  uptimeMs: z.number().nullable(),
  restarts: z.number().int(),
  generation: z.number().int(),
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
  exit: exitSchema.nullable(),
  /** One of several of the service `of`. `url`: their common address, where each request goes to the next of them. */
  replica: z.object({ of: z.string(), url: z.string().nullable() }).optional(),
  /** What each of `dependsOn` must have come to, and whether it is met now. */
  needs: z
    .array(
      z.object({ name: z.string(), condition: dependencyConditionSchema, required: z.boolean(), met: z.boolean() }),
    )
    .optional(),
  /** Of its latest start, in order; empty before the first. */
  steps: z.array(startStepSchema).optional(),
});
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;
