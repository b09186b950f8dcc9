/** The parts every benchmark of servers runs with: the real OpenCode, our built guardian, and what /proc says. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { bundledBinaries, thisMachine } from "../../electron/core/opencode/bundled.ts";

/** Benchmarks are run from the top of the checkout (build/bench.mjs). */
export const top = process.cwd();
/** The one the app would take where none is installed. */
export const opencodeBinary = bundledBinaries(thisMachine())[0] ?? missing("opencode-ai");
export const builtGuardian = join(top, "out", "main", "guardian.js");
export const builtHost = join(top, "out", "main", "headless.js");

/** Linux counts a process's CPU time in ticks of this many ms. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

export interface ProcessCost {
  /** User and system time since its start, in ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly fds: number;
}

/** Of one process, its children not included. Throws where it is gone. */
export function costOf(pid: number): ProcessCost {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const resident = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssBytes: resident * PAGE_BYTES,
    fds: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Processes whose command line contains all of the texts, whose environment contains `marker`. */
export function processesOf(marker: string, ...words: readonly string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return (
          words.every((word) => command.includes(word)) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(marker)
        );
      } catch {
        // It has ended meanwhile, or is somebody else's.
        return false;
      }
    });
}

/** A port that was free a moment ago, for programs that must be told one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A program without output, to its end; answers with its code, 1 for a signal. */
export function runSilently(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: "ignore" }).once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function missing(name: string): never {
  throw new Error(`${name} is not installed for this machine: run npm ci.`);
}
