/**
 * The OpenCode server of one workspace: what is wanted, what is, and the way between them.
 *
 * `start`, `stop`, `restart` and `adopt` are carried out one after the other, the last one wins (intents.ts). launcher.ts
 * begins runs, run-watch.ts looks after the one that is ready, restarts.ts answers its end, and server-record.ts keeps what
 * is shown. News of a process that is not the newest any more is thrown away by its generation.
 */
import type { FailureCode } from "#shared/failure.ts";
import type { ServerHistory, ServerStatus } from "#shared/schema/server.ts";
import { defaultServerSettings, type ServerSettings } from "#shared/schema/settings.ts";
import type { Exit } from "#shared/schema/service.ts";
import { abortError } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText, toFailure } from "../lib/error.ts";
import type { TextLogs } from "../log/text-log.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import { adoptedUrl, meetAdopted, type Adoption } from "./adopted-run.ts";
import type { OpencodeClient } from "./client.ts";
import type { ServerConnection } from "./connection.ts";
import { Intents, supersededError, type Intent } from "./intents.ts";
import { Launcher, type LauncherOptions } from "./launcher.ts";
import { copyLog } from "./log-copy.ts";
import { meeting } from "./meeting.ts";
import { startOwnedRun } from "./owned-run.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { Restarts } from "./restarts.ts";
import type { Run, RunListeners } from "./run.ts";
import { RunNotices } from "./run-notices.ts";
import { RunWatch } from "./run-watch.ts";
import { SampleHistory } from "./server-history.ts";
import { ServerRecord } from "./server-record.ts";
import { ServerVoice } from "./server-voice.ts";
import { StartGate } from "./start-gate.ts";
import { PortRegistry } from "../environment/ports.ts";
import type { UpdateCheck } from "./update-check.ts";

type Shared = "keeper" | "settings" | "gate" | "ports" | "handshake" | "startRun" | "random" | "serviceVariables";

/** What is left out has a default that suits a server on its own; a host shares gate, ports and logs among its servers. */
export interface OpencodeServerOptions
  extends Omit<LauncherOptions, Shared>, Partial<Pick<LauncherOptions, Exclude<Shared, "keeper">>> {
  readonly keeper: Pick<ProcessKeeper, "spawn" | "portHolder" | "usage">;
  /** A turn runs, or a permission or question waits for a person. Left out: never. */
  readonly isBusy?: () => boolean;
  /** For the settings' log file. */
  readonly textLogs?: Pick<TextLogs, "open">;
  readonly updates?: Pick<UpdateCheck, "noticeFor">;
}

/** Failures that another start does not remove: after a crash they end the restarts, too. */
const LASTING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...([
    "opencode_missing",
    "opencode_not_executable",
    "opencode_too_old",
    "opencode_unsafe",
    "command_missing",
  ] as const),
  ...([
    "opencode_settings",
    "opencode_log_file",
    "opencode_running",
    "port_in_use",
    "not_trusted",
    "trust_changed",
  ] as const),
  ...(["folder_missing", "not_a_folder", "folder_unreadable"] as const),
]);
/** A start that a person asked for is tried once more; one that a crash brought about is repeated by restarts.ts anyway. */
const TRIES = 2;

export class OpencodeServer implements ServerConnection {
  readonly #options: OpencodeServerOptions;
  readonly #random: () => number;
  readonly #settings: () => ServerSettings;
  readonly #record: ServerRecord;
  readonly #history: SampleHistory;
  readonly #launcher: Launcher;
  readonly #restarts: Restarts;
  readonly #voice: ServerVoice;
  readonly #notices: RunNotices;
  readonly #intents = new Intents();
  #watch: RunWatch | null = null;
  /** Somebody else's server takes the place of ours until the next stop. */
  #adoption: Adoption | null = null;
  /** The end of what a crashed run left behind. */
  #sweep: Promise<unknown> = Promise.resolve();
  #closeLog: () => Promise<void> = () => Promise.resolve();
  #closed = false;

