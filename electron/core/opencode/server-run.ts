/**
 * One process of `opencode serve`, from its spawn to the last of its children. A run that has begun is always ended by
 * `stop`, also when it never became ready; there is no way back from there. server.ts decides about runs.
 *
 * Ready means: its port is known, a request without the password is refused, one with it is answered, and the event stream
 * is connected. Before that nothing is asked of it.
 */
import type { Exit } from "#shared/schema/service.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { AppError, errorText, isAbort } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { OwnedProcess, ProcessKeeper, StopReport } from "../process/owned.ts";
import type { FoundBinary } from "./binary.ts";
import { healthSchema, OpencodeClient } from "./client.ts";
import { runEventStream, type WireEvent } from "./event-stream.ts";
import { launchArguments, launchEnvironment } from "./launch.ts";
import { parseReadyLine, type ReadyLine } from "./ready-line.ts";
import { exitError, lateError, LOG_SOURCE, READY_MS, readyUrl, type Progress } from "./run-failures.ts";

/** Between two tries to reach the port it named. */
const RETRY_MS = 100;
/** Measured: 4 ms, and 2 s with a child that ignores the end of its input. */
const DISPOSE_MS = 5_000;
/**
 * From SIGTERM to SIGKILL. OpenCode has no handler: it ends within 110 ms, except that its own npm install can swallow the
 * first SIGTERM for as long as it lives (a second one would end it; the keeper sends only one). By then its turns are
 * aborted and its children ended by `dispose`, and its database survives SIGKILL, so three seconds are enough.
 */
export const STOP_GRACE_MS = 3_000;

export interface RunOptions {
  readonly keeper: ProcessKeeper;
  readonly book: LogBook;
  readonly workspaceId: string;
  readonly directory: string;
  readonly binary: FoundBinary;
  readonly environment: Readonly<Record<string, string>>;
  readonly config: object | null;
  readonly password: string;
  readonly generation: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly onSpawned: (process: OwnedProcess) => void;
  readonly onEvent: (event: WireEvent) => void;
  readonly onConnected: () => void;
}

export class ServerRun {
  readonly client: OpencodeClient;
  readonly version: string;
  readonly exited: Promise<Exit>;
  readonly #parts: Parts;

  private constructor(parts: Parts, client: OpencodeClient, version: string) {
    this.#parts = parts;
    this.client = client;
    this.version = version;
    this.exited = parts.process.exited;
  }

  /** Rejects with the reason it did not become ready; by then nothing of it is left. */
  static async start(options: RunOptions, signal: AbortSignal): Promise<ServerRun> {
    const lines = new ReadyLines();
    const process = await options.keeper.spawn({
      kind: "server",
      name: LOG_SOURCE,
      workspace: options.workspaceId,
      argv: launchArguments(options.binary.path),
      cwd: options.directory,
      env: launchEnvironment({ base: options.environment, password: options.password, config: options.config }),
      graceMs: STOP_GRACE_MS,
      ports: [],
      onLine: (stream, text, cut) => {
        options.book.append(LOG_SOURCE, { stream, text, generation: options.generation, cut });
        if (stream === "stdout") lines.add(text);
      },
    });
    const parts: Parts = {
      options,
      process,
      ending: new AbortController(),
      stream: Promise.resolve(),
      hasExited: false,
    };
    void process.exited.then(() => (parts.hasExited = true));
    try {
      options.onSpawned(process);
      const { client, version } = await becomeReady(parts, lines, signal);
      return new ServerRun(parts, client, version);
    } catch (error) {
      await endRun(parts, null);
      throw error;
    }
  }

