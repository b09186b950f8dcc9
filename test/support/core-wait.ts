import { readFileSync } from "node:fs";

/** Time in ms that a process (its first thread), or this one, was ready to run and had no core; 0 where the kernel does not tell. */
export function waitedForCore(pid: number | "self" = "self"): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    // No such file on this system: then the machine's part cannot be told from ours and nothing is taken off.
    return 0;
  }
}
