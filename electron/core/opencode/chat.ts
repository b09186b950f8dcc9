/**
 * What can be done with the sessions of one workspace. Every call needs a running server; starting one is the business of
 * whoever calls (it needs trust). What comes of a call is seen in `watch` and `events`, not in its answer.
 */
import { z } from "zod";
import type { ChatState, PermissionReply, Session, SessionEvent, modelListSchema } from "#shared/schema/chat.ts";
import type { PermissionId, QuestionId, SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { LOADING_MS, route, type OpencodeClient } from "./client.ts";
import type { ServerConnection } from "./connection.ts";
import { readOwnSession } from "./session-reader.ts";
import { SessionStore } from "./session-store.ts";
import { readSession } from "./translate.ts";

export type ModelList = z.infer<typeof modelListSchema>;

export interface ChatOptions {
  readonly server: ServerConnection;
  /** Real path of the workspace's folder. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Prompt {
  readonly text: string;
  /** `provider/model`; left out: the session's, else OpenCode's default. */
  readonly model?: string | undefined;
  readonly agent?: string | undefined;
}

/** The part of OpenCode's answer about models that is used. */
const providersSchema = z.object({
  providers: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      models: z.record(z.string(), z.object({ name: z.string().optional() })),
    }),
  ),
  /** The default model of each provider. */
  default: z.record(z.string(), z.string()),
});
const configSchema = z.object({ model: z.string().optional() });

export class Chat {
  readonly #server: ServerConnection;
  readonly #directory: string;
  readonly #store: SessionStore;

  constructor(options: ChatOptions) {
    const { server, directory, clock, logger } = options;
    this.#server = server;
    this.#directory = directory;
    this.#store = new SessionStore({ connection: server, directory, clock, logger });
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
    const body = title === undefined ? {} : { title };
    const answer = await this.#client().call({
      method: "POST",
      path: "/session",
      body,
      answer: z.unknown(),
      // The first call in a folder loads its configuration and plugins.
      deadlineMs: LOADING_MS,
      signal,
    });
    const session = readSession(answer);
    if (session === null) {
      throw new AppError("opencode_error", "POST /session: the answer has an unexpected shape.", {
        next: "This version of OpenCode may be too new or too old; use the bundled one.",
      });
    }
    this.#store.remember(session);
    const { directory: _directory, ...rest } = session;
    return this.#store.session(session.id) ?? { ...rest, status: { type: "idle" } };
  }

  /** Resolves when the server has accepted the message. While a turn runs it waits there for its own. */
  async prompt(session: SessionId, prompt: Prompt, signal?: AbortSignal): Promise<void> {
    const client = await this.#owning(session);
    await client.call({
      method: "POST",
      path: route`/session/${session}/prompt_async`,
      body: {
        parts: [{ type: "text", text: prompt.text }],
        ...(prompt.model === undefined ? {} : { model: readModel(prompt.model) }),
        ...(prompt.agent === undefined ? {} : { agent: prompt.agent }),
      },
      answer: null,
      deadlineMs: LOADING_MS,
      signal,
    });
  }

  /** Ends the turn and the commands it runs. A session that does nothing is left as it is. */
  async abort(session: SessionId, signal?: AbortSignal): Promise<void> {
    const client = await this.#owning(session);
    await client.call({ method: "POST", path: route`/session/${session}/abort`, answer: null, signal });
  }

  async remove(session: SessionId, signal?: AbortSignal): Promise<void> {
    const client = await this.#owning(session);
    await client.call({ method: "DELETE", path: route`/session/${session}`, answer: null, signal });
  }

  /** @param message With `reject`: what the agent should do instead; it then goes on, otherwise the turn ends. */
  async replyPermission(
    permission: PermissionId,
    reply: PermissionReply,
    message?: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const body = message === undefined ? { reply } : { reply, message };
    // The folder goes along with every call; without it OpenCode looks in the wrong place and finds no such request.
    await this.#client().call({
      method: "POST",
      path: route`/permission/${permission}/reply`,
      body,
      answer: null,
      signal,
    });
  }

  /** @param answers For each question the labels chosen, or the person's own words. */
  async replyQuestion(
    question: QuestionId,
    answers: readonly (readonly string[])[],
    signal?: AbortSignal,
  ): Promise<void> {
    const path = route`/question/${question}/reply`;
    await this.#client().call({ method: "POST", path, body: { answers }, answer: null, signal });
  }

  async rejectQuestion(question: QuestionId, signal?: AbortSignal): Promise<void> {
    const path = route`/question/${question}/reject`;
    await this.#client().call({ method: "POST", path, body: {}, answer: null, signal });
  }

  /** The models of the providers that are set up, in OpenCode's order. */
  async models(signal?: AbortSignal): Promise<ModelList> {
    const client = this.#client();
    const [{ providers, default: defaults }, config] = await Promise.all([
      client.call({
        method: "GET",
        path: "/config/providers",
        answer: providersSchema,
        deadlineMs: LOADING_MS,
        signal,
      }),
      client.call({ method: "GET", path: "/config", answer: configSchema, deadlineMs: LOADING_MS, signal }),
    ]);
    const models = providers.flatMap((provider) =>
      Object.entries(provider.models).map(([id, model]) => ({
        id: `${provider.id}/${id}`,
        name: model.name ?? id,
        provider: provider.name ?? provider.id,
      })),
    );
    const first = providers.find((provider) => defaults[provider.id] !== undefined)?.id;
    const fallback = first === undefined ? null : `${first}/${defaults[first]}`;
    const chosen = config.model ?? fallback;
    return { models, default: models.some((model) => model.id === chosen) ? chosen : fallback };
  }

  close(): void {
    this.#store.close();
  }

  #client(): OpencodeClient {
    const client = this.#server.client();
    if (client !== null) return client;
    throw new AppError("opencode_unreachable", "No OpenCode server runs for this workspace.", {
      next: "Start the server.",
    });
  }

  /** OpenCode finds a session in any folder and works there; only those of this workspace may be driven from here. */
  async #owning(session: SessionId): Promise<OpencodeClient> {
    const client = this.#client();
    if (this.#store.session(session) === null)
      this.#store.remember(await readOwnSession(client, session, this.#directory));
    return client;
  }
}

function readModel(text: string): { providerID: string; modelID: string } {
  // The model's part may have slashes of its own.
  const cut = text.indexOf("/");
  if (cut > 0 && cut < text.length - 1) return { providerID: text.slice(0, cut), modelID: text.slice(cut + 1) };
  throw new AppError("bad_input", `${text} does not name a model; it takes the form provider/model.`, {
    next: "Choose one of the models listed.",
  });
}
