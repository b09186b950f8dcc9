/**
 * The OpenCode server of one workspace: what is wanted, what is, and the way between them.
 *
 * `start`, `stop`, `restart` and `adopt` are carried out one after the other, the last one wins (intents.ts). launcher.ts
 * begins runs, supervision.ts looks after the one that is ready and answers its end, and server-record.ts keeps what is
 * shown. News of a process that is not the newest any more is thrown away by its generation.
 */
import type { ServerHistory, ServerStatus } from "#shared/schema/server.ts";
import { abortError } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import { adoptedUrl, meetAdopted, type Adoption } from "./adopted-run.ts";
import type { OpencodeClient } from "./client.ts";
import type { ServerConnection } from "./connection.ts";
import { Intents, supersededError, type Intent } from "./intents.ts";
import { Launcher } from "./launcher.ts";
import { copyLog } from "../log/log-copy.ts";
import type { Attention } from "../process/owned.ts";
import type { Protocol } from "./protocol/protocol.ts";
import type { Run } from "./run.ts";
import { LOG_SOURCE, survivorsFailure } from "./run-failures.ts";
import { SampleHistory } from "./server-history.ts";
import { serverParts, type OpencodeServerOptions, type ServerParts } from "./server-options.ts";
import { ServerRecord } from "./server-record.ts";
import { ServerVoice } from "./server-voice.ts";
import { Supervision } from "./supervision.ts";

/** A start that a person asked for is tried once more; one that a crash brought about is repeated anyway. */
const TRIES = 2;

type Work = (signal: AbortSignal) => Promise<void>;

export class OpencodeServer implements ServerConnection {
  readonly #parts: ServerParts;
  readonly #record: ServerRecord;
  readonly #history: SampleHistory;
  readonly #launcher: Launcher;
  readonly #voice: ServerVoice;
  readonly #supervision: Supervision;
  readonly #intents = new Intents();
  /** Somebody else's server takes the place of ours until the next stop. */
  #adoption: Adoption | null = null;
  #closeLog: () => Promise<void> = () => Promise.resolve();
  #logClosed: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: OpencodeServerOptions) {
    const parts = serverParts(options);
    const onError = (error: unknown) =>
      parts.logger.error("a listener of the server failed", { error: errorText(error) });
    this.#parts = parts;
    this.#record = new ServerRecord({ ...parts, usage: (id, attention) => parts.keeper.usage(id, attention) });
    this.#history = new SampleHistory(new Emitter<ServerHistory>(onError));
    this.#voice = new ServerVoice(onError);
    this.#launcher = new Launcher(parts);
    this.#supervision = new Supervision({
      parts,
      record: this.#record,
      history: this.#history,
      voice: this.#voice,
      orders: {
        onStart: () => this.#byItself("start", (signal) => this.#launch(signal, true)),
        onRestart: () => this.#byItself("restart", (signal) => this.#relaunch(signal, true)),
        onStop: () => this.#byItself("stop", () => this.#stop()),
        onForgotten: () => this.#forgotten(),
      },
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
    if (target.password !== "") this.#parts.book.addSecret(target.password);
    return this.#request("adopt", async (signal) => {
      await this.#stop();
      this.#adoption = target;
      await this.#launch(signal, false);
    });
  }

  /** Calls off what is planned. */
  keep(): ServerStatus {
    this.#supervision.watch?.keep();
    return this.status();
  }

  /** Somebody uses it, so it is not idle. */
  used(): void {
    this.#supervision.watch?.used();
  }

  /** The machine woke up: nothing that happened before says anything about the server now. */
  resumed(): void {
    this.#supervision.watch?.resumed();
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#supervision.close();
    await this.stop();
  }

  status(attention?: Attention): ServerStatus {
    return this.#record.status(attention);
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

  async #request(intent: Intent, work: Work): Promise<ServerStatus> {
    if (this.#closed && intent !== "stop") {
      throw new AppError("cancelled", "OpenCode was not started: the server is closed.");
    }
    await this.#intents.request(intent, work);
    return this.status();
  }

  /** Nobody asked for it and nobody awaits it. What a person asked for meanwhile comes first, and makes it void. */
  #byItself(intent: Intent, work: Work): void {
    this.#request(intent, work).catch((error: unknown) => {
      this.#parts.logger.warn("what was done with a server by itself failed", { intent, error: errorText(error) });
    });
  }

  async #relaunch(signal: AbortSignal, automatic: boolean): Promise<void> {
    const adoption = this.#adoption;
    await this.#stop();
    this.#adoption = adoption;
    await this.#launch(signal, automatic);
  }

  async #stop(): Promise<void> {
    this.#supervision.cancelRestart();
    this.#adoption = null;
    if (this.#record.state === "stopped") return;
    const run = this.#record.run;
    this.#supervision.watch?.close();
    this.#record.apply("stop", "asked for");
    await this.#supervision.swept;
    const report = await run?.stop();
    this.#supervision.forget("The server was stopped.");
    await this.#logClosed;
    const left = report === undefined || report.empty ? null : survivorsFailure(report);
    this.#record.apply("gone", left?.message ?? "nothing of it is left", left);
  }

  async #launch(signal: AbortSignal, automatic: boolean): Promise<void> {
    // A restart may have been overtaken while it stopped the one before.
    if (signal.aborted) throw supersededError();
    this.#supervision.cancelRestart();
    if (this.#record.isRunning) return;
    if (!automatic) this.#supervision.forgetCrashes();
    this.#history.reset();
    this.#record.begin(automatic, this.#adoption !== null);
    // Shown as soon as it is asked for; the process is then ended inside the launcher.
    const onAbort = () => this.#record.apply("stop", "a later request");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#supervision.swept;
      const run = await this.#begin(automatic, signal);
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) {
        await run.stop();
        throw abortError();
      }
      this.#supervision.ready(run);
    } catch (error) {
      signal.removeEventListener("abort", onAbort);
      this.#supervision.forget("The server was not started.");
      if (signal.aborted) {
        // What a crash before had left to say is settled by whoever gave it up.
        this.#record.apply("gone", "the start was given up", null);
        throw supersededError();
      }
      this.#supervision.failed(error, automatic);
      throw error;
    }
    this.#voice.connected.emit();
  }

  async #begin(automatic: boolean, signal: AbortSignal): Promise<Run> {
    const { settings, textLogs, book, workspaceId } = this.#parts;
    const { logFile, reconnectBaseMs } = settings();
    if (logFile !== null && textLogs !== null) {
      this.#closeLog = await copyLog(textLogs, logFile, workspaceId, book, LOG_SOURCE);
    }
    const onAttempt = () => {
      const generation = this.#record.nextGeneration();
      return { generation, listeners: this.#supervision.listeners(generation) };
    };
    const adoption = this.#adoption;
    if (adoption !== null) {
      return meetAdopted({ ...this.#parts, ...adoption, reconnectBaseMs }, onAttempt().listeners, signal);
    }
    const onRetry = (error: AppError) => {
      this.#record.forget();
      this.#record.apply("retry", error.message);
    };
    const note = (text: string) => this.#record.note(text);
    return this.#launcher.launch(automatic ? 1 : TRIES, { onAttempt, onRetry, note }, signal);
  }

  #forgotten(): void {
    this.#launcher.release();
    this.#logClosed = this.#closeLog();
    this.#closeLog = () => Promise.resolve();
  }
}
