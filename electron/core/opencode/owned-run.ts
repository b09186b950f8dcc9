/**
 * One process of `opencode serve`, from its spawn to the last of its children. A run that has begun is always ended by
 * `stop`, also when it never became ready; there is no way back from there. launcher.ts begins runs.
 *
 * Ready means: its port is known, a request without the password is refused, one with it is answered, and the event stream
 * is connected. Before that nothing is asked of it.
 */
import type { Exit } from "#shared/schema/service.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { OwnedProcess, ProcessKeeper, StopReport } from "../process/owned.ts";
import type { FoundBinary } from "./binary.ts";
import { listensEverywhere } from "../process/wildcard-listener.ts";
import { OpencodeClient } from "./client.ts";
import { openEvents, type EventConnection } from "./event-connection.ts";
import type { Handshake } from "./meeting.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { ReadyLines } from "./ready-lines.ts";
import type { Run, RunListeners } from "./run.ts";
import {
  exitError,
  exposedError,
  lateError,
  LOG_SOURCE,
  readyUrl,
  withLastLines,
  type Progress,
} from "./run-failures.ts";

/** Between two tries to reach the port it named; a refusal costs less than a millisecond. */
const RETRY_MS = 25;
/** Measured: 4 ms, and 2 s with a child that ignores the end of its input. */
const DISPOSE_MS = 5_000;
/** OpenCode's own npm install can swallow the first SIGTERM for as long as it lives; a second one ends it (measured). */
const TERM_AGAIN_MS = 1_500;

export interface OwnedRunOptions {
  readonly keeper: Pick<ProcessKeeper, "spawn">;
  readonly book: LogBook;
  readonly workspaceId: string;
  readonly directory: string;
  readonly binary: Pick<FoundBinary, "path">;
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** The port in `argv`. */
  readonly port: number;
  readonly password: string;
  readonly generation: number;
  /** From the spawn to ready. */
  readonly startupMs: number;
  readonly stopGraceMs: number;
  readonly reconnectBaseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Which generation of the protocol a line of its stdout, and then its answers, belong to. */
  readonly handshake: Handshake;
}

/** Rejects with the reason it did not become ready; by then nothing of it is left. */
export async function startOwnedRun(
  options: OwnedRunOptions,
  listeners: RunListeners,
  signal: AbortSignal,
): Promise<Run> {
  const lines = new ReadyLines(options.handshake);
  const process = await options.keeper.spawn({
    kind: "server",
    name: LOG_SOURCE,
    workspace: options.workspaceId,
    argv: options.argv,
    cwd: options.directory,
    env: options.environment,
    graceMs: options.stopGraceMs,
    repeatAfterMs: TERM_AGAIN_MS,
    ports: [options.port],
    onLine: (stream, text, cut) => {
      const password = stream === "stdout" ? lines.add(text) : null;
      if (password !== null) options.book.addSecret(password);
      return options.book.append(LOG_SOURCE, { stream, text, generation: options.generation, cut });
    },
  });
  const run = new OwnedRun(options, listeners, process);
  try {
    listeners.onSpawned(process);
    await run.becomeReady(lines, signal);
    return run;
  } catch (error) {
    await run.stop();
    throw error;
  }
}

type Reached = { readonly client: OpencodeClient; readonly protocol: Protocol; readonly version: string };

class OwnedRun implements Run {
  readonly process: OwnedProcess;
  readonly exited: Promise<Exit>;
  readonly #options: OwnedRunOptions;
  readonly #listeners: RunListeners;
  #reached: Reached | null = null;
  #events: EventConnection | null = null;
  #hasExited = false;

