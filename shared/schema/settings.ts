import { z } from "zod";

/** What a person can change. Every field has a default, so that an empty store is a valid one. */
export const settingsSchema = z.object({
  theme: z.enum(["system", "light", "dark"]).default("system"),
  /** Absolute path of the OpenCode binary; null: look on PATH, then take the bundled one. */
  opencodeBinary: z.string().min(1).max(4_096).nullable().default(null),
  /** Starting an environment from the window starts the workspace's OpenCode server too. */
  serverWithEnvironment: z.boolean().default(true),
});
export type Settings = z.infer<typeof settingsSchema>;

/** A change names only the fields it changes. */
export const settingsChangeSchema = z.object({
  theme: settingsSchema.shape.theme.unwrap().optional(),
  opencodeBinary: settingsSchema.shape.opencodeBinary.unwrap().optional(),
  serverWithEnvironment: settingsSchema.shape.serverWithEnvironment.unwrap().optional(),
});
export type SettingsChange = z.infer<typeof settingsChangeSchema>;
