import { isMarkerPart, parseMarker } from "./marker.ts";

/**
 * The record on disk of one thing we started, so that whoever comes after us can end it. Checked by hand rather than by a
 * schema library: the guardian reads it too and must stay small.
 */
export interface ProcessLease {
  readonly version: 1;
  readonly id: string;
  readonly kind: "server" | "service" | "task";
  readonly name: string;
  readonly workspace: string;
  /** The program, for people; its arguments may hold secrets and stay out. */
  readonly argv0: string;
  readonly pid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly startTime: string;
  readonly startOrder: number;
  readonly bootId: string;
  readonly ownerPid: number;
  readonly ownerStartTime: string;
  readonly marker: string;
  readonly ports: readonly number[];
  readonly stopSignal: NodeJS.Signals;
  readonly graceMs: number;
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** Something outside our process tree: only a command can end it. */
export interface HoldLease {
  readonly version: 1;
  readonly id: string;
  readonly kind: "container";
  readonly name: string;
  readonly workspace: string;
  readonly bootId: string;
  readonly ownerPid: number;
  readonly ownerStartTime: string;
  readonly marker: string;
  readonly startedAt: number;
  readonly release: ReleaseCommand;
}

export interface ReleaseCommand {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export type Lease = ProcessLease | HoldLease;

/** 2^22 is the most Linux can be told to use (pid_max); macOS stays below 10^5. */
const pidMax = 2 ** 22;

const stopSignals: ReadonlySet<string> = new Set([
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
  "SIGKILL",
]);

/** Whether it may be sent first to something we stop. */
export function isStopSignal(signal: string): signal is NodeJS.Signals {
  return stopSignals.has(signal);
}

/** A lease's text, or the reason why it is none. Unknown fields of a newer version of the same format are dropped. */
export function parseLease(text: string): Lease | { readonly invalid: string } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { invalid: "not JSON" };
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) return { invalid: "not an object" };
  const record = data as Record<string, unknown>;
  const wrong =
    (Object.hasOwn(record, "release") ? holdProblem(record) : processProblem(record)) ?? commonProblem(record);
  if (wrong !== null) return { invalid: wrong };
  // Every field was checked above.
  return record as unknown as Lease;
}

export function isHold(lease: Lease): lease is HoldLease {
  return lease.kind === "container";
}

function commonProblem(record: Record<string, unknown>): string | null {
  const { id, marker } = record;
  if (record["version"] !== 1) return "version is not 1";
  if (typeof id !== "string" || !isMarkerPart(id)) return "id is not an id";
  if (typeof marker !== "string" || parseMarker(marker)?.leaseId !== id) return "marker does not name this lease";
  if (!isText(record["name"])) return "name is not a text";
  if (!isText(record["workspace"])) return "workspace is not a text";
  if (!isText(record["bootId"])) return "bootId is not a text";
  // A host alone in a container may be pid 1.
  if (record["ownerPid"] !== 1 && !isPid(record["ownerPid"])) return "ownerPid is not a process id";
  if (!isText(record["ownerStartTime"])) return "ownerStartTime is not a text";
  if (!isCount(record["startedAt"])) return "startedAt is not a time";
  return null;
}

function processProblem(record: Record<string, unknown>): string | null {
  const { kind, pid, pgid, sid, ports, stopSignal } = record;
  if (kind !== "server" && kind !== "service" && kind !== "task") return "kind is unknown";
  if (!isPid(pid) || pid === process.pid || pid === record["ownerPid"]) return "pid is not the id of a child";
  // A child leads its own group and session. Anything else would have us signal strangers.
  if (pgid !== pid) return "pgid is not the pid";
  if (sid !== pid && sid !== 0) return "sid is not the pid";
  if (!isText(record["argv0"])) return "argv0 is not a text";
  if (!isText(record["startTime"])) return "startTime is not a text";
  if (!isCount(record["startOrder"])) return "startOrder is not a number";
  if (!Array.isArray(ports) || !ports.every((port) => isCount(port) && port <= 65_535)) return "ports are not ports";
  if (typeof stopSignal !== "string" || !isStopSignal(stopSignal)) return "stopSignal is not a stop signal";
  if (!isCount(record["graceMs"])) return "graceMs is not a duration";
  return null;
}

function holdProblem(record: Record<string, unknown>): string | null {
  if (record["kind"] !== "container") return "kind is unknown";
  const release = record["release"];
  if (typeof release !== "object" || release === null) return "release is not a command";
  const { argv, cwd, env } = release as Record<string, unknown>;
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((part) => isText(part)))
    return "release.argv is not a command";
  if (!isText(cwd)) return "release.cwd is not a text";
  if (typeof env !== "object" || env === null) return "release.env is not an environment";
  if (!Object.values(env).every((value) => typeof value === "string")) return "release.env is not an environment";
  return null;
}

function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 1 && (value as number) <= pidMax;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 8_192 && !value.includes("\0");
}