  constructor(options: OwnedRunOptions, listeners: RunListeners, process: OwnedProcess) {
    this.#options = options;
    this.#listeners = listeners;
    this.process = process;
    this.exited = process.exited;
    void process.exited.then(() => (this.#hasExited = true));
  }

  get client(): OpencodeClient {
    return this.#ready().client;
  }

  get protocol(): Protocol {
    return this.#ready().protocol;
  }

  get version(): string {
    return this.#ready().version;
  }

  async becomeReady(lines: ReadyLines, signal: AbortSignal): Promise<void> {
    const options = this.#options;
    const died = this.exited.then(async (exit) => {
      await this.process.drained;
      throw exitError(options, exit, "ended before it was ready");
    });
    // It ends at some time in any case; only while the race below is on does that matter.
    died.catch(() => undefined);
    const progress: Progress = { url: null, answered: false, error: null };
    // Of one that died nobody must go on asking whoever has its port by now.
    const over = new AbortController();
    try {
      await withDeadline(options.clock, options.startupMs, "OpenCode to be ready", signal, (waiting) =>
        Promise.race([died, this.#reach(lines, progress, AbortSignal.any([waiting, over.signal]))]),
      );
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw error.code === "timeout" ? lateError(options, progress, options.startupMs) : withLastLines(options, error);
    } finally {
      over.abort();
    }
  }

  async endedBecause(exit: Exit): Promise<AppError> {
    await this.process.drained;
    return exitError(this.#options, exit, "ended by itself");
  }

  /** Ends it and everything it started. On one that has ended already it sweeps what that one left. */
  async stop(): Promise<StopReport> {
    const { logger, stopGraceMs } = this.#options;
    // Not to whoever may have its port by now.
    if (this.#reached !== null && !this.#hasExited) {
      const { client, protocol } = this.#reached;
      try {
        await protocol.dispose(client, DISPOSE_MS);
      } catch (error) {
        logger.debug("dispose failed; signals do the rest", { error: errorText(error) });
      }
    }
    await this.#events?.close();
    const report = await this.process.stop({ graceMs: stopGraceMs });
    this.#reached?.client.end();
    await this.process.drained;
    return report;
  }

  /** Again and again until it is: it may say where it listens before it does. */
  async #reach(lines: ReadyLines, progress: Progress, signal: AbortSignal): Promise<void> {
    const { clock, directory } = this.#options;
    while (true) {
      const heard = await lines.latest(signal);
      const url = readyUrl(this.#options, heard.line);
      progress.url = url;
      const password = lines.password ?? this.#options.password;
      const client = new OpencodeClient({ url, password, directory, clock });
      try {
        await Promise.all([this.#checkExposure(url), this.#options.handshake.refuseStrangers(client, signal)]);
        this.#reached = await this.#meet(client, heard.protocol, progress, signal);
        return;
      } catch (error) {
        await this.#events?.close();
        client.end();
        signal.throwIfAborted();
        if (!(error instanceof AppError)) throw error;
        // Another answer will not come of asking again, unless it has moved meanwhile.
        const hasMoved = readyUrl(this.#options, (await lines.latest(signal)).line) !== url;
        if (error.code !== "opencode_unreachable" && !hasMoved) throw error;
        progress.error = error;
        await sleep(clock, RETRY_MS, signal);
      }
    }
  }

  /** Health and events are asked for at once: each takes OpenCode some ten ms the first time. */
  async #meet(client: OpencodeClient, hint: Protocol, progress: Progress, signal: AbortSignal): Promise<Reached> {
    const events = (protocol: Protocol) => {
      // Given up meanwhile: `stop` has closed what was open, and nobody would close what is opened now.
      signal.throwIfAborted();
      return openEvents({ ...this.#options, client, protocol, listeners: this.#listeners });
    };
    this.#events = events(hint);
    const { protocol, version } = await this.#options.handshake.meet(client, hint, signal);
    progress.answered = true;
    if (protocol !== hint) {
      await this.#events.close();
      this.#events = events(protocol);
    }
    await this.#events.connected(signal);
    return { client, protocol, version };
  }

  async #checkExposure(url: string): Promise<void> {
    if (await listensEverywhere(Number(new URL(url).port))) throw exposedError(this.#options, url);
  }

  #ready(): Reached {
    if (this.#reached === null) throw new Error("asked of a server that is not ready");
    return this.#reached;
  }
}
