/**
 * The OpenCode server of one workspace: what is wanted, what is, and the way between them.
 *
 * `start`, `stop` and `restart` are carried out one after the other, the last one wins (intents.ts). A crash is answered by crash-policy.ts. Every change
 * of state goes through the table in server-states.ts.
 */
import { randomBytes } from "node:crypto";
import type { Failure, FailureCode } from "#shared/failure.ts";
import { stoppedServer, type ServerState, type ServerStatus } from "#shared/schema/server.ts";
import type { Exit } from "#shared/schema/service.ts";
import { abortError, type Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText, toFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { OwnedProcess, ProcessKeeper } from "../process/owned.ts";
import type { FoundBinary } from "./binary.ts";
import type { OpencodeClient } from "./client.ts";
import type { ServerConnection } from "./connection.ts";
import { judgeCrash, recentCrashes } from "./crash-policy.ts";
import type { WireEvent } from "./event-stream.ts";
import { Intents, supersededError } from "./intents.ts";
import { LOG_SOURCE } from "./run-failures.ts";
import { ServerRun } from "./server-run.ts";
import { nextServerState, type ServerEvent } from "./server-states.ts";

export interface OpencodeServerOptions {
  readonly keeper: ProcessKeeper;
  /** The log of the workspace; the server's lines go to its source `opencode`. */
  readonly book: LogBook;
  readonly workspaceId: string;
  /** Real path of the workspace's folder. */
  readonly directory: string;
  readonly findBinary: (signal: AbortSignal) => Promise<FoundBinary>;
  /** The person's login shell's, whole: what of it the server gets is decided in launch.ts. Asked at each start. */
  readonly environment: () => Promise<Record<string, string>>;
  /** OpenCode configuration of ours for this start, or null. */
  readonly config: () => object | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
  readonly randomPassword?: () => string;
}

/** Failures that another start does not remove. */
const LASTING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "opencode_missing",
  "opencode_not_executable",
  "opencode_too_old",
  "opencode_unsafe",
  "command_missing",
]);

export class OpencodeServer implements ServerConnection {
  readonly #options: OpencodeServerOptions;
  readonly #random: () => number;
  readonly #changed: Emitter<ServerStatus>;
  readonly #connected: Emitter<void>;
  readonly #gone: Emitter<void>;
  readonly #event: Emitter<WireEvent>;
  #state: ServerState = "stopped";
  #failure: Failure | null = null;
  #process: OwnedProcess | null = null;
  /** Monotonic time of the spawn. */
  #spawnedAt = 0;
  #run: ServerRun | null = null;
  #generation = 0;
  #restarts = 0;
  #events = 0;
  #lastEventAt: number | null = null;
  /** Monotonic times, those of the window only. */
  #crashes: number[] = [];
  #cancelRestart: () => void = () => undefined;
  /** The end of what a crashed run left behind. */
  #sweep: Promise<unknown> = Promise.resolve();
  readonly #intents = new Intents();
  #closed = false;

  constructor(options: OpencodeServerOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    const onError = (error: unknown) =>
      options.logger.error("a listener of the server failed", { error: errorText(error) });
    this.#changed = new Emitter(onError);
    this.#connected = new Emitter(onError);
    this.#gone = new Emitter(onError);
    this.#event = new Emitter(onError);
  }

  /** Resolves when it is running. Rejects with why it is not: a failure of ours, or `cancelled` by a later stop. */
  async start(): Promise<ServerStatus> {
    await this.#request("start", false);
    return this.status();
  }

  /** Resolves when nothing of it is left. */
  async stop(): Promise<ServerStatus> {
    await this.#request("stop", false);
    return this.status();
  }

  async restart(): Promise<ServerStatus> {
    await this.#request("restart", false);
    return this.status();
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#request("stop", false);
  }

