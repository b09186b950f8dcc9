/** Runs one short docker command: argv, no shell, a deadline, bounded output. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { signalGroup } from "../process/signals.ts";
import { systemProcesses } from "../process/system-processes.ts";

export interface CommandResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  /** The newest part, where there was much. */
  readonly stderr: string;
}

export interface CommandInput {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** For the error at the deadline: `docker compose up db`. */
  readonly what: string;
  readonly onLine?: (text: string) => void;
}

const MAX_STDOUT = 4 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;
/** A line that is longer is passed on in pieces. */
const MAX_LINE = 16 * 1024;

/**
 * Runs it to its end.
 *
 * @throws AppError `timeout` at the deadline; an AbortError when `signal` aborts; the system's error where it cannot be
 * started (`ENOENT`). In each case the command has been killed.
 */
export function runCommand(input: CommandInput, clock: Clock, signal?: AbortSignal): Promise<CommandResult> {
  const { argv, cwd, env, deadlineMs, what, onLine } = input;
  return withDeadline(
    clock,
    deadlineMs,
    what,
    signal,
    (ended) =>
      new Promise((resolve, reject) => {
        const [program, ...rest] = argv;
        // A group of its own: docker leaves its work to plug-ins, which would go on with it when docker alone is killed.
        const child = spawn(program, rest, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
        const kill = () => endGroup(child);
        ended.addEventListener("abort", kill, { once: true });
        let stdout = "";
        let stderr = "";
        let line = "";
        const tell = (text: string) => {
          if (onLine === undefined) return;
          const lines = (line + text).split(/\r\n|\n|\r/);
          line = lines.pop() ?? "";
          for (const complete of lines) if (complete.trim() !== "") onLine(complete);
          if (line.length > MAX_LINE) {
            onLine(line);
            line = "";
          }
        };
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout = (stdout + text).slice(0, MAX_STDOUT);
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr = (stderr + text).slice(-MAX_STDERR);
          tell(text);
        });
        child.once("error", (error) => {
          ended.removeEventListener("abort", kill);
          reject(error);
        });
        child.once("close", (code) => {
          ended.removeEventListener("abort", kill);
          if (line.trim() !== "") onLine?.(line);
          resolve({ code, stdout, stderr });
        });
      }),
  );
}

function endGroup(child: ChildProcess): void {
  // Not yet waited for, so that its number cannot belong to anybody else.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const source = systemProcesses();
  const leader = source.read(child.pid);
  if (leader !== null) signalGroup(source, leader, "SIGKILL");
}
