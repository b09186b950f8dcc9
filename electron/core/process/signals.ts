import { systemCode } from "../lib/error.ts";
import type { ProcessEntry, ProcessSource } from "./process-table.ts";

/** `gone`: it ended, or its pid is another's by now. `refused`: the system did not let us. */
export type SignalResult = "sent" | "gone" | "refused";

/** Signals one process, if at this moment it still is the one we know. */
export function signalProcess(source: ProcessSource, target: ProcessEntry, signal: NodeJS.Signals): SignalResult {
  if (!isSignallable(target.pid)) return "refused";
  const now = source.read(target.pid);
  if (now === null || now.dead || now.startTime !== target.startTime) return "gone";
  return send(target.pid, signal);
}

/**
 * Signals a whole process group at once, so that nobody in it can fork past the signal. While a member known to us still
 * is in it, its number cannot belong to anyone else. Our own group is refused: we would be in it.
 */
export function signalGroup(source: ProcessSource, member: ProcessEntry, signal: NodeJS.Signals): SignalResult {
  if (!isSignallable(member.pgid) || source.read(process.pid)?.pgid === member.pgid) return "refused";
  const now = source.read(member.pid);
  if (now === null || now.dead || now.startTime !== member.startTime || now.pgid !== member.pgid) return "gone";
  return send(-member.pgid, signal);
}

/** 0, 1 and negative numbers mean groups or everybody to kill(2); our own pid would be us. */
function isSignallable(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid < 2 ** 31 && pid !== process.pid;
}

function send(pid: number, signal: NodeJS.Signals): SignalResult {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    if (systemCode(error) === "ESRCH") return "gone";
    if (systemCode(error) === "EPERM") return "refused";
    throw error;
  }
}
