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
  /** The signals it ignores: bit n - 1 stands for signal n, up to 31. Absent where the system does not tell. */
  readonly ignoredSignals?: number;
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
  /**
   * An earlier picture brought up to now by its newcomers alone: who is listed no more is left out, who was there is not read
   * again. Enough to see whether a fork has appeared behind an earlier look, at a tenth of its cost; absent where the system
   * offers nothing cheaper than a look at all.
   */
  newcomers?(earlier: ProcessTable): ProcessTable;
  /** One process now, a zombie included; null when there is none. */
  read(pid: number): ProcessEntry | null;
  /** The children of a process now, in pids; absent where the system cannot tell them without a look at all processes. */
  children?(pid: number): readonly number[];
  /** Its command line for people, at most 200 characters; empty when it is gone. */
  command(pid: number): string;
}
