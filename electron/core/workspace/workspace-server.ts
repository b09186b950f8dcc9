/** The OpenCode server of one workspace, as it is wanted: by a person, or by a chat that needs one. Started only where trusted. */
import { isServerUp, type ServerHistory, type ServerStatus, type SharedServer } from "#shared/schema/server.ts";
import { errorText, fromFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Chat } from "../opencode/chat.ts";
import type { OpencodeServer } from "../opencode/server.ts";
import type { SharedServerFile } from "../opencode/shared-server.ts";
import type { Attention } from "../process/owned.ts";
import type { Admission } from "./admission.ts";

export interface WorkspaceServerDependencies {
  readonly admission: Pick<Admission, "check">;
  readonly server: OpencodeServer;
  readonly shared: Pick<SharedServerFile, "find" | "passwordOf">;
  readonly chat: Chat;
  readonly logger: Logger;
}

export class WorkspaceServer {
  readonly #dependencies: WorkspaceServerDependencies;
  /** Whether one was ever wanted: before, there is none to show. */
  #wanted = false;

  constructor(dependencies: WorkspaceServerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Null before one was wanted. */
  status(attention?: Attention): ServerStatus | null {
    return this.#wanted ? this.#dependencies.server.status(attention) : null;
  }

  /** It runs, or is about to. */
  get up(): boolean {
    return isServerUp(this.#dependencies.server.status("in_passing").state);
  }

  onChange(listener: () => void): () => void {
    return this.#dependencies.server.onChange(listener);
  }

  close(): Promise<void> {
    return this.#dependencies.server.close();
  }

  /** For a start that was admitted already. Its failure is a state of its own on screen; it must not keep others from starting. */
  startBeside(): void {
    this.#wanted = true;
    const { server, logger } = this.#dependencies;
    server.start().catch((error: unknown) => logger.warn("The server did not start", { error: errorText(error) }));
  }

  /** Resolves when the server is ready. @throws AppError `not_trusted`, or why it did not start. */
  async start(): Promise<ServerStatus> {
    await this.#dependencies.admission.check();
    this.#wanted = true;
    await this.#dependencies.server.start();
    return this.#dependencies.server.status();
  }

  async stop(): Promise<ServerStatus> {
    await this.#dependencies.server.stop();
    return this.#dependencies.server.status();
  }

  async restart(): Promise<ServerStatus> {
    await this.#dependencies.admission.check();
    this.#wanted = true;
    await this.#dependencies.server.restart();
    return this.#dependencies.server.status();
  }

  /** The shared server that could be adopted. Only a file of the person's is read, nothing of the folder. */
  shared(): Promise<SharedServer> {
    return this.#dependencies.shared.find();
  }

  /**
   * Uses a server that somebody else started.
   *
   * @param password Null: that of the shared server, whose address `url` must be.
   * @throws AppError `not_trusted`, or why it cannot be used.
   */
  async adopt(url: string, password: string | null): Promise<ServerStatus> {
    await this.#dependencies.admission.check();
    const secret = password ?? (await this.#dependencies.shared.passwordOf(url));
    this.#wanted = true;
    return this.#dependencies.server.adopt({ url, password: secret });
  }

  /** Calls off what is planned for the server. */
  keep(): ServerStatus {
    return this.#dependencies.server.keep();
  }

  /** Calls at once with every reading of the server that is kept, then with each new one. */
  history(listener: (history: ServerHistory) => void): () => void {
    return this.#dependencies.server.history(listener);
  }

  /** The machine woke up. */
  resumed(): void {
    this.#dependencies.server.resumed();
  }

  /**
   * For what is asked of the chat: starts the server where it is stopped, and tells that it is used. One that was given up
   * is not started by this: a prompt sent again and again must not undo that.
   *
   * @throws AppError `not_trusted`, or why it did not start.
   */
  async forChat<Value>(work: (chat: Chat) => Promise<Value>): Promise<Value> {
    const { state, failure } = this.#dependencies.server.status();
    if (state === "gave_up" && failure !== null) throw fromFailure(failure);
    if (state === "starting" || state === "waiting_ready" || !isServerUp(state)) await this.start();
    this.#dependencies.server.used();
    return work(this.#dependencies.chat);
  }
}
