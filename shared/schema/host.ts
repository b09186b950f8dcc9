import { z } from "zod";

/** Something the user should know about the host itself, shown until dismissed. */
export const noticeSchema = z.object({
  id: z.string(),
  severity: z.enum(["info", "warning", "error"]),
  message: z.string(),
  next: z.string().nullable(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const hostKindSchema = z.enum(["desktop", "headless"]);
export type HostKind = z.infer<typeof hostKindSchema>;

export const hostInfoSchema = z.object({
  version: z.string(),
  kind: hostKindSchema,
  pid: z.number().int(),
  startedAt: z.string(),
  home: z.string(),
  platform: z.string(),
  /** A line that must stay on screen because the model is scripted; null in real use. */
  demo: z.string().nullable(),
  /** A native folder dialog is there; without it the page offers a path field. */
  folderDialog: z.boolean(),
  notices: z.array(noticeSchema),
});
export type HostInfo = z.infer<typeof hostInfoSchema>;

export const ownedProcessSchema = z.object({
  kind: z.enum(["server", "service", "task", "guardian", "container"]),
  name: z.string(),
  workspace: z.string().nullable(),
  pid: z.number().int().nullable(),
  startedAt: z.string(),
  memoryBytes: z.number().nullable(),
});
export type OwnedProcess = z.infer<typeof ownedProcessSchema>;

/** The document `deckhand ps --json` prints. */
export const processListSchema = z.object({
  host: z
    .object({ pid: z.number().int(), kind: hostKindSchema, version: z.string(), startedAt: z.string() })
    .nullable(),
  processes: z.array(ownedProcessSchema),
});
export type ProcessList = z.infer<typeof processListSchema>;

export const auditEntrySchema = z.object({
  at: z.string(),
  actor: z.enum(["user", "agent", "watch", "probe", "policy", "system"]),
  action: z.string(),
  workspace: z.string().nullable(),
  service: z.string().nullable(),
  generation: z.number().int().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  reason: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
