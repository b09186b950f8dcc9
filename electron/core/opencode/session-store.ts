/**
 * Everything known about the sessions of one workspace, kept true to its server.
 *
 * Theory of operation. The event stream has no replay, so each connection begins with reading everything: while the answers
 * are awaited the events go to a backlog, which is folded on top of the answers. Both may tell the same thing twice; every
 * change is therefore one that may be applied again. The same is done once more for each watched session's messages. A
 * viewer gets a snapshot first, then changes, and after a reconnect a snapshot again. Within one connection a missing event is
 * noticed by its position (event-positions.ts) and everything is read once more.
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
import { EventPositions } from "./event-positions.ts";
import { Interruptions, type InterruptedTurns } from "./interruptions.ts";
import { MESSAGES_SHOWN, MessageFold } from "./message-fold.ts";
import { missingSession } from "./session-failures.ts";
import type { Change, SessionRecord } from "./changes.ts";

/** After reading failed although the stream is connected: a configuration that cannot be read, or a server too busy. */
const RETRY_MS = 2_000;
/** At most one reading in that time because of missing events; each costs the server some 20 ms. */
const GAP_READ_MS = 5_000;

export interface SessionStoreOptions {
  readonly connection: ServerConnection;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where turns that were cut off outlive the host; null: they do not. */
  readonly turns: InterruptedTurns | null;
}

interface Viewer {
  readonly onEvent: (event: SessionEvent) => void;
  readonly onEnd: (error: AppError) => void;
}

