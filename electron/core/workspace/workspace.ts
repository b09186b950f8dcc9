/**
 * One workspace at run time: its environment, its OpenCode server and the gate in front of both.
 *
 * Nothing of the folder runs before `#admit` has read it anew and found that exactly this content is trusted; what it read
 * is what is then run. The server and the environment know nothing of trust, and nobody else starts either.
 */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { isServerUp, type ServerHistory, type ServerStatus, type SharedServer } from "#shared/schema/server.ts";
import type { TrustReview } from "#shared/schema/workspace.ts";
import { detect } from "../environment/detect/detect.ts";
import type { DetectedProject } from "../environment/detect/detected.ts";
import { projectFiles } from "../environment/detect/project-files.ts";
import type { Environment } from "../environment/environment.ts";
import type { Monitor } from "../environment/monitoring/monitor.ts";
import type { ShellEnvironment } from "../environment/shell-environment.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText, fromFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { Chat } from "../opencode/chat.ts";
import type { OpencodeServer } from "../opencode/server.ts";
import type { SharedServerFile } from "../opencode/shared-server.ts";
import { readOpencodeConfig } from "./opencode-config.ts";
import { realDirectory, type ProjectRecord } from "./projects.ts";
import { joinContent, type RunnableContent, type TrustRegister } from "./trust.ts";

/** How often a watched status is pushed though nothing changed but memory, CPU and uptime, in ms. */
const REFRESH_MS = 2_000;

/** One reading of the folder serves the starts of this long, in ms: shorter than anybody takes to change a file. */
const SHARED_ADMISSION_MS = 200;

const DEFAULT_PROFILE = "dev";

export interface WorkspaceParts {
  readonly project: ProjectRecord;
  readonly environment: Environment;
  readonly monitor: Monitor;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables">;
  readonly server: OpencodeServer;
  readonly sharedServer: Pick<SharedServerFile, "find" | "passwordOf">;
  readonly chat: Chat;
  readonly book: LogBook;
  readonly trust: TrustRegister;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Workspace {
  readonly project: ProjectRecord;
  readonly environment: Environment;
  readonly monitor: Monitor;
  readonly chat: Chat;
  readonly book: LogBook;
  readonly #shellEnvironment: Pick<ShellEnvironment, "variables">;
  readonly #server: OpencodeServer;
  readonly #sharedServer: WorkspaceParts["sharedServer"];
  readonly #trust: TrustRegister;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changes: Emitter<EnvironmentStatus>;
  #cancelRefresh: (() => void) | null = null;
  #admission: { readonly at: number; readonly read: Promise<unknown> } | null = null;
  /** Whether a server was ever wanted: before, the status has none to show. */
  #serverWanted = false;

  constructor(parts: WorkspaceParts) {
    this.project = parts.project;
    this.environment = parts.environment;
    this.monitor = parts.monitor;
    this.chat = parts.chat;
    this.book = parts.book;
    this.#shellEnvironment = parts.shellEnvironment;
    this.#server = parts.server;
    this.#sharedServer = parts.sharedServer;
    this.#trust = parts.trust;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#changes = new Emitter((error) =>
      parts.logger.error("A listener of a workspace failed", { error: errorText(error) }),
    );
    this.environment.onChange(() => {
      this.monitor.wake();
      this.#announce();
    });
    this.#server.onChange(() => this.#announce());
  }

  async review(): Promise<TrustReview> {
    const { content } = await this.#read(DEFAULT_PROFILE);
    return this.#trust.review(this.project.directory, content);
  }

  async isTrusted(): Promise<boolean> {
    return (await this.review()).state === "trusted";
  }

  async grant(contentHash: string): Promise<void> {
    const { content } = await this.#read(DEFAULT_PROFILE);
    this.#trust.grant(this.project.directory, content, contentHash);
  }

  revoke(): void {
    this.#trust.revoke(this.project.directory);
  }

