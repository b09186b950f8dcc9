/**
 * Reads what there is of all sessions, anew whenever what is known may be out of date: after each connection and once more when
 * it proves to be live, after a reading that failed, and where events are missing. While the answers are awaited the events wait in a backlog, which lives as long
 * as one reading.
 */
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Change } from "./changes.ts";
import type { ChatFacts } from "./chat-fold.ts";
import type { ServerConnection } from "./connection.ts";

/** After reading failed although the stream is connected: a configuration that cannot be read, or a server too busy. */
export const READ_AGAIN_MS = 2_000;
/** After a connection that nothing has been heard on yet; its first event may be the heartbeat after 10 s. */
export const UNPROVEN_READ_MS = 1_000;
/** At most one reading in that time because of missing events; each costs the server some 20 ms. */
const GAP_READ_MS = 5_000;

export interface ChatReadingOptions {
  readonly connection: Pick<ServerConnection, "client" | "protocol">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A reading begins: from here on everything that changes is kept until it is through. */
  readonly onBegin: () => void;
  /** It is through. @param since What changed meanwhile, in order; the facts may have some of it already. */
  readonly onRead: (facts: ChatFacts, since: readonly Change[]) => void;
}

export class ChatReading {
  readonly #options: ChatReadingOptions;
  /** Null: nothing is being read, what is known is live. */
  #backlog: Change[] | null = null;
  /** Grows with each reading, so that an older answer is not used. */
  #round = 0;
  /** Monotonic time of the last reading that a gap brought about. */
  #gapReadAt = Number.NEGATIVE_INFINITY;
  #cancelGapRead: () => void = () => undefined;
  /** Connected, and no event has shown yet that the server listens to its own. */
  #unproven = false;
  #cancelUnprovenRead: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  #closed = false;

  constructor(options: ChatReadingOptions) {
    this.#options = options;
  }

  /** From the beginning of a reading until one is through. */
  get isUnderWay(): boolean {
    return this.#backlog !== null;
  }

  /** Keeps a change until the reading is through. False: none is under way, it counts at once. */
  keep(change: Change): boolean {
    if (this.#backlog === null) return false;
    this.#backlog.push(change);
    return true;
  }

  /**
   * A connection is there. OpenCode 1.18 greets before it listens to its own events: on a busy machine a permission was asked
   * in between, in no event and not in what had just been read, and the agent waited for ever (seen in a soak). So everything is
   * read again once an event proves that it listens, and after a while where none comes.
   */
  connected(): void {
    this.#unproven = true;
    this.#cancelUnprovenRead();
    this.#cancelUnprovenRead = this.#options.clock.after(UNPROVEN_READ_MS, () => void this.read());
    void this.read();
  }

  /** An event came that is no greeting. */
  heard(): void {
    if (!this.#unproven) return;
    this.#unproven = false;
    this.#cancelUnprovenRead();
    void this.read();
  }

  /** Reads everything now; one that is under way is forgotten. Without a server nothing happens: its connection does it. */
  async read(): Promise<void> {
    const client = this.#options.connection.client();
    const protocol = this.#options.connection.protocol();
    if (client === null || protocol === null || this.#closed) return;
    this.#cancelRetry();
    this.#round += 1;
    const round = this.#round;
    this.#backlog = [];
    this.#options.onBegin();
    try {
      const facts = await protocol.sessions.readChat(client);
      if (round !== this.#round) return;
      const since = this.#backlog;
      this.#backlog = null;
      this.#options.onRead(facts, since);
    } catch (error) {
      if (round !== this.#round) return;
      this.#options.logger.warn("reading the sessions failed", { error: errorText(error) });
      this.#cancelRetry = this.#options.clock.after(READ_AGAIN_MS, () => void this.read());
    }
  }

  /** Events are missing: everything is read anew, at most once in GAP_READ_MS however many are. */
  readAfterGap(): void {
    const { clock } = this.#options;
    const wait = this.#gapReadAt + GAP_READ_MS - clock.monotonic();
    this.#cancelGapRead();
    const read = () => {
      this.#gapReadAt = clock.monotonic();
      void this.read();
    };
    if (wait <= 0) read();
    else this.#cancelGapRead = clock.after(wait, read);
  }

  /** The server is gone: what was being read, or was to be, is forgotten. */
  giveUp(): void {
    this.#round += 1;
    this.#backlog = null;
    this.#unproven = false;
    this.#cancelRetry();
    this.#cancelGapRead();
    this.#cancelUnprovenRead();
  }

  close(): void {
    this.giveUp();
    this.#closed = true;
  }
}
