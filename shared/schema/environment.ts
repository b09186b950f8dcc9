import { z } from "zod";
import { workspaceIdSchema } from "./id.ts";
import { serverStatusSchema } from "./server.ts";
import {
  dependencyConditionSchema,
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
});
export type EnvironmentStatus = z.infer<typeof environmentStatusSchema>;
