/**
 * From the moment a run is ready to its end, whoever brings that about: what it tells is passed on while it is the newest,
 * it is watched, and if it ends although it is wanted, its restart is planned or given up.
 */
import type { FailureCode } from "#shared/failure.ts";
import type { Exit } from "#shared/schema/service.ts";
import { AppError, errorText, toFailure } from "../lib/error.ts";
import { Restarts } from "./restarts.ts";
import type { Run, RunListeners } from "./run.ts";
import { RunNotices } from "./run-notices.ts";
import { RunWatch } from "./run-watch.ts";
import type { SampleHistory } from "./server-history.ts";
import type { ServerParts } from "./server-options.ts";
import type { ServerRecord } from "./server-record.ts";
import type { ServerVoice } from "./server-voice.ts";

/** What the supervision wants done. Each is carried out in its turn, and may be overtaken by what a person wants. */
export interface SupervisionOrders {
  /** After a crash: start it again, if nothing else is wanted by then. */
  readonly onStart: () => void;
  readonly onRestart: () => void;
  readonly onStop: () => void;
  /** There is no run any more. */
  readonly onForgotten: () => void;
}

export interface SupervisionOptions {
  readonly parts: ServerParts;
  readonly record: ServerRecord;
  readonly history: SampleHistory;
  readonly voice: ServerVoice;
  readonly orders: SupervisionOrders;
}

/** Failures that another start does not remove: after a crash they end the restarts. */
const LASTING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "opencode_missing",
  "opencode_not_executable",
  "opencode_too_old",
  "opencode_unsafe",
  "opencode_settings",
  "opencode_log_file",
  "opencode_running",
  "command_missing",
  "port_in_use",
  "not_trusted",
  "trust_changed",
  "folder_missing",
  "not_a_folder",
  "folder_unreadable",
]);

export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #record: ServerRecord;
  readonly #notices: RunNotices;
  readonly #restarts: Restarts;
  #watch: RunWatch | null = null;
  /** Why the newest run's event stream broke before it was watched; null: it did not, or is connected again. */
  #brokenEarly: string | null = null;
  #sweep: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#notices = new RunNotices(options.parts, options.record);
    this.#restarts = new Restarts(options.parts);
  }

  /** Of the run that is watched; null while there is none. */
  get watch(): RunWatch | null {
    return this.#watch;
  }

  /** The end of what a crashed run left behind. */
  get swept(): Promise<unknown> {
    return this.#sweep;
  }

  /** Nothing is restarted any more. */
  close(): void {
    this.#closed = true;
  }

  /** A restart that is planned does not take place: something else is done now. */
  cancelRestart(): void {
    this.#restarts.cancel();
  }

  /** A person starts it: earlier crashes do not count any more. */
  forgetCrashes(): void {
    this.#restarts.forget();
  }

  /** What a run tells counts only while it is the newest. */
  listeners(generation: number): RunListeners {
    this.#brokenEarly = null;
    const isNewest = () => this.#record.generation === generation;
    return {
      onSpawned: (process) => {
        if (isNewest()) this.#record.spawned(process);
      },
      onEvent: (event) => {
        if (!isNewest()) return;
        this.#record.meter.add(event);
        this.#notices.heard(event);
        this.#options.voice.event.emit(event);
      },
      onConnected: () => {
        if (!isNewest()) return;
        this.#brokenEarly = null;
        // The first connection is announced when the client can be had.
        if (!this.#record.isRunning) return;
        this.#watch?.connected();
        this.#options.voice.connected.emit();
      },
      onDisconnected: (reason) => {
        if (!isNewest()) return;
        this.#record.note(`The event stream broke (${reason}); it is being connected again.`);
        if (this.#watch === null) this.#brokenEarly = reason;
        else this.#watch.disconnected(reason);
      },
    };
  }

  /** From here on the run is watched. */
  ready(run: Run): void {
    const { parts, history, orders } = this.#options;
    this.#restarts.found();
    this.#record.ready(run);
    this.#watch = new RunWatch({
      run,
      history,
      record: this.#record,
      settings: parts.settings,
      isBusy: parts.isBusy,
      clock: parts.clock,
      usage: (id) => parts.keeper.usage(id),
      onDead: ({ code, message, details }) => this.#crashed(run, new AppError(code, message, { details })),
      onRestart: (reason) => {
        this.#record.note(`Restarting: ${reason}`);
        orders.onRestart();
      },
      onIdle: (reason) => {
        this.#record.note(`Stopping: ${reason}`);
        orders.onStop();
      },
    });
    if (this.#brokenEarly !== null) this.#watch.disconnected(this.#brokenEarly);
    this.#notices.lookInto(run);
    void run.exited.then((exit) => this.#exited(run, exit));
  }

  /**
   * A start failed, or a run ended although it was wanted.
   *
   * @param again Whether it is to be started again: not where a person asked for the start and is told why it failed.
   */
  failed(error: unknown, again: boolean): void {
    const failure = toFailure(error);
    if (failure.code === "internal") {
      this.#options.parts.logger.error("starting OpenCode failed", { error: errorText(error) });
    }
    if (!again || this.#closed || LASTING.has(failure.code)) {
      return this.#record.apply("failed", failure.message, failure);
    }
    if (this.#record.isAdopted) {
      this.#restarts.lost(this.#options.orders.onStart);
      const next = "It is not ours, so it is only looked for again and again; stop it here to end that.";
      return this.#record.apply("failed", failure.message, { ...failure, next });
    }
    const verdict = this.#restarts.crashed(this.#options.orders.onStart);
    if ("restartInMs" in verdict) {
      return this.#record.apply("failed", failure.message, { ...failure, next: "It is being started again." });
    }
    const next = "It crashed again and again and is not restarted any more; look at its log, then start it.";
    const reason = `given up after ${verdict.crashes} crashes in five minutes: ${failure.message}`;
    this.#record.apply("given_up", reason, { ...failure, next });
  }

  /** The run is over, or there never was one. @param why One sentence for people. */
  forget(why: string): void {
    this.#watch?.close();
    this.#watch = null;
    this.#notices.leave();
    if (this.#record.forget()) this.#options.voice.gone.emit(why);
    this.#options.orders.onForgotten();
  }

  /** The process of a running server ended by itself, or by a hand that is not ours. */
  async #exited(run: Run, exit: Exit): Promise<void> {
    if (this.#record.run !== run || !this.#record.isRunning) return;
    // Its signs of life are no matter any more; its last lines are still to come.
    this.#watch?.close();
    this.#crashed(run, await run.endedBecause(exit));
  }

  /** It is to be started again. What is left of it is ended first: its tools and MCP servers may live on. */
  #crashed(run: Run, error: AppError): void {
    // While its last lines were awaited somebody may have stopped it.
    if (this.#record.run !== run || !this.#record.isRunning) return;
    this.#sweep = run.stop();
    this.forget(`The server crashed: ${error.message}`);
    this.failed(error, true);
  }
}