  /**
   * Whether the folder may run as it is now; asked before every single start. The services of one wave ask together and
   * share one reading of the folder.
   *
   * @throws AppError `not_trusted`, `folder_missing`, …
   */
  async admit(): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#admission === null || now - this.#admission.at > SHARED_ADMISSION_MS) {
      this.#admission = { at: now, read: this.#admit(this.environment.status().profile) };
    }
    await this.#admission.read;
  }

  /** Answers as soon as the start is accepted. @throws AppError `not_trusted`, `no_services`, `plan_invalid`, … */
  async start(options: {
    profile?: string | undefined;
    services?: readonly string[] | undefined;
    server: boolean;
  }): Promise<{ runId: string }> {
    const profile = options.profile ?? DEFAULT_PROFILE;
    const detected = await this.#admit(profile);
    if (options.server) this.#startServerBeside();
    return this.environment.start({
      detected,
      profile,
      ...(options.services === undefined ? {} : { services: options.services }),
    });
  }

  /** The services named; or all of them and the server. Resolves when nothing of it is left. */
  async stop(services?: readonly string[]): Promise<void> {
    if (services !== undefined) return this.environment.stop(services);
    const ends = await Promise.allSettled([this.environment.stop(), this.#server.stop()]);
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async restart(services: readonly string[]): Promise<{ runId: string }> {
    await this.#admit(this.environment.status().profile);
    return this.environment.restart(services);
  }

  /** Resolves when the server is ready. @throws AppError `not_trusted`, or why it did not start. */
  async startServer(): Promise<ServerStatus> {
    await this.#admit(DEFAULT_PROFILE);
    this.#serverWanted = true;
    await this.#server.start();
    return this.#server.status();
  }

  async stopServer(): Promise<ServerStatus> {
    await this.#server.stop();
    return this.#server.status();
  }

  async restartServer(): Promise<ServerStatus> {
    await this.#admit(DEFAULT_PROFILE);
    this.#serverWanted = true;
    await this.#server.restart();
    return this.#server.status();
  }

  /** The shared server that could be adopted. Only a file of the person's is read, nothing of the folder. */
  sharedServer(): Promise<SharedServer> {
    return this.#sharedServer.find();
  }

  /**
   * Uses a server that somebody else started.
   *
   * @param password Null: that of the shared server, whose address `url` must be.
   * @throws AppError `not_trusted`, or why it cannot be used.
   */
  async adoptServer(url: string, password: string | null): Promise<ServerStatus> {
    await this.#admit(DEFAULT_PROFILE);
    const secret = password ?? (await this.#sharedServer.passwordOf(url));
    this.#serverWanted = true;
    return this.#server.adopt({ url, password: secret });
  }

  /** Calls off what is planned for the server. */
  keepServer(): ServerStatus {
    return this.#server.keep();
  }

  /** Calls at once with every reading of the server that is kept, then with each new one. */
  serverHistory(listener: (history: ServerHistory) => void): () => void {
    return this.#server.history(listener);
  }

  /** The machine woke up. */
  resumed(): void {
    this.#server.resumed();
  }

  /**
   * For what is asked of the chat: starts the server where it is stopped, and tells that it is used. One that was given up
   * is not started by this: a prompt sent again and again must not undo that.
   *
   * @throws AppError `not_trusted`, or why it did not start.
   */
  async withServer<Value>(work: (chat: Chat) => Promise<Value>): Promise<Value> {
    const { state, failure } = this.#server.status();
    if (state === "gave_up" && failure !== null) throw fromFailure(failure);
    if (state === "starting" || state === "waiting_ready" || !isServerUp(state)) await this.startServer();
    this.#server.used();
    return work(this.chat);
  }

  status(): EnvironmentStatus {
    return {
      ...this.environment.status(),
      directory: this.project.directory,
      workspace: this.project.workspace,
      server: this.#serverWanted ? this.#server.status() : null,
    };
  }

  /** Something of it runs or is about to. */
  get busy(): boolean {
    const { phase } = this.environment.status();
    const { state } = this.#server.status();
    return !(phase === "stopped" || phase === "failed") || isServerUp(state);
  }

  /** Calls at once with the current status, then at each change and while something runs every two seconds. */
  watch(listener: (status: EnvironmentStatus) => void): () => void {
    const stop = this.#changes.on(listener);
    listener(this.status());
    this.#refreshLater();
    return stop;
  }

  async close(): Promise<void> {
    this.#cancelRefresh?.();
    this.monitor.close();
    this.chat.close();
    await Promise.allSettled([this.environment.close(), this.#server.close()]);
  }

  #startServerBeside(): void {
    this.#serverWanted = true;
    // Its failure is a state of its own on screen; it must not keep the environment from starting.
    this.#server.start().catch((error: unknown) => {
      this.#logger.warn("The server did not start", { workspace: this.project.workspace, error: errorText(error) });
    });
  }

  async #admit(profile: string): Promise<DetectedProject> {
    const { detected, content } = await this.#read(profile);
    this.#trust.require(this.project.directory, content);
    return detected;
  }

  async #read(profile: string): Promise<{ detected: DetectedProject; content: RunnableContent }> {
    const directory = realDirectory(this.project.directory);
    if (directory !== this.project.directory) {
      throw new AppError("folder_missing", `${this.project.directory} is now a link to ${directory}.`, {
        next: "Open that folder as a project of its own.",
      });
    }
    const detected = await detect({ directory, profile, environment: await this.#shellEnvironment.variables() });
    const config = await readOpencodeConfig(projectFiles(directory));
    this.environment.show(detected, profile);
    return { detected, content: joinContent([{ items: detected.trust, fingerprint: detected.fingerprint }, config]) };
  }

  #announce(): void {
    if (this.#changes.listenerCount > 0) this.#changes.emit(this.status());
    this.#refreshLater();
  }

  /** Only while somebody looks and something runs: an idle window costs nothing. */
  #refreshLater(): void {
    if (this.#cancelRefresh !== null || this.#changes.listenerCount === 0 || !this.busy) return;
    this.#cancelRefresh = this.#clock.after(REFRESH_MS, () => {
      this.#cancelRefresh = null;
      this.#announce();
    });
  }
}
