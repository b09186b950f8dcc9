/**
 * What can be done with the sessions of one workspace. Every call needs a running server; starting one is the business of
 * whoever calls (it needs trust). What comes of a call is seen in `watch` and `events`, not in its answer.
 */
import type { ChatState, PermissionReply, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { PermissionId, QuestionId, SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OpencodeClient } from "./client.ts";
import type { ServerConnection } from "./connection.ts";
import type { InterruptedTurns } from "./interruptions.ts";
import type { ModelList, Prompt, SessionRoutes } from "./protocol/protocol.ts";
import { SessionStore } from "./session-store.ts";

/** What the agent is told when a person has a cut turn go on. It quotes nothing: what was said stays in the session. */
const CONTINUE_TEXT =
  "The server stopped while you were working, so your last turn was cut off in the middle. " +
  "Look at what was already done, then go on from there without starting over.";

export interface ChatOptions {
  readonly server: ServerConnection;
  /** Real path of the workspace's folder. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where turns that were cut off outlive the host; left out: they do not. */
  readonly turns?: InterruptedTurns;
}

export class Chat {
  readonly #server: ServerConnection;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #store: SessionStore;
  #askedAt: number;

  constructor(options: ChatOptions) {
    const { server, directory, clock, logger, turns = null } = options;
    this.#server = server;
    this.#directory = directory;
    this.#clock = clock;
    this.#askedAt = clock.monotonic();
    this.#store = new SessionStore({ connection: server, directory, clock, logger, turns });
  }

  /** Whether a turn runs, or waits for a permission, an answer, or the model: a bad moment to end the server. */
  busy(): boolean {
    return this.#store.busy();
  }

  /** Monotonic time at which a person last sent or answered something, or a turn began or ended. */
  get lastActivityAt(): number {
    return Math.max(this.#askedAt, this.#store.statusAt);
  }

  state(): ChatState {
    return this.#store.state();
  }

  /** Calls at once with the state as it is, then with each new one. Returns the end of it. */
  watch(listener: (state: ChatState) => void): () => void {
    return this.#store.watch(listener);
  }

  /** See SessionStore.events. @param onEnd Called once if the session is gone or cannot be read. */
  events(
    session: SessionId,
    onEvent: (event: SessionEvent) => void,
    onEnd: (error: AppError) => void = () => undefined,
  ): () => void {
    return this.#store.events(session, onEvent, onEnd);
  }

  /** @param title Left out: OpenCode lets the model find one at the first message. */
  async createSession(title?: string, signal?: AbortSignal): Promise<Session> {
    const session = await this.#asking((client, routes) => routes.create(client, title, signal));
    this.#store.remember(session);
    const { directory: _directory, ...rest } = session;
    return this.#store.session(session.id) ?? { ...rest, status: { type: "idle" } };
  }

  /** Resolves when the server has accepted the message. While a turn runs it waits there for its own. */
  async prompt(session: SessionId, prompt: Prompt, signal?: AbortSignal): Promise<void> {
    await this.#asking(async (client, routes) => {
      await this.#own(client, routes, session);
      await routes.prompt(client, session, prompt, signal);
    });
  }

  /**
   * Asks the agent to go on where the server's end cut its turn off. Rejects with `not_found` where nothing was cut off.
   * Resolves when the server has accepted it.
   */
  async continueTurn(session: SessionId, signal?: AbortSignal): Promise<void> {
    await this.#asking(async (client, routes) => {
      await this.#own(client, routes, session);
      if (!this.#store.isInterrupted(session) && !(await this.#endsOpen(client, routes, session))) {
        throw new AppError("not_found", "No turn of this session was cut off.", { next: "Write a message instead." });
      }
      await routes.prompt(client, session, { text: CONTINUE_TEXT }, signal);
      this.#store.continued(session);
    });
  }

  /** Ends the turn and the commands it runs. A session that does nothing is left as it is. */
  async abort(session: SessionId, signal?: AbortSignal): Promise<void> {
    await this.#asking(async (client, routes) => {
      await this.#own(client, routes, session);
      this.#store.personAborts(session);
      await routes.abort(client, session, signal);
    });
  }

  async remove(session: SessionId, signal?: AbortSignal): Promise<void> {
    await this.#asking(async (client, routes) => {
      await this.#own(client, routes, session);
      await routes.remove(client, session, signal);
    });
  }

  /** @param message With `reject`: what the agent should do instead; it then goes on, otherwise the turn ends. */
  async replyPermission(
    permission: PermissionId,
    reply: PermissionReply,
    message?: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const owner = this.#store.ownerOf(permission);
    await this.#asking((client, routes) => routes.replyPermission(client, owner, permission, reply, message, signal));
  }

  /** @param answers For each question the labels chosen, or the person's own words. */
  async replyQuestion(
    question: QuestionId,
    answers: readonly (readonly string[])[],
    signal?: AbortSignal,
  ): Promise<void> {
    const owner = this.#store.ownerOf(question);
    await this.#asking((client, routes) => routes.replyQuestion(client, owner, question, answers, signal));
  }

  async rejectQuestion(question: QuestionId, signal?: AbortSignal): Promise<void> {
    const owner = this.#store.ownerOf(question);
    await this.#asking((client, routes) => routes.replyQuestion(client, owner, question, null, signal));
  }

  /** The models of the providers that are set up, in OpenCode's order. */
  async models(signal?: AbortSignal): Promise<ModelList> {
    const { client, routes } = this.#connected();
    return routes.models(client, signal);
  }

  close(): void {
    this.#store.close();
  }

  /** Something a person wants of the server: it counts as activity when it begins and when it is accepted. */
  async #asking<Answer>(ask: (client: OpencodeClient, routes: SessionRoutes) => Promise<Answer>): Promise<Answer> {
    const { client, routes } = this.#connected();
    this.#askedAt = this.#clock.monotonic();
    try {
      return await ask(client, routes);
    } finally {
      this.#askedAt = this.#clock.monotonic();
    }
  }

  #connected(): { readonly client: OpencodeClient; readonly routes: SessionRoutes } {
    const client = this.#server.client();
    const protocol = this.#server.protocol();
    if (client !== null && protocol !== null) return { client, routes: protocol.sessions };
    throw new AppError("opencode_unreachable", "No OpenCode server runs for this workspace.", {
      next: "Start the server.",
    });
  }

  /** OpenCode finds a session in any folder and works there; only those of this workspace may be driven from here. */
  async #own(client: OpencodeClient, routes: SessionRoutes, session: SessionId): Promise<void> {
    if (this.#store.session(session) === null)
      this.#store.remember(await routes.readOwn(client, session, this.#directory));
  }

  /** Whether the session's last answer was never finished although nothing runs: its end was seen by nobody. */
  async #endsOpen(client: OpencodeClient, routes: SessionRoutes, session: SessionId): Promise<boolean> {
    if (this.#store.session(session)?.status.type !== "idle") return false;
    const last = (await routes.readMessages(client, session, 1)).at(-1);
    return last?.role === "assistant" && last.completedAt === null && last.error === null;
  }
}
