import { z } from "zod";
import { workspaceIdSchema } from "./id.ts";

/** Something a person should hear of even if they are not looking: trouble, or its end. Times are ISO 8601. */
export const alertSchema = z.object({
  id: z.string(),
  at: z.string(),
  workspace: workspaceIdSchema,
  kind: z.enum(["failure", "recovery"]),
  /** One line: the project and what happened. */
  title: z.string(),
  /** Why, and what may be done; may be empty. */
  body: z.string(),
  services: z.array(z.string()),
});
export type Alert = z.infer<typeof alertSchema>;