type Watched = {
  readonly fold: MessageFold;
  /** Replaced, never changed: a viewer may leave while it is told. */
  viewers: readonly Viewer[];
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
  readonly #interruptions: Interruptions;
  readonly #positions = new EventPositions();
  #backlog: Change[] | null = null;
  /** Monotonic time of the last reading that a gap brought about. */
  #gapReadAt = Number.NEGATIVE_INFINITY;
  #cancelGapRead: () => void = () => undefined;
  #statusAt: number;
  #round = 0;
  #cancelRetry: () => void = () => undefined;
  readonly #ends: readonly (() => void)[];
  #closed = false;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#chat = new ChatFold(options.directory);
    this.#interruptions = new Interruptions(options);
    this.#statusAt = options.clock.monotonic();
    this.#states = new Emitter((error) =>
      options.logger.error("a viewer of the chat failed", { error: errorText(error) }),
    );
    const { connection } = options;
    this.#ends = [
      connection.onEvent((event) => this.#heard(event)),
      connection.onConnected(() => {
        this.#positions.clear();
        void this.#resync();
      }),
      connection.onGone((why) => this.#serverGone(why)),
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
    const shown = this.#watched.get(id)?.fold.messages() ?? [];
    return marks.some((reason) => reason !== null) || shown.some((message) => message.interrupted !== null);
  }

  /** The agent was asked to go on. */
  continued(id: SessionId): void {
    this.#interruptions.continued(id);
    const watched = this.#watched.get(id);
    for (const event of watched?.fold.continued() ?? []) this.#send(watched?.viewers ?? [], event);
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
    watched.viewers = [...watched.viewers, viewer];
    if (known === undefined) {
      this.#watched.set(id, watched);
      void this.#load(id, watched);
    } else if (watched.backlog === null) this.#sendSnapshot(id, watched, [viewer]);
    return () => {
      watched.viewers = watched.viewers.filter((other) => other !== viewer);
      if (watched.viewers.length > 0 || this.#watched.get(id) !== watched) return;
      watched.cancelRetry();
      this.#watched.delete(id);
    };
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#cancelRetry();
    this.#cancelGapRead();
    for (const end of this.#ends) end();
    for (const watched of this.#watched.values()) watched.cancelRetry();
    this.#watched.clear();
  }

  #heard(event: WireEvent): void {
    // An event without a folder is the server's own, or one of a session that is known already.
    if (event.directory !== null && event.directory !== this.#options.directory) return;
    const routes = this.#options.connection.protocol()?.sessions;
    if (routes === undefined) return;
    if (event.position !== null && this.#positions.isGap(event.position)) this.#readAfterGap(event.position.session);
    if (routes.isReset(event)) return void this.#resync();
    for (const change of routes.changes(event))
      if (event.directory !== null || this.#isKnown(change)) this.#apply(change);
  }

  /** Whether it is of a session of this folder, as far as that is known: while everything is read anything may be. */
  #isKnown(change: Change): boolean {
    if (this.#backlog !== null || change.kind === "permission_gone" || change.kind === "question_gone") return true;
    if (change.kind === "session") return change.session.directory === this.#options.directory;
    const owner =
      change.kind === "permission" || change.kind === "question" ? change.request.sessionId : change.sessionId;
    return this.#chat.session(owner) !== null;
  }

  #apply(change: Change): void {
    this.#live.apply(change);
    // Of no concern to the list of sessions; there are thousands a second.
    if (change.kind === "delta") return this.#tell(change.sessionId, change);
    this.#interruptions.apply(change);
    if (change.kind === "status") this.#statusAt = this.#options.clock.monotonic();
    this.#fold(change);
    if ("sessionId" in change) this.#tell(change.sessionId, change);
    if (change.kind === "session_removed") this.#end(change.sessionId, missingSession(change.sessionId));
  }

  /** Events are missing: everything is read anew, at most once in GAP_READ_MS however many are. */
  #readAfterGap(session: string): void {
    const { clock, logger } = this.#options;
    const wait = this.#gapReadAt + GAP_READ_MS - clock.monotonic();
    logger.warn("events of a session are missing", { session });
    this.#cancelGapRead();
    const read = () => {
      this.#gapReadAt = clock.monotonic();
      void this.#resync();
    };
    if (wait <= 0) read();
    else this.#cancelGapRead = clock.after(wait, read);
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

  #serverGone(why: string): void {
    this.#round += 1;
    this.#backlog = null;
    this.#cancelRetry();
    this.#cancelGapRead();
    const cut = this.#interruptions.serverGone(
      why,
      (id) => this.#chat.isBusy(id),
      (id) => this.#live.of(id),
    );
    this.#live.clear();
    for (const { sessionId, messageId } of cut) {
      const watched = this.#watched.get(sessionId);
      if (watched === undefined || watched.backlog !== null) continue;
      for (const event of watched.fold.interrupt(messageId, why)) this.#send(watched.viewers, event);
    }
    this.#chat.serverGone();
    this.#states.emit(this.#chat.state());
    for (const id of this.#watched.keys()) this.#tellSession(id);
  }

  /** Reads everything anew, after each connection. */
  async #resync(): Promise<void> {
    const client = this.#options.connection.client();
    const protocol = this.#options.connection.protocol();
    if (client === null || protocol === null || this.#closed) return;
    this.#cancelRetry();
    this.#round += 1;
    const round = this.#round;
    const isCurrent = () => round === this.#round && !this.#closed;
    this.#backlog = [];
    // From here on their changes are kept until their messages are read.
    for (const watched of this.#watched.values()) beginReading(watched);
    try {
      const facts = await protocol.sessions.readChat(client);
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
    const protocol = this.#options.connection.protocol();
    beginReading(watched);
    const { round } = watched;
    const isCurrent = () => this.#watched.get(id) === watched && watched.round === round && !this.#closed;
    // Without a server: the next connection reads it.
    if (client === null || protocol === null) return;
    const live = this.#live.of(id);
    try {
      const [session, messages] = await Promise.all([
        protocol.sessions.readOwn(client, id, this.#options.directory),
        // One more than is shown: it says that there are more.
        protocol.sessions.readMessages(client, id, MESSAGES_SHOWN + 1),
      ]);
      // While the list is being read: its end begins this anew.
      if (!isCurrent() || this.#backlog !== null) return;
      if (this.#chat.session(id) === null) this.remember(session);
      watched.fold.load(messages.slice(-MESSAGES_SHOWN), {
        live: new Map([...this.#interruptions.texts(id), ...live]),
        marks: this.#interruptions.marks(id),
        busy: this.#chat.isBusy(id),
        truncated: messages.length > MESSAGES_SHOWN,
      });
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

  #sendSnapshot(id: SessionId, watched: Watched, to: readonly Viewer[]): void {
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

  #send(viewers: readonly Viewer[], event: SessionEvent): void {
    for (const viewer of viewers) {
      try {
        viewer.onEvent(event);
      } catch (error) {
        this.#options.logger.error("a viewer of a session failed", { error: errorText(error) });
      }
    }
  }
}

function newlyWatched(): Watched {
  return { fold: new MessageFold(), viewers: [], backlog: [], round: 0, cancelRetry: () => undefined };
}

function beginReading(watched: Watched): void {
  watched.cancelRetry();
  watched.round += 1;
  watched.backlog = [];
}
