import { closeSync, constants, openSync } from "node:fs";
import { access, stat } from "node:fs/promises";
import { execa } from "execa";
import { type Clock, sleep } from "../lib/clock.ts";
import { AppError, errorText, systemCode } from "../lib/error.ts";

export interface StartRequest {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const options = {
  // Only what the caller gives; execa would add our own environment.
  extendEnv: false,
  // A session and process group of its own, with the child as leader.
  detached: true,
  // Ending it is our job, in order and with grace; execa would kill the one process on exit.
  cleanup: false,
  stdin: "ignore",
  stdout: "pipe",
  stderr: "pipe",
  buffer: false,
  reject: false,
  preferLocal: false,
  shell: false,
} as const;

const launch = ({ argv: [file, ...rest], cwd, env }: StartRequest) => execa(file, rest, { ...options, cwd, env });

export type Child = ReturnType<typeof launch>;

/** The machine was out of processes or file descriptors for a moment: wait and try again. In ms. */
const retryDelays: readonly number[] = [100, 300, 900];

/**
 * Starts a program. Between the start and the return nothing else runs, so the caller can attach its listeners before any
 * event of the child. `turn` is awaited
 * before each try but the first: a start holds up the event loop for some ms. @throws AppError `spawn_failed` or `command_missing`; then nothing runs.
 */
export async function startChild(
  request: StartRequest,
  clock: Clock,
  signal: AbortSignal,
  turn: () => Promise<void>,
): Promise<{ readonly child: Child; readonly pid: number }> {
  for (const delay of [...retryDelays, null]) {
    signal.throwIfAborted();
    const started = start(request);
    if ("pid" in started) return started;
    const error = await started.failure;
    const code = systemCode(error);
    const exhausted = code === "EAGAIN" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM";
    if (!exhausted || delay === null) throw await startError(request, error);
    await sleep(clock, delay, signal);
    await turn();
  }
  throw new Error("unreachable: the last round throws");
}

function start(request: StartRequest): { child: Child; pid: number } | { failure: Promise<unknown> } {
  try {
    checkFileDescriptors();
    const child = launch(request);
    if (child.pid !== undefined) return { child, pid: child.pid };
    return { failure: child.then((result) => result.cause ?? result) };
  } catch (error) {
    return { failure: Promise.resolve(error) };
  }
}

/** Two pipes, a null device and what the fork itself needs, with as much again for what opens files meanwhile. */
const neededDescriptors = 16;

/**
 * Without free file descriptors a child gets no pipes, execa then throws before it listens to the child, and the child's
 * error event that nobody hears would end the host. @throws the system's EMFILE or ENFILE.
 */
function checkFileDescriptors(): void {
  const opened: number[] = [];
  try {
    for (let count = 0; count < neededDescriptors; count += 1) opened.push(openSync("/dev/null", "r"));
  } finally {
    for (const file of opened) closeSync(file);
  }
}

/** Asked once a start has failed, and not before each: it is two trips to the disk, and the system's own word says little. */
async function folderProblem(cwd: string): Promise<string | null> {
  try {
    if (!(await stat(cwd)).isDirectory()) return "it is not a folder";
    await access(cwd, constants.X_OK);
    return null;
  } catch (error) {
    return systemCode(error) === "ENOENT" ? "it does not exist" : `it cannot be entered (${errorText(error)})`;
  }
}

async function startError({ argv, cwd }: StartRequest, error: unknown): Promise<AppError> {
  const problem = await folderProblem(cwd);
  if (problem !== null) {
    return new AppError("spawn_failed", `Tried to start a program in ${cwd}, but ${problem}.`, {
      next: "Check the working directory of the service.",
      details: { cwd },
      cause: error,
    });
  }
  const program = argv[0];
  const code = systemCode(error);
  const details = { program, cwd, system: code };
  if (code === "ENOENT") {
    // Of a script it may also be the interpreter in its first line that is missing; the system tells only this much.
    return new AppError("command_missing", `Tried to start ${program} in ${cwd}, but there is no such program.`, {
      next: `Install ${program}, or correct the command or PATH.`,
      details,
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new AppError("command_missing", `Tried to start ${program} in ${cwd}, but it may not be run.`, {
      next: `Make it executable: chmod +x ${program}`,
      details,
      cause: error,
    });
  }
  if (code === "EAGAIN" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM") {
    return new AppError("spawn_failed", `Tried to start ${program}, but the system has no room for more (${code}).`, {
      next: "Stop something, or raise the limit of processes or open files.",
      details,
      cause: error,
    });
  }
  return new AppError(
    "spawn_failed",
    `Tried to start ${program} in ${cwd}, but the system refused: ${errorText(error)}`,
    {
      details,
      cause: error,
    },
  );
}
