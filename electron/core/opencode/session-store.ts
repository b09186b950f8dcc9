/**
 * Everything known about the sessions of one workspace, kept true to its server.
 *
 * Theory of operation. The event stream has no replay, so each connection begins with reading everything: while the answers
 * are awaited the events go to a backlog, which is folded on top of the answers (chat-reading.ts). Both may tell the same thing
 * twice; every change is therefore one that may be applied again. The same is done once more for the messages of each session
 * that somebody looks at (watched-sessions.ts). Within one connection a missing event is noticed by its position
 * (event-positions.ts) and everything is read once more. Here each event finds its way to whoever it concerns.
 *
 * Bounds: sessions see chat-fold.ts, messages (of watched sessions only) see message-fold.ts, texts that are being streamed
 * see live-texts.ts; a backlog lives as long as two HTTP answers.
 */
import type { ChatState, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { type AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { ChatFold, type ChatFacts } from "./chat-fold.ts";
import { ChatReading } from "./chat-reading.ts";
import type { ServerConnection } from "./connection.ts";
import type { WireEvent } from "./event-stream.ts";
import { LiveTexts } from "./live-texts.ts";
import { EventPositions } from "./event-positions.ts";
import { Interruptions, type InterruptedTurns } from "./interruptions.ts";
import { missingSession } from "./session-failures.ts";
import type { Change, SessionRecord } from "./changes.ts";
import { WatchedSessions } from "./watched-sessions.ts";

export interface SessionStoreOptions {
  readonly connection: ServerConnection;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where turns that were cut off outlive the host; null: they do not. */
  readonly turns: InterruptedTurns | null;
}

export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #chat: ChatFold;
  readonly #live = new LiveTexts();
  readonly #states: Emitter<ChatState>;
  readonly #reading: ChatReading;
  readonly #watched: WatchedSessions;
  readonly #interruptions: Interruptions;
  readonly #positions = new EventPositions();
  #statusAt: number;
  readonly #ends: readonly (() => void)[];

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#chat = new ChatFold(options.directory);
    this.#interruptions = new Interruptions(options);
    this.#statusAt = options.clock.monotonic();
    this.#states = new Emitter((error) =>
      options.logger.error("a viewer of the chat failed", { error: errorText(error) }),
    );
    const { connection } = options;
    this.#watched = new WatchedSessions({
      ...options,
      known: {
        session: (id) => this.#chat.session(id),
        streamed: (id) => this.#live.of(id),
        beside: (id, streamed) => ({
          live: new Map([...this.#interruptions.texts(id), ...streamed]),
          marks: this.#interruptions.marks(id),
          busy: this.#chat.isBusy(id),
        }),
        isBeingRead: () => this.#reading.isUnderWay,
        found: (session) => this.remember(session),
      },
    });
    this.#reading = new ChatReading({
      ...options,
      onBegin: () => this.#watched.keepChanges(),
      onRead: (facts, since) => this.#read(facts, since),
    });
    this.#ends = [
      connection.onEvent((event) => this.#heard(event)),
      connection.onConnected(() => {
        this.#positions.clear();
        this.#reading.connected();
      }),
      connection.onGone((why) => this.#serverGone(why)),
    ];
    if (connection.client() !== null) void this.#reading.read();
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

  /** A turn runs, or somebody is waited for. */
  busy(): boolean {
    return this.#chat.anyBusy();
  }

  /** Monotonic time at which a turn began or ended last; of the store's own beginning where there was none. */
  get statusAt(): number {
    return this.#statusAt;
  }

  /** Whose request that is, so that it can be answered; null where it is not known. */
  ownerOf(request: string): SessionId | null {
    return this.#chat.ownerOf(request);
  }

  /** A person aborts the turn of that session: its end is then no interruption. */
  personAborts(id: SessionId): void {
    this.#interruptions.personAborts(id);
  }

  /** Whether the session's turn was cut off and nobody has asked the agent to go on since, as far as it is known here. */
  isInterrupted(id: SessionId): boolean {
    const marks = Array.from(this.#interruptions.marks(id).values());
    const shown = this.#watched.messages(id);
    return marks.some((reason) => reason !== null) || shown.some((message) => message.interrupted !== null);
  }

  /** The agent was asked to go on. */
  continued(id: SessionId): void {
    this.#interruptions.continued(id);
    this.#watched.tellContinued(id);
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
    return this.#watched.view(id, onEvent, onEnd);
  }

  close(): void {
    this.#reading.close();
    for (const end of this.#ends) end();
    this.#watched.close();
  }

  #heard(event: WireEvent): void {
    const routes = this.#options.connection.protocol()?.sessions;
    if (routes === undefined) return;
    if (!routes.isGreeting(event)) this.#reading.heard();
    // An event without a folder is the server's own, or one of a session that is known already.
    if (event.directory !== null && event.directory !== this.#options.directory) return;
    if (event.position !== null && this.#positions.isGap(event.position)) {
      this.#options.logger.warn("events of a session are missing", { session: event.position.session });
      this.#reading.readAfterGap();
    }
    if (routes.isReset(event)) return void this.#reading.read();
    for (const change of routes.changes(event))
      if (event.directory !== null || this.#isKnown(change)) this.#apply(change);
  }

  /** Whether it is of a session of this folder, as far as that is known: while everything is read anything may be. */
  #isKnown(change: Change): boolean {
    if (this.#reading.isUnderWay || change.kind === "permission_gone" || change.kind === "question_gone") return true;
    if (change.kind === "session") return change.session.directory === this.#options.directory;
    const owner =
      change.kind === "permission" || change.kind === "question" ? change.request.sessionId : change.sessionId;
    return this.#chat.session(owner) !== null;
  }

  #apply(change: Change): void {
    this.#live.apply(change);
    // Of no concern to the list of sessions; there are thousands a second.
    if (change.kind === "delta") return this.#watched.tell(change.sessionId, change);
    this.#interruptions.apply(change);
    if (change.kind === "status") this.#statusAt = this.#options.clock.monotonic();
    this.#fold(change);
    if ("sessionId" in change) this.#watched.tell(change.sessionId, change);
    if (change.kind === "session_removed") this.#watched.end(change.sessionId, missingSession(change.sessionId));
  }

  /** A change of the chat's state: into the backlog while everything is being read, else to the viewers. */
  #fold(change: Change): void {
    if (this.#reading.keep(change) || !this.#chat.apply(change)) return;
    this.#states.emit(this.#chat.state());
    if (change.kind === "session") this.#watched.tellSession(change.session.id);
    if (change.kind === "status") this.#watched.tellSession(change.sessionId);
  }

  /** Everything was read. */
  #read(facts: ChatFacts, since: readonly Change[]): void {
    this.#chat.load(facts);
    for (const change of since) this.#chat.apply(change);
    this.#states.emit(this.#chat.state());
    this.#watched.readAll();
  }

  #serverGone(why: string): void {
    this.#reading.giveUp();
    const cut = this.#interruptions.serverGone(
      why,
      (id) => this.#chat.isBusy(id),
      (id) => this.#live.of(id),
    );
    this.#live.clear();
    for (const turn of cut) this.#watched.tellCut(turn, why);
    this.#chat.serverGone();
    this.#states.emit(this.#chat.state());
    this.#watched.tellAllSessions();
  }
}
