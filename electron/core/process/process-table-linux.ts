import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { systemCode } from "../lib/error.ts";
import { findMarker } from "./marker.ts";
import type { ProcessEntry, ProcessSource, ProcessTable } from "./process-table.ts";

/**
 * Linux: everything stands in /proc (man 5 proc). One snapshot of 100 processes takes about 1.1 ms, so it is read
 * synchronously: a consistent picture is worth more here than the yield.
 */
export function linuxProcesses(): ProcessSource {
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const units = kernelUnits();
  const scratch = Buffer.allocUnsafe(4_096);
  const withReserve = descriptorReserve();
  const readSmall = (path: string) => withReserve(() => readBeginning(path, scratch));

  const readStat = (pid: number) => readSmall(`/proc/${pid}/stat`);
  const judged = new Map<number, Judgement>();

  /** @param earlier Whoever stands in it is taken from there. A pid is not used again within the moment between two looks. */
  const look = (earlier: ProcessTable | null): ProcessTable => {
    const entries = new Map<number, ProcessEntry>();
    const stats = new Map<number, string>();
    for (const name of withReserve(() => readdirSync("/proc"))) {
      const first = name.charCodeAt(0);
      if (first < 48 || first > 57) continue;
      const known = earlier?.entries.get(Number(name));
      if (known !== undefined) {
        entries.set(known.pid, known);
        continue;
      }
      const stat = readStat(Number(name));
      const entry = stat === null ? null : parseStat(stat, units);
      if (stat === null || entry === null || entry.dead) continue;
      entries.set(entry.pid, entry);
      stats.set(entry.pid, stat);
    }
    for (const pid of judged.keys()) if (!entries.has(pid)) judged.delete(pid);
    return {
      entries,
      marker(pid: number) {
        const stat = stats.get(pid);
        if (stat === undefined) return earlier !== null && entries.has(pid) ? earlier.marker(pid) : null;
        const program = programOf(stat);
        const known = judged.get(pid);
        if (known !== undefined && known.program === program) return known.marker;
        const marker = findMarker(withReserve(() => environment(pid)));
        judged.set(pid, { program, marker });
        return marker;
      },
    };
  };

  return {
    bootId,
    read(pid) {
      const stat = readStat(pid);
      return stat === null ? null : parseStat(stat, units);
    },
    children: (pid) => children(pid, readSmall),
    command: (pid) => command(pid, readSmall),
    snapshot: () => Promise.resolve(look(null)),
    newcomers: look,
  };
}

/** What the environment of a process told once; it is the dear part of a look, and only changes when another program is run. */
interface Judgement {
  readonly program: string;
  readonly marker: string | null;
}

/**
 * Stands for one program run by one process: its start time (field 22) and where its environment lies (50 and 51, both 0
 * where we may not look). The kernel lays it out anew, at a random place, whenever the process runs another program.
 */
export function programOf(stat: string): string {
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return `${fields[19]} ${fields[47]} ${fields[48]}`;
}

interface KernelUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** Page size and clock ticks from the auxiliary vector (man 3 getauxval: AT_PAGESZ is 6, AT_CLKTCK is 17). */
function kernelUnits(): KernelUnits {
  let pageBytes = 4_096;
  let ticksPerSecond = 100;
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    const key = vector.readBigUInt64LE(at);
    if (key === 6n) pageBytes = Number(vector.readBigUInt64LE(at + 8));
    if (key === 17n) ticksPerSecond = Number(vector.readBigUInt64LE(at + 8));
  }
  return { pageBytes, ticksPerSecond };
}

/** The line of /proc/PID/stat. The name in brackets may itself hold spaces and brackets, so it ends at the last one. */
export function parseStat(text: string, units: KernelUnits): ProcessEntry | null {
  const open = text.indexOf(" (");
  const close = text.lastIndexOf(") ");
  if (open < 0 || close < open) return null;
  // Counted from the field after the name, which man 5 proc numbers 3.
  const fields = text.slice(close + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  const pid = Number(text.slice(0, open));
  const startTime = fields[19];
  if (!Number.isSafeInteger(pid) || startTime === undefined) return null;
  const state = fields[0];
  return {
    pid,
    ppid: field(4),
    pgid: field(5),
    sid: field(6),
    startOrder: Number(startTime),
    startTime,
    // A process whose first thread ended shows Z as well while its other threads (field 20) run on.
    dead: state === "X" || state === "x" || (state === "Z" && field(20) <= 1),
    memoryBytes: Math.max(0, field(24)) * units.pageBytes,
    cpuMs: ((field(14) + field(15)) * 1_000) / units.ticksPerSecond,
    ignoredSignals: field(33),
  };
}

/** The children of its first thread, from which nearly every program starts others (man 5 proc: task/TID/children). */
function children(pid: number, readSmall: (path: string) => string | null): readonly number[] {
  const pids = (readSmall(`/proc/${pid}/task/${pid}/children`) ?? "").trim();
  return pids === "" ? [] : pids.split(" ").map(Number);
}

function command(pid: number, readSmall: (path: string) => string | null): string {
  const words = (readSmall(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  if (words !== "") return words.slice(0, 200);
  // Kernel threads and zombies have no command line, only a name.
  return (readSmall(`/proc/${pid}/comm`) ?? "").trim();
}

/** The environment a process was started with: NAME=value, each ended by NUL. Empty where it may not be read. */
function environment(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch (error) {
    // Gone meanwhile, or another user's: either way it is not ours.
    if (isOutOfDescriptors(error)) throw error;
    return Buffer.alloc(0);
  }
}

/** The first 4 KiB of a file of /proc; null when the process is gone or hidden from us. */
function readBeginning(path: string, scratch: Buffer): string | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    // Processes come and go while we look. But having no descriptor left must not look as if all were gone.
    if (isOutOfDescriptors(error)) throw error;
    return null;
  }
  try {
    return scratch.toString("utf8", 0, readSync(file, scratch, 0, scratch.length, 0));
  } catch {
    // ESRCH: it ended between the open and the read.
    return null;
  } finally {
    closeSync(file);
  }
}

/**
 * A host that has used up its file descriptors must still be able to see and end its children: one descriptor is kept
 * aside for that. Everything here is synchronous, so one is enough.
 */
function descriptorReserve(): <Value>(work: () => Value) => Value {
  let reserve: number | null = openSync("/dev/null", "r");
  return (work) => {
    try {
      return work();
    } catch (error) {
      if (!isOutOfDescriptors(error) || reserve === null) throw error;
      closeSync(reserve);
      reserve = null;
      try {
        return work();
      } finally {
        reserve = openSync("/dev/null", "r");
      }
    }
  };
}

function isOutOfDescriptors(error: unknown): boolean {
  return systemCode(error) === "EMFILE" || systemCode(error) === "ENFILE";
}
