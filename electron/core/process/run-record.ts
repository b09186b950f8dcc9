import { isMarkerPart } from "./marker.ts";

/** Who owns the processes of one run, and who ends them when the owner is gone. Written before the run's first spawn. */
export interface RunRecord {
  readonly version: 1;
  readonly runId: string;
  readonly bootId: string;
  readonly ownerPid: number;
  readonly ownerStartTime: string;
  /** Null while none is needed. */
  readonly guardian: { readonly pid: number; readonly startTime: string } | null;
}

/** A run record's text, or the reason why it is none. */
export function parseRun(text: string): RunRecord | { readonly invalid: string } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { invalid: "not JSON" };
  }
  if (typeof data !== "object" || data === null) return { invalid: "not an object" };
  const { version, runId, bootId, ownerPid, ownerStartTime, guardian } = data as Record<string, unknown>;
  if (version !== 1) return { invalid: "version is not 1" };
  if (typeof runId !== "string" || !isMarkerPart(runId)) return { invalid: "runId is not an id" };
  if (typeof bootId !== "string" || typeof ownerStartTime !== "string") return { invalid: "the owner is not named" };
  // A host alone in a container may be pid 1.
  if (ownerPid !== 1 && !isProcessId(ownerPid)) return { invalid: "ownerPid is not a process id" };
  if (guardian === null) return { version, runId, bootId, ownerPid, ownerStartTime, guardian };
  if (typeof guardian !== "object") return { invalid: "guardian is not a process" };
  const { pid, startTime } = guardian as Record<string, unknown>;
  if (!isProcessId(pid) || typeof startTime !== "string") return { invalid: "guardian is not a process" };
  return { version, runId, bootId, ownerPid, ownerStartTime, guardian: { pid, startTime } };
}

function isProcessId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 1 && (value as number) <= 2 ** 22;
}
