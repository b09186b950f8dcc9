import { linuxProcesses } from "./process-table-linux.ts";
import { macProcesses } from "./process-table-mac.ts";

/** One process as the kernel shows it at one moment. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** Its process group; 0 where unknown. */
  readonly pgid: number;
  /** Its session; 0 where unknown (macOS does not always tell). */
  readonly sid: number;
  /** Grows with the time it was started at; only for comparing two processes of one boot. */
  readonly startOrder: number;
  /** With the pid and the boot id, its identity: a reused pid has another one. */
  readonly startTime: string;
  /** A zombie: it runs no more and only waits to be collected. `kill(pid, 0)` still succeeds for it. */
  readonly dead: boolean;
  /** Resident memory. */
  readonly memoryBytes: number;
  /** CPU time used since it was started. */
  readonly cpuMs: number;
}

/** Every living process of the machine at one moment; zombies are left out. */
export interface ProcessTable {
  readonly entries: ReadonlyMap<number, ProcessEntry>;
  /**
   * The value of our marker variable in the environment the process was started with; null where it has none or where
   * it is another user's and may not be read.
   */
  marker(pid: number): string | null;
}

/** The two ways of looking at processes: all at once, or one again just before it is signalled. */
export interface ProcessSource {
  /** Changes with each start of the machine; pids and start times mean nothing beyond it. */
  readonly bootId: string;
  /** All processes now; with `maxAgeMs`, one that somebody else took that recently will do. */
  snapshot(maxAgeMs?: number): Promise<ProcessTable>;
  /** One process now, a zombie included; null when there is none. */
  read(pid: number): ProcessEntry | null;
  /** Its command line for people, at most 200 characters; empty when it is gone. */
  command(pid: number): string;
}

/** Looks at the processes of this machine. @throws Error on a system that is neither Linux nor macOS. */
export function systemProcesses(): ProcessSource {
  if (process.platform === "linux") return shareSnapshots(linuxProcesses());
  if (process.platform === "darwin") return shareSnapshots(macProcesses());
  throw new Error(`Processes cannot be watched on ${process.platform}; Linux and macOS are supported.`);
}

/**
 * Many stops poll at the same time. A snapshot is handed to all who accept its age, counted from when it was begun: one
 * begun before a signal says nothing about what came after it.
 */
function shareSnapshots(source: ProcessSource): ProcessSource {
  let last: { readonly begun: number; readonly table: Promise<ProcessTable> } | null = null;
  return {
    bootId: source.bootId,
    read: (pid) => source.read(pid),
    command: (pid) => source.command(pid),
    snapshot(maxAgeMs = 0) {
      const now = performance.now();
      if (last === null || now - last.begun > maxAgeMs) {
        last = { begun: now, table: source.snapshot() };
        // A failed one must not be handed on.
        last.table.catch(() => (last = null));
      }
      return last.table;
    },
  };
}
