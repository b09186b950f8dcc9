/** Whether files and folders are still as they were, without reading them again. */
import { stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * The times of changes come in steps of the system's clock, up to 10 ms: what changed twice within one looks the same after the
 * second as after the first. So a stamp stands for what was read only when nothing had changed for longer than that. In ms.
 */
const STEP_MS = 100;

export interface FolderStamp {
  /** Differs when one of the paths does, or comes or goes: the system sets the time of a change, and nobody can set it back. */
  readonly text: string;
  /** Whether nothing had changed for long enough that a change would show. */
  readonly calm: boolean;
}

/**
 * @param paths Relative to the folder. A folder stands for the names in it.
 * @param now ms since the epoch.
 */
export async function stampOf(directory: string, paths: readonly string[], now: number): Promise<FolderStamp> {
  let newest = 0;
  const parts = await Promise.all(
    paths.map(async (path) => {
      const facts = await stat(join(directory, path), { bigint: true }).catch(() => null);
      if (facts === null) return `${path}\0-`;
      newest = Math.max(newest, Number(facts.ctimeMs));
      return `${path}\0${facts.dev}:${facts.ino}:${facts.size}:${facts.ctimeNs}`;
    }),
  );
  return { text: parts.join("\n"), calm: newest + STEP_MS < now };
}
