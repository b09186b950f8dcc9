import {
  BATCH_FLUSH_MS,
  BATCH_MAX_ITEMS,
  BATCH_MAX_UNACKNOWLEDGED,
  BATCH_MERGE_BEAT_MS,
  STREAM_MAX_PENDING,
  type Batch,
  type Overflow,
} from "#shared/rpc.ts";
import type { Clock } from "../core/lib/clock.ts";

/**
 * Turns the items of one stream into batches its reader can keep up with.
 *
 * Items wait up to one frame for company and leave in batches; at most four batches are on their way unacknowledged, so a
 * reader that stalls holds up nothing but itself. What waits is bounded by the stream's overflow rule (see Overflow).
 * What is not a stream of lines leaves with the next turn of the event loop where it is the first after a pause; a `merge` stream
 * carries what is read while it is written, so its batches keep a shorter beat, too.
 */
export class Batcher<Item> {
  readonly #clock: Clock;
  readonly #overflow: Overflow<Item>;
  readonly #send: (batch: Batch<Item>) => void;
  readonly #onOverrun: () => void;
  #pending: Item[] = [];
  /** Index of the first item in `#pending` that has not left: shifting an array of thousands for each batch is slow. */
  #head = 0;
  #dropped = 0;
  #unacknowledged = 0;
  /** Monotonic. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | null = null;
  #closed = false;

  /** @param onOverrun Called once when a `merge` stream exceeds the bound; the owner must end the stream. */
  constructor(options: {
    clock: Clock;
    overflow: Overflow<Item>;
    send: (batch: Batch<Item>) => void;
    onOverrun: () => void;
  }) {
    this.#clock = options.clock;
    this.#overflow = options.overflow;
    this.#send = options.send;
    this.#onOverrun = options.onOverrun;
  }

  push(item: Item): void {
    if (this.#closed) return;
    const rule = this.#overflow;
    const waiting = this.#pending.length - this.#head;
    if (rule.rule === "latest") {
      this.#pending = [item];
      this.#head = 0;
    } else if (rule.rule === "merge" && waiting > 0) {
      this.#merge(item, rule.merge);
    } else {
      this.#pending.push(item);
    }
    if (this.#pending.length - this.#head > STREAM_MAX_PENDING) this.#overrun();
    this.#schedule();
  }

  /** The reader has taken over one batch. */
  acknowledge(): void {
    if (this.#unacknowledged === 0) return;
    this.#unacknowledged -= 1;
    this.#schedule();
  }

  /** Sends what waits, acknowledged or not, and takes no more. */
  finish(): void {
    if (this.#closed) return;
    while (this.#waits()) this.#sendOne();
    this.close();
  }

  /** Forgets what waits. */
  close(): void {
    this.#closed = true;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#pending = [];
    this.#head = 0;
  }

  #waits(): boolean {
    return this.#pending.length > this.#head || this.#dropped > 0;
  }

  #merge(item: Item, merge: (earlier: Item, later: Item) => Item | null): void {
    const last = this.#pending.length - 1;
    const merged = merge(this.#pending[last] as Item, item);
    if (merged === null) this.#pending.push(item);
    else this.#pending[last] = merged;
  }

  #overrun(): void {
    if (this.#overflow.rule === "drop") {
      this.#pending[this.#head] = undefined as Item;
      this.#head += 1;
      this.#dropped += 1;
      this.#compact();
    } else {
      this.close();
      this.#onOverrun();
    }
  }

  #compact(): void {
    if (this.#head < STREAM_MAX_PENDING) return;
    this.#pending = this.#pending.slice(this.#head);
    this.#head = 0;
  }

  #schedule(): void {
    if (this.#closed || this.#cancelFlush !== null || !this.#waits()) return;
    if (this.#unacknowledged >= BATCH_MAX_UNACKNOWLEDGED) return;
    this.#cancelFlush = this.#clock.after(this.#wait(), () => {
      this.#cancelFlush = null;
      while (this.#waits() && this.#unacknowledged < BATCH_MAX_UNACKNOWLEDGED) this.#sendOne();
    });
  }

  /** Until the next batch may leave, in ms. */
  #wait(): number {
    // Of lines there are always more to come.
    if (this.#overflow.rule === "drop") return BATCH_FLUSH_MS;
    const beat = this.#overflow.rule === "merge" ? BATCH_MERGE_BEAT_MS : BATCH_FLUSH_MS;
    return Math.max(0, this.#sentAt + beat - this.#clock.monotonic());
  }

  #sendOne(): void {
    const end = Math.min(this.#head + BATCH_MAX_ITEMS, this.#pending.length);
    const items = this.#pending.slice(this.#head, end);
    const dropped = this.#dropped;
    this.#head = end;
    this.#dropped = 0;
    if (this.#head === this.#pending.length) {
      this.#pending = [];
      this.#head = 0;
    }
    this.#unacknowledged += 1;
    this.#sentAt = this.#clock.monotonic();
    this.#send({ items, dropped });
  }
}
