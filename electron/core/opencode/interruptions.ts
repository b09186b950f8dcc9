/**
 * Turns that were cut off because their server ended: which they are, why, and what had been written. OpenCode stores a text
 * only when it is complete, so of a text that was being streamed this is the only copy there will ever be.
 */
import type { MessageInfo } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Change } from "./changes.ts";

/** Characters kept of one turn; beyond it the end is left out. A long answer has some 100,000. */
export const CUT_MAX_CHARACTERS = 1024 * 1024;
/** Turns kept in memory for one workspace; beyond it the oldest are forgotten. */
const CUT_MAX_TURNS = 200;
/** Sessions of which the newest message is remembered. */
const NEWEST_MAX = 500;
/** From the abort that a stopping server makes of its turns to its end: dispose may take 5 s, the signals 3 s, our load the rest. */
const STOPPING_MS = 15_000;

/** One turn that was cut off. */
export interface InterruptedTurn {
  readonly sessionId: SessionId;
  /** The newest message of the turn when it happened. */
  readonly messageId: string;
  /** Real path of the workspace's folder. */
  readonly directory: string;
  /** One sentence; null: the agent was asked to go on, only the text is kept. */
  readonly reason: string | null;
  /** What had been written of the parts that were not complete, by the part's id. */
  readonly texts: Readonly<Record<string, string>>;
  /** Wall time in ms. */
  readonly at: number;
}

/** Where interrupted turns outlive the host. A turn is known by session and message. */
export interface InterruptedTurns {
  /** Adds it, or replaces what is there of the same session and message. */
  save(turn: InterruptedTurn): void;
  /** Those of one folder, oldest first. */
  list(directory: string): readonly InterruptedTurn[];
  /** All of one session. */
  remove(sessionId: SessionId): void;
}

export interface InterruptionsOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null: they are forgotten with the host. */
  readonly turns: InterruptedTurns | null;
}

type Newest = {
  info: MessageInfo;
  /** Monotonic time at which the server aborted it, although no person had asked for that; null: it did not. */
  abortedAt: number | null;
};

export class Interruptions {
  readonly #options: InterruptionsOptions;
  /** By session and message, oldest first. */
  readonly #turns = new Map<string, InterruptedTurn>();
  readonly #newest = new Map<SessionId, Newest>();
  /** Sessions whose running turn a person aborted. */
  readonly #byPerson = new Set<SessionId>();

