import type { Clock } from "../lib/clock.ts";

/** Bytes that wait for the disk, over all queues that share it. */
export interface WriteBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

/** Something that waits to be written: one line or many. */
export interface Queued {
  readonly lines: number;
  /** A number that grows from one to the next. */
  readonly last: number;
  /** What it counts against the budget, in bytes. */
  readonly weight: number;
}

/** What was given up: how many lines, and `last` of the newest of them. */
export interface Lost {
  readonly lines: number;
  readonly through: number;
}

/** After a failure, the next try. In ms. */
const RETRY_MS = 5_000;
/** While the disk fails, what is kept for when it works again. */
const TROUBLED_BYTES = 4 * 1_024 * 1_024;
/** Parts of the budget: from the first on who writes is asked to wait, until no more than the second is left. */
const BEHIND = 1 / 2;
const CAUGHT_UP = 1 / 4;
/** The part of it that each queue may have waiting in any case, so that none waits for what only others have to write. */
const OWN_SHARE = 1 / 64;
/** A disk that has taken nothing for so long hangs: nobody waits for it any more. In ms. */
const STUCK_MS = 5_000;

/**
 * What waits for the disk, written in order by one writer. Who appends is told when the disk is behind, and loses nothing if
 * he waits. At the budget's end, and while the disk fails, the oldest are given up and counted; the next write is told how
 * many.
 */
export class WriteQueue<Item extends Queued> {
  readonly #store: (items: readonly Item[], lost: Lost) => Promise<void>;
  readonly #batchBytes: number;
  readonly #budget: WriteBudget;
  readonly #clock: Clock;
  readonly #onTrouble: (error: unknown) => void;
  readonly #onWritten: () => void;
  #waiting: Item[] = [];
  #waitingBytes = 0;
  #lost: Lost = { lines: 0, through: 0 };
  #dropped = 0;
  /** `last` of the newest that was appended, and of the newest that waits no more. */
  #appended = 0;
  #settled = 0;
  #work: Promise<void> = Promise.resolve();
  #busy = false;
  #failedAt: number | null = null;
  /** What those who append wait for; null while the disk keeps up. */
  #catchUp: { readonly done: Promise<void>; readonly end: () => void } | null = null;
  #isStuck = false;

  constructor(options: {
    /** Writes all or nothing. `lost` stand before the items and are forgotten once it resolves. */
    readonly store: (items: readonly Item[], lost: Lost) => Promise<void>;
    /** One write at a time, of about this size. */
    readonly batchBytes: number;
    readonly budget: WriteBudget;
    readonly clock: Clock;
    readonly onTrouble: (error: unknown) => void;
    readonly onWritten: () => void;
  }) {
    this.#store = options.store;
    this.#batchBytes = options.batchBytes;
    this.#budget = options.budget;
    this.#clock = options.clock;
    this.#onTrouble = options.onTrouble;
    this.#onWritten = options.onWritten;
  }

  /** Lines given up since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns While the disk is behind: resolves when it has caught up, fails or hangs. Never rejects. */
  append(item: Item): Promise<void> | undefined {
    this.#waiting.push(item);
    this.#appended = item.last;
    this.#waitingBytes += item.weight;
    this.#budget.usedBytes += item.weight;
    const isTroubled = this.#failedAt !== null;
    if (this.#budget.usedBytes > this.#budget.maxBytes) this.#giveUp(this.#waitingBytes / 2);
    if (isTroubled && this.#waitingBytes > TROUBLED_BYTES) this.#giveUp(this.#waitingBytes - TROUBLED_BYTES / 2);
    if (isTroubled && this.#clock.monotonic() - (this.#failedAt ?? 0) < RETRY_MS) return undefined;
    this.#write();
    return this.#waitIfBehind();
  }

  /** Everything appended before is written, or has just failed to be. */
  async flush(): Promise<void> {
    const through = this.#appended;
    do {
      this.#write();
      await this.#work;
    } while (this.#failedAt === null && this.#settled < through);
  }

  /** Runs `work` between two writes. */
  exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    // A failure is the failed work's own.
    this.#work = done.catch(() => undefined);
    return done;
  }

  #waitIfBehind(): Promise<void> | undefined {
    const { usedBytes, maxBytes } = this.#budget;
    if (this.#catchUp !== null) return this.#catchUp.done;
    if (usedBytes <= maxBytes * BEHIND || this.#waitingBytes <= maxBytes * OWN_SHARE) return undefined;
    if (this.#isStuck || this.#failedAt !== null) return undefined;
    let resolve: () => void = () => undefined;
    const done = new Promise<void>((settle) => (resolve = settle));
    let cancel: () => void = () => undefined;
    const watch = () => {
      const before = this.#settled;
      cancel = this.#clock.after(STUCK_MS, () => {
        if (this.#settled > before) return watch();
        this.#isStuck = true;
        this.#goOn();
      });
    };
    watch();
    const end = () => {
      cancel();
      resolve();
    };
    this.#catchUp = { done, end };
    return done;
  }

  #goOn(): void {
    this.#catchUp?.end();
    this.#catchUp = null;
  }

  /** One batch at a time, so that a reader gets its turn in between. */
  #write(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    void this.exclusively(async () => {
      try {
        await this.#writeBatch();
        this.#failedAt = null;
        this.#isStuck = false;
        this.#onWritten();
      } catch (error) {
        this.#failedAt = this.#clock.monotonic();
        this.#goOn();
        this.#onTrouble(error);
      } finally {
        this.#busy = false;
        if (this.#failedAt === null) this.#write();
      }
    });
  }

  async #writeBatch(): Promise<void> {
    const items = this.#waiting.splice(0, this.#countUpTo(this.#batchBytes));
    const lost = this.#lost;
    const last = items.at(-1)?.last ?? 0;
    try {
      await this.#store(items, lost);
    } catch (error) {
      // Newer ones were given up meanwhile: these cannot come after the note that says so.
      if (this.#lost.through > last) this.#count(items, this.#lost.through);
      else this.#waiting = [...items, ...this.#waiting];
      throw error;
    }
    this.#unweigh(items);
    this.#settled = Math.max(this.#settled, last);
    this.#lost = { lines: this.#lost.lines - lost.lines, through: this.#lost.through };
  }

  /** How many of the oldest make up that many bytes; at least one. */
  #countUpTo(bytes: number): number {
    let sum = 0;
    let count = 0;
    for (const item of this.#waiting) {
      if (count > 0 && sum + item.weight > bytes) break;
      sum += item.weight;
      count += 1;
    }
    return count;
  }

  #giveUp(bytes: number): void {
    const gone = this.#waiting.splice(0, this.#countUpTo(bytes));
    const through = gone.at(-1)?.last ?? this.#lost.through;
    this.#count(gone, through);
    this.#settled = Math.max(this.#settled, through);
  }

  #count(gone: readonly Item[], through: number): void {
    const lines = gone.reduce((sum, item) => sum + item.lines, 0);
    this.#lost = { lines: this.#lost.lines + lines, through };
    this.#dropped += lines;
    this.#unweigh(gone);
  }

  #unweigh(items: readonly Item[]): void {
    const bytes = items.reduce((sum, item) => sum + item.weight, 0);
    this.#waitingBytes -= bytes;
    this.#budget.usedBytes -= bytes;
    const { usedBytes, maxBytes } = this.#budget;
    if (usedBytes <= maxBytes * CAUGHT_UP || this.#waitingBytes <= maxBytes * OWN_SHARE) this.#goOn();
  }
}
