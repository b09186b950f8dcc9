import { z } from "zod";

/** Ids are branded so that a session's id cannot be passed where a workspace's is wanted. */
export const projectIdSchema = z
  .string()
  .regex(/^prj_[0-9a-f]{16}$/)
  .brand<"ProjectId", "inout">();
export type ProjectId = z.infer<typeof projectIdSchema>;

export const workspaceIdSchema = z
  .string()
  .regex(/^wsp_[0-9a-f]{16}$/)
  .brand<"WorkspaceId", "inout">();
export type WorkspaceId = z.infer<typeof workspaceIdSchema>;

/** OpenCode's own ids are passed through; only their alphabet is checked, since they become part of a URL path. */
const idPattern = (prefix: string) => new RegExp(`^${prefix}_[0-9A-Za-z]{1,64}$`);
const opencodeId = (prefix: string) => z.string().regex(idPattern(prefix));

const sessionIdPattern = idPattern("ses");
export const sessionIdSchema = z.string().regex(sessionIdPattern).brand<"SessionId", "inout">();
export type SessionId = z.infer<typeof sessionIdSchema>;

/** What the schema says, for where it is asked thousands of times a second. */
export function isSessionId(value: unknown): value is SessionId {
  return typeof value === "string" && sessionIdPattern.test(value);
}

export const permissionIdSchema = opencodeId("per").brand<"PermissionId", "inout">();
export type PermissionId = z.infer<typeof permissionIdSchema>;

export const questionIdSchema = opencodeId("que").brand<"QuestionId", "inout">();
export type QuestionId = z.infer<typeof questionIdSchema>;
