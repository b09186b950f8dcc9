/**
 * The way from "it is wanted" to a run that is ready: binary, environment, port, spawn, handshake. What another try can
 * remove is tried once more; what nobody but a person can remove is told at once.
 */
import { randomBytes } from "node:crypto";
import type { FailureCode } from "#shared/failure.ts";
import type { ServerSettings } from "#shared/schema/settings.ts";
import { abortError, sleep, type Clock } from "../lib/clock.ts";
import { AppError, errorText, isAbort } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { PortRegistry } from "../environment/ports.ts";
import type { LogBook } from "../log/types.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import type { FoundBinary } from "./binary.ts";
import { describeEnvironment, launchArguments, launchEnvironment, launchUrl } from "./launch.ts";
import type { Handshake } from "./meeting.ts";
import type { OwnedRunOptions } from "./owned-run.ts";
import type { Run, RunListeners } from "./run.ts";
import type { PortChooser } from "./server-port.ts";
import type { StartGate } from "./start-gate.ts";

export type StartRun = (options: OwnedRunOptions, listeners: RunListeners, signal: AbortSignal) => Promise<Run>;

export interface LauncherOptions {
  readonly keeper: Pick<ProcessKeeper, "spawn">;
  readonly book: LogBook;
  readonly workspaceId: string;
  /** Real path of the workspace's folder. */
  readonly directory: string;
  readonly findBinary: (signal: AbortSignal) => Promise<FoundBinary>;
  /** The person's login shell's, whole: what of it the server gets is decided in launch.ts. Asked at each start. */
  readonly environment: () => Promise<Record<string, string>>;
  /** Where the services of the workspace's environment are, as variables. */
  readonly serviceVariables: () => Readonly<Record<string, string>>;
  /** OpenCode configuration of ours for this start, or null. */
  readonly config: () => object | null;
  readonly settings: () => ServerSettings;
  readonly ports: PortRegistry;
  readonly portChooser: PortChooser;
  readonly gate: StartGate;
  readonly handshake: Handshake;
  readonly startRun: StartRun;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** For tests. */
  readonly randomPassword?: (() => string) | undefined;
}

/** What the launcher tells while it is at work. */
export interface LaunchListeners {
  /** Another process is about to be started. Answers its generation, and what it tells. */
  readonly onAttempt: () => { readonly generation: number; readonly listeners: RunListeners };
  /** A try failed, another follows. */
  readonly onRetry: (error: AppError) => void;
  readonly note: (text: string) => void;
}

/** Before the one other try, ±50 %. */
const RETRY_MS = 1_000;
/** Ports that somebody else takes in the instant before our server binds them, one after the other. */
const PORT_TRIES = 4;

/** Failures that another try may remove. */
const PASSING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "spawn_failed",
  "opencode_exited",
  "opencode_no_port",
  "opencode_start_timeout",
  "opencode_no_events",
  "opencode_unreachable",
]);

export class Launcher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /**
   * Rejects with why it could not be started; by then nothing of it is left.
   *
   * @param tries In all; a start that will be repeated anyway needs only one.
   */
  async launch(tries: number, listeners: LaunchListeners, signal: AbortSignal): Promise<Run> {
    const { clock, gate, random } = this.#options;
    for (let left = tries - 1; ; left -= 1) {
      try {
        return await gate.pass(signal, () => this.#attempt(listeners, signal));
      } catch (error) {
        this.release();
        if (signal.aborted) throw abortError();
        if (left <= 0 || !(error instanceof AppError) || !PASSING.has(error.code)) throw error;
        listeners.onRetry(error);
        await sleep(clock, RETRY_MS * (0.5 + random()), signal);
      }
    }
  }

  /** Its port may be given to others. */
  release(): void {
    this.#options.ports.release(this.#owner);
  }

  async #attempt(listeners: LaunchListeners, signal: AbortSignal): Promise<Run> {
    const settings = this.#options.settings();
    const binary = await this.#options.findBinary(signal);
    for (const reason of binary.skipped) listeners.note(`Passed over: ${reason}`);
    const base = await this.#shellEnvironment();
    signal.throwIfAborted();
    listeners.note(`Starting ${binary.path} (${binary.version}, ${binary.source}).`);
    for (let left = PORT_TRIES - 1; ; left -= 1) {
      const port = await this.#choosePort(settings, signal);
      try {
        return await this.#start({ settings, binary, base, port }, listeners, signal);
      } catch (error) {
        const mayBePort = error instanceof AppError && error.code === "opencode_exited" && settings.port === 0;
        if (left <= 0 || signal.aborted || !mayBePort || !(await this.#options.portChooser.isTaken(port))) throw error;
        listeners.note(`Port ${port} was taken meanwhile; another one is tried.`);
        this.release();
      }
    }
  }

  async #start(
    start: { settings: ServerSettings; binary: FoundBinary; base: Record<string, string>; port: number },
    { onAttempt, note }: LaunchListeners,
    signal: AbortSignal,
  ): Promise<Run> {
    const { settings, binary, base, port } = start;
    const { keeper, book, workspaceId, directory, clock, logger, random, handshake } = this.#options;
    const password = (this.#options.randomPassword ?? randomPassword)();
    book.addSecret(password);
    const address = { host: settings.host, port };
    const environment = launchEnvironment({
      base,
      services: this.#options.serviceVariables(),
      extra: settings.environment,
      url: launchUrl(address),
      password,
      config: this.#options.config(),
    });
    const argv = launchArguments(binary.path, address, settings.debug);
    if (settings.debug) {
      note(`Command: ${argv.join(" ")}`);
      for (const line of describeEnvironment(environment)) note(`Environment: ${line}`);
    }
    signal.throwIfAborted();
    const { generation, listeners } = onAttempt();
    const run: OwnedRunOptions = {
      keeper,
      book,
      workspaceId,
      directory,
      binary,
      argv,
      environment,
      port,
      password,
      generation,
      clock,
      logger,
      random,
      handshake,
      startupMs: settings.startupTimeoutSeconds * 1_000,
      stopGraceMs: settings.stopGraceSeconds * 1_000,
      reconnectBaseMs: settings.reconnectBaseMs,
    };
    return this.#options.startRun(run, listeners, signal);
  }

  #choosePort({ host, port }: ServerSettings, signal: AbortSignal): Promise<number> {
    return this.#options.portChooser.choose({ host, port, owner: this.#owner }, signal);
  }

  async #shellEnvironment(): Promise<Record<string, string>> {
    try {
      return await this.#options.environment();
    } catch (error) {
      if (error instanceof AppError || isAbort(error)) throw error;
      throw new AppError("opencode_environment", `OpenCode's environment could not be prepared: ${errorText(error)}`, {
        next: "Check the start files of your shell.",
        cause: error,
      });
    }
  }

  get #owner(): string {
    return `${this.#options.workspaceId}/server`;
  }
}

/** 32 bytes, as text that needs no escaping anywhere. */
function randomPassword(): string {
  return randomBytes(32).toString("base64url");
}
