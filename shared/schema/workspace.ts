import { z } from "zod";
import { projectIdSchema, workspaceIdSchema } from "./id.ts";

/** A folder the user opened. Until worktrees are forked, a project has exactly one workspace: its main worktree. */
export const projectSchema = z.object({
  id: projectIdSchema,
  workspace: workspaceIdSchema,
  name: z.string(),
  /** The real path: symbolic links are resolved when it is opened. */
  directory: z.string(),
  openedAt: z.string(),
  trusted: z.boolean(),
});
export type Project = z.infer<typeof projectSchema>;

/** One thing that would run if the folder were trusted. */
export const trustItemSchema = z.object({
  kind: z.enum(["command", "compose", "opencode"]),
  /** The service's name, or the configuration key. */
  name: z.string(),
  /** Exactly what would run: the command line, the compose service with its image, the server's command. */
  detail: z.string(),
  source: z.string(),
  /** What makes this item more dangerous than it looks, in a few words each: `mounts /`, `privileged`. */
  warnings: z.array(z.string()),
});
export type TrustItem = z.infer<typeof trustItemSchema>;

/** What the trust prompt shows. `contentHash` stands for exactly these items and must be given back to approve them. */
export const trustReviewSchema = z.object({
  directory: z.string(),
  state: z.enum(["trusted", "never", "changed"]),
  contentHash: z.string(),
  items: z.array(trustItemSchema),
});
export type TrustReview = z.infer<typeof trustReviewSchema>;
