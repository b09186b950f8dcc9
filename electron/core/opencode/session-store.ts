/**
 * Everything known about the sessions of one workspace, kept true to its server.
 *
 * Theory of operation. The event stream has no replay, so each connection begins with reading everything: while the answers
 * are awaited the events go to a backlog, which is folded on top of the answers. Both may tell the same thing twice; every
 * change is therefore one that may be applied again. The same is done once more for each watched session's messages. A
 * viewer gets a snapshot first, then changes, and after a reconnect a snapshot again.
 *
 * Bounds: sessions see chat-fold.ts, messages (of watched sessions only) see message-fold.ts, texts that are being streamed
 * see live-texts.ts; a backlog lives as long as two HTTP answers.
 */
import type { ChatState, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { ChatFold } from "./chat-fold.ts";
import type { ServerConnection } from "./connection.ts";
import type { WireEvent } from "./event-stream.ts";
import { LiveTexts } from "./live-texts.ts";
import { MESSAGES_SHOWN, MessageFold } from "./message-fold.ts";
import { missingSession, readChat, readMessages, readOwnSession } from "./session-reader.ts";
import { readEvent, type Change } from "./changes.ts";
import type { SessionRecord } from "./translate.ts";

/** After reading failed although the stream is connected: a configuration that cannot be read, or a server too busy. */
const RETRY_MS = 2_000;

export interface SessionStoreOptions {
  readonly connection: ServerConnection;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Viewer {
  readonly onEvent: (event: SessionEvent) => void;
  readonly onEnd: (error: AppError) => void;
}

type Watched = {
  readonly fold: MessageFold;
  readonly viewers: Set<Viewer>;
  /** Changes since reading began; null: it is live. */
  backlog: Change[] | null;
  /** Grows with each reading, so that an older answer is not used. */
  round: number;
  cancelRetry: () => void;
};

export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #chat: ChatFold;
  readonly #live = new LiveTexts();
  readonly #states: Emitter<ChatState>;
  readonly #watched = new Map<SessionId, Watched>();
  #backlog: Change[] | null = null;
  #round = 0;
  #cancelRetry: () => void = () => undefined;
  readonly #ends: readonly (() => void)[];
  #closed = false;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#chat = new ChatFold(options.directory);
    this.#states = new Emitter((error) =>
      options.logger.error("a viewer of the chat failed", { error: errorText(error) }),
    );
    const { connection } = options;
    this.#ends = [
      connection.onEvent((event) => this.#heard(event)),
      connection.onConnected(() => void this.#resync()),
      connection.onGone(() => this.#serverGone()),
    ];
    if (connection.client() !== null) void this.#resync();
  }

  state(): ChatState {
    return this.#chat.state();
  }

  /** Calls at once with the state as it is, then with each new one. Returns the end of it. */
  watch(listener: (state: ChatState) => void): () => void {
    const end = this.#states.on(listener);
    listener(this.state());
    return end;
  }

  session(id: SessionId): Session | null {
    return this.#chat.session(id);
  }

  /** A session that an answer brought, before the event about it. */
  remember(session: SessionRecord): void {
    this.#fold({ kind: "session", session });
  }

  /**
   * The messages of one session: a snapshot as soon as it can be had (at once where somebody watches it already, after the
   * next connection where no server runs), then changes. `onEnd` is called once if the session is gone; the returned
   * function ends it without a call.
   */
  events(id: SessionId, onEvent: (event: SessionEvent) => void, onEnd: (error: AppError) => void): () => void {
    const viewer: Viewer = { onEvent, onEnd };
    const known = this.#watched.get(id);
    const watched = known ?? newlyWatched();
    watched.viewers.add(viewer);
    if (known === undefined) {
      this.#watched.set(id, watched);
      void this.#load(id, watched);
    } else if (watched.backlog === null) this.#sendSnapshot(id, watched, [viewer]);
    return () => {
      watched.viewers.delete(viewer);
      if (watched.viewers.size > 0 || this.#watched.get(id) !== watched) return;
      watched.cancelRetry();
      this.#watched.delete(id);
    };
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#cancelRetry();
    for (const end of this.#ends) end();
    for (const watched of this.#watched.values()) watched.cancelRetry();
    this.#watched.clear();
  }

  #heard(event: WireEvent): void {
    if (event.directory !== this.#options.directory) return;
    if (event.type === "server.instance.disposed") return void this.#resync();
    const change = readEvent(event.type, event.properties);
    if (change === null) return;
    this.#live.apply(change);
    this.#fold(change);
    if ("sessionId" in change) this.#tell(change.sessionId, change);
    if (change.kind === "session_removed") this.#end(change.sessionId, missingSession(change.sessionId));
  }

  /** A change of the chat's state: into the backlog while everything is being read, else to the viewers. */
  #fold(change: Change): void {
    if (this.#backlog !== null) this.#backlog.push(change);
    else if (this.#chat.apply(change)) {
      this.#states.emit(this.#chat.state());
      if (change.kind === "session") this.#tellSession(change.session.id);
      if (change.kind === "status") this.#tellSession(change.sessionId);
    }
  }

  #tell(id: SessionId, change: Change): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    if (watched.backlog !== null) watched.backlog.push(change);
    else for (const event of watched.fold.apply(change)) this.#send(watched.viewers, event);
  }

  #tellSession(id: SessionId): void {
    const watched = this.#watched.get(id);
    const session = this.#chat.session(id);
    if (watched === undefined || watched.backlog !== null || session === null) return;
    this.#send(watched.viewers, { kind: "session", session });
  }

  #serverGone(): void {
    this.#round += 1;
    this.#backlog = null;
    this.#cancelRetry();
    this.#chat.serverGone();
    this.#states.emit(this.#chat.state());
    for (const id of this.#watched.keys()) this.#tellSession(id);
  }

  /** Reads everything anew, after each connection. */
  async #resync(): Promise<void> {
    const client = this.#options.connection.client();
    if (client === null || this.#closed) return;
    this.#cancelRetry();
    this.#round += 1;
    const round = this.#round;
    const isCurrent = () => round === this.#round && !this.#closed;
    this.#backlog = [];
    // From here on their changes are kept until their messages are read.
    for (const watched of this.#watched.values()) beginReading(watched);
    try {
      const facts = await readChat(client);
      if (!isCurrent()) return;
      this.#chat.load(facts);
      const backlog = this.#backlog ?? [];
      this.#backlog = null;
      for (const change of backlog) this.#chat.apply(change);
      this.#states.emit(this.#chat.state());
      for (const [id, watched] of this.#watched) void this.#load(id, watched);
    } catch (error) {
      if (!isCurrent()) return;
      this.#options.logger.warn("reading the sessions failed", { error: errorText(error) });
      this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => void this.#resync());
    }
  }

  async #load(id: SessionId, watched: Watched): Promise<void> {
    const client = this.#options.connection.client();
    beginReading(watched);
    const { round } = watched;
    const isCurrent = () => this.#watched.get(id) === watched && watched.round === round && !this.#closed;
    // Without a server: the next connection reads it.
    if (client === null) return;
    const live = this.#live.of(id);
    try {
      const [session, messages] = await Promise.all([
        readOwnSession(client, id, this.#options.directory),
        readMessages(client, id),
      ]);
      // While the list is being read: its end begins this anew.
      if (!isCurrent() || this.#backlog !== null) return;
      if (this.#chat.session(id) === null) this.remember(session);
      const busy = (this.#chat.session(id)?.status.type ?? "idle") !== "idle";
      watched.fold.load(messages.slice(-MESSAGES_SHOWN), live, busy, messages.length > MESSAGES_SHOWN);
      for (const change of watched.backlog ?? []) watched.fold.apply(change);
      watched.backlog = null;
      this.#sendSnapshot(id, watched, watched.viewers);
    } catch (error) {
      if (!isCurrent()) return;
      const failure = error instanceof AppError ? error : new AppError("internal", errorText(error), { cause: error });
      if (failure.code !== "opencode_unreachable") return this.#end(id, failure);
      // The server is going or too busy; a connection in between reads it earlier.
      watched.cancelRetry = this.#options.clock.after(RETRY_MS, () => void this.#load(id, watched));
    }
  }

  #sendSnapshot(id: SessionId, watched: Watched, to: Iterable<Viewer>): void {
    const session = this.#chat.session(id);
    // The list is being read; it sends the snapshots when it is through.
    if (session === null) return;
    const { fold } = watched;
    this.#send(to, { kind: "snapshot", session, messages: fold.messages(), truncated: fold.truncated });
  }

  #end(id: SessionId, error: AppError): void {
    const watched = this.#watched.get(id);
    watched?.cancelRetry();
    this.#watched.delete(id);
    for (const viewer of watched?.viewers ?? []) viewer.onEnd(error);
  }

  #send(viewers: Iterable<Viewer>, event: SessionEvent): void {
    // A copy: a viewer may leave while it is told.
    for (const viewer of Array.from(viewers)) {
      try {
        viewer.onEvent(event);
      } catch (error) {
        this.#options.logger.error("a viewer of a session failed", { error: errorText(error) });
      }
    }
  }
}

function newlyWatched(): Watched {
  return { fold: new MessageFold(), viewers: new Set(), backlog: [], round: 0, cancelRetry: () => undefined };
}

function beginReading(watched: Watched): void {
  watched.cancelRetry();
  watched.round += 1;
  watched.backlog = [];
}
