/**
 * The sessions somebody looks at: their messages, and who is told of them. A viewer gets a snapshot first, then changes, and
 * after each reading a snapshot again. While the messages are read their changes wait in a backlog.
 */
import type { Message, Session, SessionEvent } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Change, SessionRecord } from "./changes.ts";
import { READ_AGAIN_MS } from "./chat-reading.ts";
import type { ServerConnection } from "./connection.ts";
import type { InterruptedTurn } from "./interruptions.ts";
import { MESSAGES_SHOWN, MessageFold, type Knowledge } from "./message-fold.ts";

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

/** What the rest of the store knows of sessions. */
export interface SessionKnowledge {
  session(id: SessionId): Session | null;
  /** Copies of its unfinished texts that were streamed, by part id. */
  streamed(id: SessionId): ReadonlyMap<string, string>;
  /** What is known beside the server's answer, given what was streamed when it was asked. */
  beside(id: SessionId, streamed: ReadonlyMap<string, string>): Omit<Knowledge, "truncated">;
  /** The list of sessions is being read; its end reads the messages of all. */
  isBeingRead(): boolean;
  /** A session was read that was not known. */
  found(session: SessionRecord): void;
}

export interface WatchedSessionsOptions {
  readonly connection: Pick<ServerConnection, "client" | "protocol">;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly known: SessionKnowledge;
}

export class WatchedSessions {
  readonly #options: WatchedSessionsOptions;
  readonly #watched = new Map<SessionId, Watched>();
  #closed = false;

  constructor(options: WatchedSessionsOptions) {
    this.#options = options;
  }

  /** See SessionStore.events. */
  view(id: SessionId, onEvent: (event: SessionEvent) => void, onEnd: (error: AppError) => void): () => void {
    const viewer: Viewer = { onEvent, onEnd };
    const known = this.#watched.get(id);
    const watched = known ?? newlyWatched();
    watched.viewers = [...watched.viewers, viewer];
    if (known === undefined) {
      this.#watched.set(id, watched);
      void this.#read(id, watched);
    } else if (watched.backlog === null) this.#sendSnapshot(id, watched, [viewer]);
    return () => {
      watched.viewers = watched.viewers.filter((other) => other !== viewer);
      if (watched.viewers.length > 0 || this.#watched.get(id) !== watched) return;
      watched.cancelRetry();
      this.#watched.delete(id);
    };
  }

  /** The messages as they are known; none of a session that nobody looks at. */
  messages(id: SessionId): readonly Message[] {
    return this.#watched.get(id)?.fold.messages() ?? [];
  }

  /** A change of the session's messages. */
  tell(id: SessionId, change: Change): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    if (watched.backlog !== null) watched.backlog.push(change);
    else for (const event of watched.fold.apply(change)) this.#send(watched.viewers, event);
  }

  /** The session itself is another one now. */
  tellSession(id: SessionId): void {
    const watched = this.#watched.get(id);
    const session = this.#options.known.session(id);
    if (watched === undefined || watched.backlog !== null || session === null) return;
    this.#send(watched.viewers, { kind: "session", session });
  }

  tellAllSessions(): void {
    for (const id of this.#watched.keys()) this.tellSession(id);
  }

  /** The turn was cut off. */
  tellCut({ sessionId, messageId }: InterruptedTurn, why: string): void {
    const watched = this.#watched.get(sessionId);
    if (watched === undefined || watched.backlog !== null) return;
    for (const event of watched.fold.interrupt(messageId, why)) this.#send(watched.viewers, event);
  }

  /** The agent was asked to go on. */
  tellContinued(id: SessionId): void {
    const watched = this.#watched.get(id);
    for (const event of watched?.fold.continued() ?? []) this.#send(watched?.viewers ?? [], event);
  }

  /** From here on the changes of all are kept until their messages are read. */
  keepChanges(): void {
    for (const watched of this.#watched.values()) beginReading(watched);
  }

  readAll(): void {
    for (const [id, watched] of this.#watched) void this.#read(id, watched);
  }

  /** It is gone, or cannot be read: its viewers are told and have left. */
  end(id: SessionId, error: AppError): void {
    const watched = this.#watched.get(id);
    watched?.cancelRetry();
    this.#watched.delete(id);
    for (const viewer of watched?.viewers ?? []) viewer.onEnd(error);
  }

  close(): void {
    this.#closed = true;
    for (const watched of this.#watched.values()) watched.cancelRetry();
    this.#watched.clear();
  }

  async #read(id: SessionId, watched: Watched): Promise<void> {
    const { connection, directory, clock, known } = this.#options;
    const client = connection.client();
    const protocol = connection.protocol();
    beginReading(watched);
    const { round } = watched;
    const isCurrent = () => this.#watched.get(id) === watched && watched.round === round && !this.#closed;
    // Without a server: the next connection reads it.
    if (client === null || protocol === null) return;
    const streamed = known.streamed(id);
    try {
      const [session, messages] = await Promise.all([
        protocol.sessions.readOwn(client, id, directory),
        // One more than is shown: it says that there are more.
        protocol.sessions.readMessages(client, id, MESSAGES_SHOWN + 1),
      ]);
      // While the list is being read: its end begins this anew.
      if (!isCurrent() || known.isBeingRead()) return;
      if (known.session(id) === null) known.found(session);
      watched.fold.load(messages.slice(-MESSAGES_SHOWN), {
        ...known.beside(id, streamed),
        truncated: messages.length > MESSAGES_SHOWN,
      });
      for (const change of watched.backlog ?? []) watched.fold.apply(change);
      watched.backlog = null;
      this.#sendSnapshot(id, watched, watched.viewers);
    } catch (error) {
      if (!isCurrent()) return;
      const failure = error instanceof AppError ? error : new AppError("internal", errorText(error), { cause: error });
      if (failure.code !== "opencode_unreachable") return this.end(id, failure);
      // The server is going or too busy; a connection in between reads it earlier.
      watched.cancelRetry = clock.after(READ_AGAIN_MS, () => void this.#read(id, watched));
    }
  }

  #sendSnapshot(id: SessionId, watched: Watched, to: readonly Viewer[]): void {
    const session = this.#options.known.session(id);
    // The list is being read; it sends the snapshots when it is through.
    if (session === null) return;
    const { fold } = watched;
    this.#send(to, { kind: "snapshot", session, messages: fold.messages(), truncated: fold.truncated });
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
