/**
 * What differs between generations of OpenCode's protocol, behind one interface. Generation 1 is OpenCode 1.x (v1.ts),
 * generation 2 OpenCode 2.x (v2.ts). Which one a server speaks is found out by handshake (handshake.ts), never assumed.
 */
import type { z } from "zod";
import type { Message, modelListSchema, PermissionReply } from "#shared/schema/chat.ts";
import type { PermissionId, QuestionId, SessionId } from "#shared/schema/id.ts";
import type { Change, SessionRecord } from "../changes.ts";
import type { ChatFacts } from "../chat-fold.ts";
import type { OpencodeClient } from "../client.ts";
import type { WireEvent } from "../event-stream.ts";
import type { ReadyLine } from "../ready-line.ts";

/** The models that can be chosen; `default` is the one OpenCode takes where none is named. */
export type ModelList = z.infer<typeof modelListSchema>;

/** What a person (or a turn that is continued) sends. */
export interface Prompt {
  readonly text: string;
  /** `provider/model`; left out: the session's, else OpenCode's default. */
  readonly model?: string | undefined;
  readonly agent?: string | undefined;
}

export interface Protocol {
  readonly generation: 1 | 2;
  /** Reads one line of the server's stdout; null where it is not this generation's ready line. */
  readyLine(line: string): ReadyLine | null;
  /** The password that the server made up by itself and says on its stdout; null where the line says none. */
  passwordLine(line: string): string | null;
  /**
   * The cheap question whether the process answers at all. Resolves with its version. Rejects with `opencode_auth`,
   * `opencode_unreachable`, `opencode_error`, or an error that `isUnknownRoute` (client.ts): it speaks another generation.
   */
  health(client: OpencodeClient, signal?: AbortSignal): Promise<{ readonly version: string }>;
  /**
   * A question to the API itself: a server whose health route answers although its core is dead fails here. An answer that
   * says what is wrong with the folder (a broken configuration) is an answer, so it resolves. Rejects like `health`.
   */
  probe(client: OpencodeClient, signal?: AbortSignal): Promise<void>;
  /** Path of the event stream that carries the events of every folder. */
  readonly eventsPath: string;
  /** The event inside one frame; null for anything else. */
  readEvent(data: string): WireEvent | null;
  /** Aborts turns and ends the trees of tools and MCP servers, which a signal would leave behind. Rejects like `health`. */
  dispose(client: OpencodeClient, deadlineMs: number): Promise<void>;
  readonly sessions: SessionRoutes;
}

/** Everything asked of a server about sessions. Each call rejects like OpencodeClient.call. */
export interface SessionRoutes {
  /** Sessions, their statuses, and what waits for an answer. */
  readChat(client: OpencodeClient): Promise<ChatFacts>;
  /** Rejects with `session_missing` also where the session is another folder's: OpenCode would work there. */
  readOwn(client: OpencodeClient, id: SessionId, directory: string): Promise<SessionRecord>;
  /** The newest messages in order, at most `limit`. */
  readMessages(client: OpencodeClient, id: SessionId, limit: number): Promise<Message[]>;
  /** What an event changes, in order; nothing for noise and for what cannot be read. */
  changes(event: WireEvent): readonly Change[];
  /** Whether the event is the first of a connection, and says nothing but that. */
  isGreeting(event: WireEvent): boolean;
  /** Whether the event says that everything known of its folder is void and is to be read anew. */
  isReset(event: WireEvent): boolean;
  /** @param title Left out: OpenCode lets the model find one at the first message. */
  create(client: OpencodeClient, title: string | undefined, signal?: AbortSignal): Promise<SessionRecord>;
  /** Resolves when the message is accepted; while a turn runs it waits there for its own. `bad_input` for a bad model. */
  prompt(client: OpencodeClient, id: SessionId, prompt: Prompt, signal?: AbortSignal): Promise<void>;
  /** Ends the turn and its commands; harmless where none runs. */
  abort(client: OpencodeClient, id: SessionId, signal?: AbortSignal): Promise<void>;
  remove(client: OpencodeClient, id: SessionId, signal?: AbortSignal): Promise<void>;
  /** `not_found` where it is no longer asked. @param session Whose request it is; null where that is not known (any more). */
  replyPermission(
    client: OpencodeClient,
    session: SessionId | null,
    id: PermissionId,
    reply: PermissionReply,
    message?: string,
    signal?: AbortSignal,
  ): Promise<void>;
  /** @param answers For each question the labels chosen, or the person's own words; null: a refusal. */
  replyQuestion(
    client: OpencodeClient,
    session: SessionId | null,
    id: QuestionId,
    answers: readonly (readonly string[])[] | null,
    signal?: AbortSignal,
  ): Promise<void>;
  models(client: OpencodeClient, signal?: AbortSignal): Promise<ModelList>;
}