  /** Why it ended by itself, with its last lines. */
  async endedBecause(exit: Exit): Promise<AppError> {
    await this.#parts.process.drained;
    return exitError(this.#parts.options, exit, "ended by itself");
  }

  /** Ends it and everything it started. On one that has ended already it sweeps what that one left. */
  stop(): Promise<StopReport> {
    return endRun(this.#parts, this.client);
  }
}

type Parts = {
  readonly options: RunOptions;
  readonly process: OwnedProcess;
  /** Ends the event stream. */
  readonly ending: AbortController;
  /** Settles when the event stream has ended. */
  stream: Promise<void>;
  hasExited: boolean;
};

async function becomeReady(
  parts: Parts,
  lines: ReadyLines,
  signal: AbortSignal,
): Promise<{ client: OpencodeClient; version: string }> {
  const { options, process } = parts;
  const died = process.exited.then(async (exit) => {
    await process.drained;
    throw exitError(options, exit, "ended before it was ready");
  });
  // It ends at some time in any case; only while the race below is on does that matter.
  died.catch(() => undefined);
  const progress: Progress = { last: null };
  try {
    return await withDeadline(options.clock, READY_MS, "OpenCode to be ready", signal, (waiting) =>
      Promise.race([died, reach(parts, lines, progress, waiting)]),
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "timeout") throw error;
    throw lateError(options, progress);
  }
}

async function reach(parts: Parts, lines: ReadyLines, progress: Progress, signal: AbortSignal) {
  const { options } = parts;
  while (true) {
    const url = readyUrl(options, await lines.latest(signal));
    progress.last = { url, error: progress.last?.error ?? null };
    const { password, directory, clock } = options;
    const client = new OpencodeClient({ url, password, directory, clock });
    try {
      const version = await checkAnswers(client, signal);
      await connectEvents(parts, client, signal);
      return { client, version };
    } catch (error) {
      if (isAbort(error) || !(error instanceof AppError)) throw error;
      // Not up yet, or a later line names another port; anything else does not get better by waiting.
      if (error.code !== "opencode_unreachable" && readyUrl(options, await lines.latest(signal)) === url) throw error;
      progress.last = { url, error };
      await sleep(clock, RETRY_MS, signal);
    }
  }
}

/** Answers its version. The stranger asks first, so that our password goes only to a server that wants one. */
async function checkAnswers(client: OpencodeClient, signal: AbortSignal): Promise<string> {
  if (!(await client.refusesStrangers(signal))) {
    throw new AppError("opencode_unsafe", `${client.url} answers without the password: any web page could drive it.`, {
      next: "Use the bundled OpenCode: leave its path in the settings empty.",
      details: { url: client.url },
    });
  }
  return (await client.call({ method: "GET", path: "/global/health", answer: healthSchema, signal })).version;
}

/** Resolves when the first event is here. The stream then lives until the run ends. */
function connectEvents(parts: Parts, client: OpencodeClient, signal: AbortSignal): Promise<void> {
  const { options } = parts;
  return new Promise((resolve, reject) => {
    const give = () => parts.ending.abort();
    signal.addEventListener("abort", give, { once: true });
    const work = runEventStream({
      client,
      clock: options.clock,
      logger: options.logger,
      random: options.random,
      onEvent: options.onEvent,
      onConnected: () => {
        signal.removeEventListener("abort", give);
        resolve();
        options.onConnected();
      },
      onDisconnected: (reason) => note(options, `The event stream broke (${reason}); it is being connected again.`),
      signal: parts.ending.signal,
    });
    parts.stream = work.catch((error: unknown) => {
      if (!isAbort(error)) options.logger.error("the event stream of OpenCode ended", { error: errorText(error) });
      reject(error instanceof Error ? error : new Error(errorText(error)));
    });
  });
}

async function endRun(parts: Parts, client: OpencodeClient | null): Promise<StopReport> {
  const { options } = parts;
  // Not to whoever may have its port by now.
  if (client !== null && !parts.hasExited) {
    try {
      // Aborts its turns and ends the trees of its tools and MCP servers, which a signal would leave behind.
      await client.call({ method: "POST", path: "/global/dispose", answer: null, deadlineMs: DISPOSE_MS });
    } catch (error) {
      options.logger.debug("dispose failed; signals do the rest", { error: errorText(error) });
    }
  }
  parts.ending.abort();
  await parts.stream;
  const report = await parts.process.stop({ graceMs: STOP_GRACE_MS });
  await parts.process.drained;
  if (!report.empty) {
    const names = report.survivors.map((survivor) => `${survivor.command} (pid ${survivor.pid})`).join(", ");
    note(options, `Could not end: ${names}.`);
    options.logger.warn("processes of OpenCode survived", { survivors: report.survivors });
  }
  return report;
}

function note(options: RunOptions, text: string): void {
  options.book.append(LOG_SOURCE, { stream: "note", text, generation: options.generation, cut: false });
}

/** The ready lines of a process, the newest of which counts. */
class ReadyLines {
  #latest: ReadyLine | null = null;
  readonly #waiting = new Set<() => void>();

  add(text: string): void {
    const line = parseReadyLine(text);
    if (line === null) return;
    this.#latest = line;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async latest(signal: AbortSignal): Promise<ReadyLine> {
    if (this.#latest === null) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    }
    if (this.#latest === null) throw new Error("woken without a line");
    return this.#latest;
  }
}
