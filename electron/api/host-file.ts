import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { hostKindSchema } from "#shared/schema/host.ts";
import { removeFile, writeFileAtomic } from "../core/lib/atomic-file.ts";
import { systemCode } from "../core/lib/error.ts";

/**
 * How the command line finds the running host of a home: `host.json` in it, readable by the user alone (0600), since the
 * token in it can do everything the window can. The guardian removes it when the host has died.
 */
export const hostFileSchema = z.object({
  pid: z.number().int().positive(),
  kind: hostKindSchema,
  version: z.string(),
  startedAt: z.string(),
  port: z.number().int().min(1).max(65_535),
  token: z.string().min(32),
});
export type HostFile = z.infer<typeof hostFileSchema>;

const hostFilePath = (home: string) => join(home, "host.json");

export function writeHostFile(home: string, content: HostFile): void {
  writeFileAtomic(hostFilePath(home), `${JSON.stringify(content)}\n`);
}

/** Null where there is none, or none that can be trusted: a link, another user's file, or one others may read. */
export function readHostFile(home: string): HostFile | null {
  const path = hostFilePath(home);
  try {
    const stat = lstatSync(path);
    if (!stat.isFile() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) return null;
    const parsed = hostFileSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (systemCode(error) === "ENOENT" || error instanceof SyntaxError) return null;
    throw error;
  }
}

export function removeHostFile(home: string): void {
  removeFile(hostFilePath(home));
}