  constructor(options: InterruptionsOptions) {
    this.#options = options;
    for (const turn of this.#load()) this.#turns.set(key(turn), turn);
  }

  /** Every change goes by here, of watched sessions and of others. */
  apply(change: Change): void {
    switch (change.kind) {
      case "message":
        return this.#message(change.info);
      case "message_ended": {
        const known = this.#newest.get(change.sessionId)?.info;
        if (known?.id === change.messageId) this.#message({ ...known, ...change.ended });
        return;
      }
      case "session_removed":
        return this.#forget(change.sessionId);
      default:
    }
  }

  /** What the server tells of this session's turn from now on is a person's doing. */
  personAborts(sessionId: SessionId): void {
    this.#byPerson.add(sessionId);
  }

  /**
   * The server is gone. Answers the turns that were cut by it.
   *
   * @param isBusy Whether a session worked to the last.
   * @param textsOf What had been streamed of its unfinished parts.
   */
  serverGone(
    reason: string,
    isBusy: (sessionId: SessionId) => boolean,
    textsOf: (sessionId: SessionId) => ReadonlyMap<string, string>,
  ): readonly InterruptedTurn[] {
    const { clock, directory } = this.#options;
    const cut: InterruptedTurn[] = [];
    for (const [sessionId, { info, abortedAt }] of this.#newest) {
      const aborted = abortedAt !== null && clock.monotonic() - abortedAt <= STOPPING_MS;
      if (!aborted && (info.error !== null || !isBusy(sessionId))) continue;
      cut.push({
        sessionId,
        messageId: info.id,
        directory,
        reason,
        texts: bounded(textsOf(sessionId)),
        at: clock.now(),
      });
    }
    this.#newest.clear();
    this.#byPerson.clear();
    for (const turn of cut) this.#keep(turn);
    return cut;
  }

  /** The marks of one session by message id; null at those that were continued. */
  marks(sessionId: SessionId): ReadonlyMap<string, string | null> {
    return new Map(this.#of(sessionId).map((turn) => [turn.messageId, turn.reason]));
  }

  /** The texts kept of one session by part id. */
  texts(sessionId: SessionId): ReadonlyMap<string, string> {
    return new Map(this.#of(sessionId).flatMap((turn) => Object.entries(turn.texts)));
  }

  /** The agent was asked to go on: the marks of the session go, the texts stay. Answers the messages that had one. */
  continued(sessionId: SessionId): readonly string[] {
    const marked = this.#of(sessionId).filter((turn) => turn.reason !== null);
    for (const turn of marked) this.#keep({ ...turn, reason: null });
    return marked.map((turn) => turn.messageId);
  }

  #message(info: MessageInfo): void {
    const known = this.#newest.get(info.sessionId);
    // The person's message is told once more after the turn, with a summary.
    if (known !== undefined && known.info.id !== info.id && known.info.createdAt > info.createdAt) return;
    // The next turn begins; that the session is busy is told several times in one.
    if (info.role === "user" && known?.info.id !== info.id) this.#byPerson.delete(info.sessionId);
    const aborted = info.error?.name === "MessageAbortedError" && !this.#byPerson.has(info.sessionId);
    const before = known?.info.id === info.id ? known.abortedAt : null;
    this.#newest.delete(info.sessionId);
    this.#newest.set(info.sessionId, {
      info,
      abortedAt: aborted ? (before ?? this.#options.clock.monotonic()) : null,
    });
    const [oldest] = this.#newest.keys();
    if (this.#newest.size > NEWEST_MAX && oldest !== undefined) this.#newest.delete(oldest);
  }

  #of(sessionId: SessionId): InterruptedTurn[] {
    return Array.from(this.#turns.values()).filter((turn) => turn.sessionId === sessionId);
  }

  #keep(turn: InterruptedTurn): void {
    this.#turns.set(key(turn), turn);
    const [oldest] = this.#turns.keys();
    if (this.#turns.size > CUT_MAX_TURNS && oldest !== undefined) this.#turns.delete(oldest);
    this.#store("keeping an interrupted turn", (turns) => turns.save(turn));
  }

  #forget(sessionId: SessionId): void {
    this.#newest.delete(sessionId);
    this.#byPerson.delete(sessionId);
    const gone = this.#of(sessionId);
    for (const turn of gone) this.#turns.delete(key(turn));
    if (gone.length > 0) this.#store("forgetting interrupted turns", (turns) => turns.remove(sessionId));
  }

  #load(): readonly InterruptedTurn[] {
    let found: readonly InterruptedTurn[] = [];
    this.#store("reading the interrupted turns", (turns) => (found = turns.list(this.#options.directory)));
    return found;
  }

  /** Trouble of the disk costs the copy on disk; what is in memory stays. */
  #store(what: string, work: (turns: InterruptedTurns) => void): void {
    if (this.#options.turns === null) return;
    try {
      work(this.#options.turns);
    } catch (error) {
      this.#options.logger.warn(`${what} failed`, { error: errorText(error) });
    }
  }
}

function key(turn: InterruptedTurn): string {
  return `${turn.sessionId} ${turn.messageId}`;
}

function bounded(texts: ReadonlyMap<string, string>): Record<string, string> {
  let left = CUT_MAX_CHARACTERS;
  const kept: [string, string][] = [];
  for (const [partId, text] of texts) {
    if (text === "" || left === 0) continue;
    const piece = text.slice(0, left);
    kept.push([partId, piece]);
    left -= piece.length;
  }
  return Object.fromEntries(kept);
}