  status(): ServerStatus {
    const { clock, keeper } = this.#options;
    const process = this.#process;
    return {
      ...stoppedServer,
      state: this.#state,
      url: this.#run?.client.url ?? null,
      pid: process?.pid ?? null,
      version: this.#run?.version ?? null,
      uptimeMs: process === null ? null : Math.round(clock.monotonic() - this.#spawnedAt),
      memoryBytes: process === null ? null : (keeper.usage(process.id)?.memoryBytes ?? null),
      restarts: this.#restarts,
      events: this.#events,
      lastEventAt: this.#lastEventAt === null ? null : new Date(this.#lastEventAt).toISOString(),
      failure: this.#failure,
    };
  }

  /** Called at each change of state; counts and memory change without a call. */
  onChange(listener: (status: ServerStatus) => void): () => void {
    return this.#changed.on(listener);
  }

  client(): OpencodeClient | null {
    return this.#state === "running" ? (this.#run?.client ?? null) : null;
  }

  onConnected(listener: () => void): () => void {
    return this.#connected.on(listener);
  }

  onGone(listener: () => void): () => void {
    return this.#gone.on(listener);
  }

  onEvent(listener: (event: WireEvent) => void): () => void {
    return this.#event.on(listener);
  }

  async #request(kind: "start" | "stop" | "restart", automatic: boolean): Promise<void> {
    if (this.#closed && kind !== "stop")
      throw new AppError("cancelled", "OpenCode was not started: the server is closed.");
    await this.#intents.request(kind, async (signal) => {
      if (kind !== "start") await this.#stop();
      if (kind !== "stop") await this.#launch(signal, automatic);
    });
  }

  async #stop(): Promise<void> {
    this.#cancelRestart();
    if (this.#state === "stopped") return;
    const run = this.#run;
    this.#apply("stop");
    await this.#sweep;
    await run?.stop();
    this.#forget();
    this.#failure = null;
    this.#apply("gone");
    this.#note("Stopped.");
  }

  async #launch(signal: AbortSignal, automatic: boolean): Promise<void> {
    this.#cancelRestart();
    if (this.#state === "running") return;
    const { options: given, generation } = this.#begin(automatic);
    // Shown as soon as it is asked for; the process is then ended inside ServerRun.start.
    const onAbort = () => this.#apply("stop");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#sweep;
      const binary = await given.findBinary(signal);
      for (const reason of binary.skipped) this.#note(`Passed over: ${reason}`);
      const environment = await given.environment();
      signal.throwIfAborted();
      const password = (given.randomPassword ?? randomPassword)();
      given.book.addSecret(password);
      this.#note(`Starting ${binary.path} (${binary.version}, ${binary.source}).`);
      const { keeper, book, workspaceId, directory, clock, logger } = given;
      const run = await ServerRun.start(
        {
          keeper,
          book,
          workspaceId,
          directory,
          clock,
          logger,
          binary,
          environment,
          password,
          generation,
          config: given.config(),
          random: this.#random,
          onSpawned: (process) => this.#spawned(process),
          onEvent: (event) => this.#heard(event),
          // The first connection is announced below, when the client can be had.
          onConnected: () => this.client() !== null && this.#connected.emit(),
        },
        signal,
      );
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) {
        await run.stop();
        throw abortError();
      }
      this.#run = run;
      this.#failure = null;
      this.#apply("ready");
      void run.exited.then((exit) => this.#exited(run, exit));
      this.#note(`Ready on ${run.client.url}.`);
    } catch (error) {
      signal.removeEventListener("abort", onAbort);
      this.#forget();
      if (signal.aborted) {
        this.#apply("gone");
        throw supersededError();
      }
      this.#failed(error, automatic);
      throw error;
    }
    this.#connected.emit();
  }

  #begin(automatic: boolean): { options: OpencodeServerOptions; generation: number } {
    if (automatic) this.#restarts += 1;
    else {
      this.#restarts = 0;
      this.#crashes = [];
      this.#failure = null;
    }
    this.#events = 0;
    this.#lastEventAt = null;
    this.#generation += 1;
    this.#apply("start");
    return { options: this.#options, generation: this.#generation };
  }

  #spawned(process: OwnedProcess): void {
    this.#process = process;
    this.#spawnedAt = this.#options.clock.monotonic();
    if (this.#state === "starting") this.#apply("spawned");
  }

  #heard(event: WireEvent): void {
    this.#events += 1;
    this.#lastEventAt = this.#options.clock.now();
    this.#event.emit(event);
  }

  /** The process of a running server ended by itself, or by a hand that is not ours. */
  async #exited(run: ServerRun, exit: Exit): Promise<void> {
    if (this.#run !== run || this.#state !== "running") return;
    const error = await run.endedBecause(exit);
    // While its last lines were awaited somebody may have stopped it.
    if (this.#run !== run || this.#state !== "running") return;
    // Its tools and MCP servers may live on; the next start waits until they are gone.
    this.#sweep = run.stop();
    this.#forget();
    this.#failed(error, true);
  }

  /** It is not running although it was wanted. After a crash it is tried again, after a person's start it is not. */
  #failed(error: unknown, again: boolean): void {
    const failure = toFailure(error);
    if (failure.code === "internal")
      this.#options.logger.error("starting OpenCode failed", { error: errorText(error) });
    this.#failure = failure;
    this.#note(failure.message);
    if (again) this.#failure = { ...failure, next: this.#planRestart(failure) };
    this.#apply("failed");
  }

  /** Plans the next try, and says what comes. */
  #planRestart(failure: Failure): string | null {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#crashes = [...recentCrashes(this.#crashes, now), now];
    if (LASTING.has(failure.code) || this.#closed) return failure.next;
    const verdict = judgeCrash(this.#crashes, now, this.#random());
    if ("gaveUp" in verdict) {
      this.#note(`Given up after ${verdict.crashes} crashes in five minutes.`);
      return "It crashed again and again and is not restarted any more; look at its log, then start it.";
    }
    this.#cancelRestart = clock.after(verdict.restartInMs, () => {
      this.#request("start", true).catch((error: unknown) => {
        this.#options.logger.warn("an automatic restart failed", { error: errorText(error) });
      });
    });
    return "It is being started again.";
  }

  #forget(): void {
    const had = this.#run !== null;
    this.#run = null;
    this.#process = null;
    if (had) this.#gone.emit();
  }

  #apply(event: ServerEvent): void {
    this.#state = nextServerState(this.#state, event);
    this.#options.logger.info("server", { workspace: this.#options.workspaceId, event, state: this.#state });
    this.#changed.emit(this.status());
  }

  #note(text: string): void {
    this.#options.book.append(LOG_SOURCE, { stream: "note", text, generation: this.#generation, cut: false });
  }
}

/** 32 bytes, as text that needs no escaping anywhere. */
function randomPassword(): string {
  return randomBytes(32).toString("base64url");
}