  constructor(options: OpencodeServerOptions) {
    const { clock, logger, keeper } = options;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#settings = options.settings ?? (() => defaultServerSettings);
    this.#record = new ServerRecord({ ...options, usage: (id) => keeper.usage(id) });
    const onError = (error: unknown) => logger.error("a listener of the server failed", { error: errorText(error) });
    this.#history = new SampleHistory(new Emitter<ServerHistory>(onError));
    this.#voice = new ServerVoice(onError);
    this.#notices = new RunNotices({ ...options, settings: this.#settings }, this.#record);
    this.#restarts = new Restarts({ clock, random: this.#random });
    this.#launcher = new Launcher({
      gate: new StartGate(),
      ports: new PortRegistry(),
      handshake: meeting,
      startRun: startOwnedRun,
      serviceVariables: () => ({}),
      ...options,
      settings: this.#settings,
      random: this.#random,
    });
  }

  /** Resolves when it is running. Rejects with why it is not: a failure of ours, or `cancelled` by a later stop. */
  start(): Promise<ServerStatus> {
    return this.#request("start", (signal) => this.#launch(signal, false));
  }

  /** Resolves when nothing of it is left; of one that is not ours, when it was left alone. */
  stop(): Promise<ServerStatus> {
    return this.#request("stop", () => this.#stop());
  }

  restart(): Promise<ServerStatus> {
    return this.#request("restart", (signal) => this.#relaunch(signal, false));
  }

  /**
   * Uses a server that somebody else started, on this machine's loopback, instead of one of ours. It is never ended by us.
   *
   * @throws AppError `opencode_settings` for an address that may not be used; or why it could not be met.
   */
  async adopt(adoption: Adoption): Promise<ServerStatus> {
    const target = { ...adoption, url: adoptedUrl(adoption.url) };
    this.#options.book.addSecret(target.password);
    return this.#request("adopt", async (signal) => {
      await this.#stop();
      this.#adoption = target;
      await this.#launch(signal, false);
    });
  }

  /** Calls off what is planned. */
  keep(): ServerStatus {
    this.#watch?.keep();
    return this.status();
  }

  /** Somebody uses it, so it is not idle. */
  used(): void {
    this.#watch?.used();
  }

  /** The machine woke up: nothing that happened before says anything about the server now. */
  resumed(): void {
    this.#watch?.resumed();
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
  }

  status(): ServerStatus {
    return this.#record.status();
  }

  /** Called at each change of state; counts, memory and CPU change without a call. */
  onChange(listener: (status: ServerStatus) => void): () => void {
    return this.#record.onChange(listener);
  }

  /** Calls at once with every reading kept, then with each new one. */
  history(listener: (history: ServerHistory) => void): () => void {
    return this.#history.watch(listener);
  }

  client(): OpencodeClient | null {
    return this.#record.isRunning ? (this.#record.run?.client ?? null) : null;
  }

  protocol(): Protocol | null {
    return this.#record.isRunning ? (this.#record.run?.protocol ?? null) : null;
  }

  onConnected(listener: () => void): () => void {
    return this.#voice.connected.on(listener);
  }

  onGone(listener: (why: string) => void): () => void {
    return this.#voice.gone.on(listener);
  }

  onEvent(listener: Parameters<ServerConnection["onEvent"]>[0]): () => void {
    return this.#voice.event.on(listener);
  }

  async #request(intent: Intent, work: (signal: AbortSignal) => Promise<void>): Promise<ServerStatus> {
    if (this.#closed && intent !== "stop") {
      throw new AppError("cancelled", "OpenCode was not started: the server is closed.");
    }
    await this.#intents.request(intent, work);
    return this.status();
  }

  /** Nobody asked for it and nobody awaits it. */
  #byItself(intent: Intent, work: (signal: AbortSignal) => Promise<void>): void {
    this.#request(intent, work).catch((error: unknown) => {
      this.#options.logger.warn("what was done with a server by itself failed", { intent, error: errorText(error) });
    });
  }

  async #relaunch(signal: AbortSignal, automatic: boolean): Promise<void> {
    const adoption = this.#adoption;
    await this.#stop();
    this.#adoption = adoption;
    await this.#launch(signal, automatic);
  }

  async #stop(): Promise<void> {
    this.#restarts.cancel();
    this.#adoption = null;
    if (this.#record.state === "stopped") return;
    const run = this.#record.run;
    this.#watch?.close();
    this.#record.apply("stop", "asked for");
    await this.#sweep;
    const report = await run?.stop();
    await this.#forget("The server was stopped.");
    const left = report === undefined || report.empty ? null : this.#notices.survivors(report);
    this.#record.apply("gone", left?.message ?? "nothing of it is left", left);
  }

  async #launch(signal: AbortSignal, automatic: boolean): Promise<void> {
    this.#restarts.cancel();
    if (this.#record.isRunning) return;
    if (!automatic) this.#restarts.forget();
    this.#history.reset();
    this.#record.begin(automatic, this.#adoption !== null);
    // Shown as soon as it is asked for; the process is then ended inside the launcher.
    const onAbort = () => this.#record.apply("stop", "a later request");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#sweep;
      const run = await this.#begin(automatic, signal);
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) {
        await run.stop();
        throw abortError();
      }
      this.#ready(run);
    } catch (error) {
      signal.removeEventListener("abort", onAbort);
      await this.#forget("The server was not started.");
      if (signal.aborted) {
        this.#record.apply("gone", "the start was given up");
        throw supersededError();
      }
      this.#failed(error, automatic);
      throw error;
    }
    this.#voice.connected.emit();
  }

  async #begin(automatic: boolean, signal: AbortSignal): Promise<Run> {
    const { clock, logger, directory, textLogs, book, workspaceId } = this.#options;
    const { logFile, reconnectBaseMs } = this.#settings();
    if (logFile !== null && textLogs !== undefined) {
      this.#closeLog = await copyLog(textLogs, logFile, workspaceId, book);
    }
    const adoption = this.#adoption;
    if (adoption !== null) {
      const generation = this.#record.nextGeneration();
      const handshake = this.#options.handshake ?? meeting;
      const options = { ...adoption, directory, reconnectBaseMs, handshake, clock, logger, random: this.#random };
      return meetAdopted(options, this.#listeners(generation), signal);
    }
    const listeners = {
      onAttempt: () => {
        const generation = this.#record.nextGeneration();
        return { generation, listeners: this.#listeners(generation) };
      },
      onRetry: (error: AppError) => {
        this.#record.forget();
        this.#record.apply("retry", error.message);
      },
      note: (text: string) => this.#record.note(text),
    };
    return this.#launcher.launch(automatic ? 1 : TRIES, listeners, signal);
  }

  /** What a run tells counts only while it is the newest. */
  #listeners(generation: number): RunListeners {
    const isNewest = () => this.#record.generation === generation;
    return {
      onSpawned: (process) => isNewest() && this.#record.spawned(process),
      onEvent: (event) => {
        if (!isNewest()) return;
        this.#record.meter.add(event);
        this.#notices.heard(event);
        this.#voice.event.emit(event);
      },
      onConnected: () => {
        // The first connection is announced when the client can be had.
        if (!isNewest() || !this.#record.isRunning) return;
        this.#watch?.connected();
        this.#voice.connected.emit();
      },
      onDisconnected: (reason) => {
        if (!isNewest()) return;
        this.#record.note(`The event stream broke (${reason}); it is being connected again.`);
        this.#watch?.disconnected(reason);
      },
    };
  }

  #ready(run: Run): void {
    const { keeper, isBusy = () => false, clock } = this.#options;
    const settings = this.#settings;
    this.#restarts.found();
    this.#record.ready(run);
    this.#watch = new RunWatch({
      ...{ run, settings, isBusy, clock, record: this.#record, history: this.#history },
      usage: (id) => keeper.usage(id),
      onDead: (failure) =>
        this.#crashed(run, new AppError(failure.code, failure.message, { details: failure.details })),
      onRestart: (reason) => {
        this.#record.note(`Restarting: ${reason}`);
        this.#byItself("restart", (signal) => this.#relaunch(signal, true));
      },
      onIdle: (reason) => {
        this.#record.note(`Stopping: ${reason}`);
        this.#byItself("stop", () => this.#stop());
      },
    });
    this.#notices.lookInto(run);
    void run.exited.then((exit) => this.#exited(run, exit));
  }

  /** The process of a running server ended by itself, or by a hand that is not ours. */
  async #exited(run: Run, exit: Exit): Promise<void> {
    if (this.#record.run !== run || !this.#record.isRunning) return;
    this.#crashed(run, await run.endedBecause(exit));
  }

  /** It is to be started again. What is left of it is ended first: its tools and MCP servers may live on. */
  #crashed(run: Run, error: AppError): void {
    // While its last lines were awaited somebody may have stopped it.
    if (this.#record.run !== run || !this.#record.isRunning) return;
    this.#watch?.close();
    this.#sweep = run.stop();
    void this.#forget(`The server crashed: ${error.message}`);
    this.#failed(error, true);
  }

  /** It is not running although it was wanted. After a crash it is tried again, after a person's start it is not. */
  #failed(error: unknown, again: boolean): void {
    const failure = toFailure(error);
    if (failure.code === "internal") {
      this.#options.logger.error("starting OpenCode failed", { error: errorText(error) });
    }
    if (!again || this.#closed || LASTING.has(failure.code))
      return this.#record.apply("failed", failure.message, failure);
    const restart = () => this.#byItself("start", (signal) => this.#launch(signal, true));
    if (this.#adoption !== null) {
      this.#restarts.lost(restart);
      const next = "It is not ours, so it is only looked for again and again; stop it here to end that.";
      return this.#record.apply("failed", failure.message, { ...failure, next });
    }
    const verdict = this.#restarts.crashed(restart);
    if ("restartInMs" in verdict) {
      return this.#record.apply("failed", failure.message, { ...failure, next: "It is being started again." });
    }
    const next = "It crashed again and again and is not restarted any more; look at its log, then start it.";
    const reason = `given up after ${verdict.crashes} crashes in five minutes: ${failure.message}`;
    this.#record.apply("given_up", reason, { ...failure, next });
  }

  async #forget(why: string): Promise<void> {
    this.#watch?.close();
    this.#watch = null;
    this.#notices.leave();
    this.#launcher.release();
    if (this.#record.forget()) this.#voice.gone.emit(why);
    const closeLog = this.#closeLog;
    this.#closeLog = () => Promise.resolve();
    await closeLog();
  }
}
