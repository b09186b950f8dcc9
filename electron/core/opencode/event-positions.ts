/** Sessions whose position is remembered; beyond it those not heard of for the longest time are forgotten. */
const SESSIONS_MAX = 1_000;

/** Where an event stands among the durable events of its session: 1, 2, 3, … without a hole. */
export interface EventPosition {
  readonly session: string;
  readonly number: number;
}

/** Notices that events of a session are missing. Of one connection: after each new one everything is read anew anyway. */
export class EventPositions {
  readonly #last = new Map<string, number>();

  /** Takes the position; true where at least one before it was never seen. A repeated or older one is none. */
  isGap({ session, number }: EventPosition): boolean {
    const last = this.#last.get(session);
    this.#last.delete(session);
    this.#last.set(session, Math.max(number, last ?? number));
    const [oldest] = this.#last.keys();
    if (this.#last.size > SESSIONS_MAX && oldest !== undefined) this.#last.delete(oldest);
    return last !== undefined && number > last + 1;
  }

  clear(): void {
    this.#last.clear();
  }
}
