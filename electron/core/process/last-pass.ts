import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import treeKill from "tree-kill";
import { type Clock, sleep } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";

/**
 * The last try before a survivor is reported: another way of walking the tree than ours. The caller has checked who the
 * pid is. It must not be used where the program it lists children with is missing: it would bring the host down with an
 * error event that nobody hears.
 */
export async function lastPass(pid: number, clock: Clock, logger: Logger): Promise<void> {
  if (!isOnPath(process.platform === "darwin" ? "pgrep" : "ps")) return;
  const done = new Promise<void>((resolve) => {
    treeKill(pid, "SIGKILL", (error) => {
      if (error !== undefined && error !== null) logger.warn("the last pass failed", { pid, error: errorText(error) });
      resolve();
    });
  });
  const controller = new AbortController();
  const late = sleep(clock, 1_000, controller.signal).catch(() => undefined);
  await Promise.race([done, late]);
  controller.abort();
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
      return false;
    }
  });
}
