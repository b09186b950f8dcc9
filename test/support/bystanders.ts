/** Innocent processes that stand next to what a fault case does. Whoever harms one is found out. */
import { type ChildProcess, spawn } from "node:child_process";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import { markerName } from "../../electron/core/process/marker.ts";

const source = systemProcesses();

export interface Bystanders {
  readonly pids: readonly number[];
  /** What happened to them, for people; empty when they are as they were. */
  harm(): string[];
  end(): Promise<void>;
}

/** A long sleep in a session of its own, one that carries the marker of another home, and one in our own group. */
export function placeBystanders(): Bystanders {
  const path = process.env["PATH"] ?? "/usr/bin:/bin";
  const placed = [
    place("in a session of its own", true, { PATH: path }),
    place("with the marker of another home", true, { PATH: path, [markerName]: "0123456789abcdef.run-1.stranger" }),
    place("in our own process group", false, { PATH: path }),
  ];
  return {
    pids: placed.map(({ pid }) => pid),
    harm: () => placed.flatMap((bystander) => bystander.harm() ?? []),
    async end() {
      await Promise.all(placed.map(({ end }) => end()));
    },
  };
}

function place(what: string, detached: boolean, env: Record<string, string>) {
  const child: ChildProcess = spawn("sleep", ["86400"], { detached, env, stdio: "ignore" });
  const pid = child.pid ?? 0;
  const startTime = source.read(pid)?.startTime;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid,
    harm(): string | null {
      const now = source.read(pid);
      const how = `the bystander ${what} (pid ${pid})`;
      if (now === null || now.dead) return `${how} is dead (code ${child.exitCode}, signal ${child.signalCode})`;
      return now.startTime === startTime ? null : `${how} is another process now`;
    },
    async end(): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await gone;
    },
  };
}
