import { z } from "zod";
import { workspaceIdSchema } from "./id.ts";
import { serverStatusSchema } from "./server.ts";
import {
  dependencyConditionSchema,
  exitSchema,
  probeSchema,
  serviceKindSchema,
  servicePortSchema,
  serviceStatusSchema,
} from "./service.ts";

/** Something wrong with a project's files. A problem never hides the rest of the project. */
export const problemSchema = z.object({
  code: z.enum([
    "folder_missing",
    "not_a_folder",
    "folder_unreadable",
    "no_services",
    "file_unreadable",
    "file_too_large",
    "file_invalid",
    "value_invalid",
    "duplicate_name",
    "unknown_dependency",
    "self_dependency",
    "dependency_cycle",
    "healthy_without_probe",
    "port_conflict",
    "unsupported",
  ]),
  severity: z.enum(["error", "warning"]),
  /** Cause and next step in one or two sentences. */
  message: z.string(),
  /** The file it is in, relative to the folder, with `:line:column` where known. */
  source: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;

/** One service as detected: what would run, and why it is believed. */
export const servicePlanSchema = z.object({
  name: z.string(),
  kind: serviceKindSchema,
  /** A shell line (string) for scripts, argv for the rest. */
  command: z.union([z.string(), z.array(z.string())]),
  workingDirectory: z.string(),
  /** Where it was found, for example `package.json#scripts.dev:api`. */
  source: z.string(),
  ports: z.array(servicePortSchema),
  dependsOn: z.record(z.string(), dependencyConditionSchema),
  profiles: z.array(z.string()),
  probe: probeSchema.nullable(),
  /** Absent: one. */
  replicas: z.number().int().min(1).optional(),
  /** Shown, and started only when it is named. */
  disabled: z.boolean().optional(),
});
export type ServicePlan = z.infer<typeof servicePlanSchema>;

/** The document `deckhand detect --json` prints. `order` is a list of waves. */
export const detectionSchema = z.object({
  directory: z.string(),
  profile: z.string(),
  services: z.array(servicePlanSchema),
  order: z.array(z.array(z.string())),
  problems: z.array(problemSchema),
});
export type Detection = z.infer<typeof detectionSchema>;

/**
 * `ready`: all wanted services are ready. `degraded`: something that was ready is not. `failed`: the start did not succeed.
 */
export const environmentPhaseSchema = z.enum(["stopped", "starting", "ready", "degraded", "stopping", "failed"]);
export type EnvironmentPhase = z.infer<typeof environmentPhaseSchema>;

/**
 * What has to be done so that exactly what the files say runs: with another profile, or after they were edited. What is named
 * nowhere neither runs nor is to.
 */
export const planDifferenceSchema = z.object({
  /** The profile that runs, and the one it is compared with. */
  from: z.string(),
  profile: z.string(),
  start: z.array(z.string()),
  stop: z.array(z.string()),
  /** Each with what differs, in words: `its command`, `its environment`. */
  restart: z.array(z.object({ name: z.string(), changed: z.array(z.string()) })),
  unchanged: z.array(z.string()),
  /** What is wrong with the files as they are now. */
  problems: z.array(problemSchema),
});
export type PlanDifference = z.infer<typeof planDifferenceSchema>;

/** The latest start: `outcome` is null while it is under way, `stopped` where it was called off. */
export const environmentRunSchema = z.object({
  id: z.string(),
  outcome: z.enum(["ready", "failed", "stopped"]).nullable(),
  /** The service whose end ended everything else, as its author wants it. */
  endedBy: z.object({ service: z.string(), exit: exitSchema.nullable() }).nullable(),
});
export type EnvironmentRun = z.infer<typeof environmentRunSchema>;

/**
 * The files say something else than what runs. A question: `environment.apply` is the yes, `environment.keep` the no, and what
 * runs stays as it is until then.
 */
export const filesChangedSchema = z.object({
  /** Relative to the folder, those that changed since what runs was read; some of them where they are many. */
  files: z.array(z.string()),
  difference: planDifferenceSchema,
});
export type FilesChanged = z.infer<typeof filesChangedSchema>;

/** The document `deckhand status --json` prints, and what `environment.watch` pushes. Times are ISO 8601. */
export const environmentStatusSchema = z.object({
  directory: z.string(),
  workspace: workspaceIdSchema,
  profile: z.string(),
  phase: environmentPhaseSchema,
  since: z.string(),
  services: z.array(serviceStatusSchema),
  server: serverStatusSchema.nullable(),
  /** What detection had to say; not empty where the folder has broken files. */
  problems: z.array(problemSchema),
  /** Absent: nothing was started yet. */
  run: environmentRunSchema.optional(),
  /** Absent: what runs is what the files say, or the question was answered. */
  filesChanged: filesChangedSchema.optional(),
});
export type EnvironmentStatus = z.infer<typeof environmentStatusSchema>;
