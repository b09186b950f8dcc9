import type { ProcessEntry, ProcessSource } from "../../electron/core/process/process-table.ts";

/** Beyond every pid that a kernel gives (2^22 is the most Linux can be told to): a signal to one reaches nobody. */
export const FIRST_PID = 2 ** 22 + 10_000;

/** A machine whose processes a test makes up. Nothing of it can be hurt, and nothing real can be hurt through it. */
export class ProcessMachine implements ProcessSource {
  bootId = "this boot";
  readonly entries = new Map<number, ProcessEntry>();
  readonly markers = new Map<number, string>();
  /** How often one process was looked at. */
  reads = 0;
  /** Called before each look at one process, so that it can end, or become another, at the worst moment. */
  onRead: (pid: number) => void = () => undefined;

  /** @param index Its pid is FIRST_PID and so many more; it leads a session of its own unless told otherwise. */
  add(index: number, more: Partial<ProcessEntry> = {}): ProcessEntry {
    const pid = FIRST_PID + index;
    const entry = {
      pid,
      ppid: 1,
      pgid: pid,
      sid: pid,
      startOrder: 1,
      startTime: "1",
      dead: false,
      memoryBytes: 0,
      cpuMs: 0,
      ...more,
    };
    this.entries.set(pid, entry);
    return entry;
  }

  snapshot() {
    const living = [...this.entries].filter(([, { dead }]) => !dead);
    return Promise.resolve({ entries: new Map(living), marker: (pid: number) => this.markers.get(pid) ?? null });
  }

  read(pid: number): ProcessEntry | null {
    this.reads += 1;
    this.onRead(pid);
    return this.entries.get(pid) ?? null;
  }

  command(pid: number): string {
    return `program ${pid - FIRST_PID}`;
  }
}
