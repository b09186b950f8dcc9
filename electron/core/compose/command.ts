/** Runs one short docker command: argv, no shell, a deadline, bounded output. */
import { spawn } from "node:child_process";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";

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
        const child = spawn(program, rest, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
        const kill = () => child.kill("SIGKILL");
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
