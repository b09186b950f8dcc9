import { type Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Attention, Usage } from "./owned.ts";
import type { ProcessSet } from "./process-set.ts";
import type { ProcessEntry, ProcessSource } from "./process-table.ts";

/** Often enough to be seen moving. Only the known members are read for it, some 0.02 ms each. */
export const sampleMs = 2_000;
/**
 * How often all processes of the machine are looked at, for who left its parent and its session meanwhile; and how often
 * anything is looked at while nobody watches. A look at 100 processes takes about 1 ms: 0.01 % of a core.
 */
export const lookMs = 10_000;
/** Somebody watches: usage was asked for closely within this time. */
export const watchedMs = 5_000;

interface Reading {
  readonly at: number;
  /** CPU time by process, so that one that ends does not count against the rest. */
  readonly cpu: ReadonlyMap<string, number>;
}

/**
 * Memory and CPU of every owned tree. It has one timer, and only while something is owned; it is in no hurry while nobody
 * watches. Memory is the sum of resident sizes; pages that processes of a tree share are counted in each. The CPU time of
 * a process that both began and ended between two readings is not seen.
 */
export class UsageSampler {
  readonly #source: ProcessSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sets: () => Iterable<readonly [id: string, set: ProcessSet]>;
  readonly #onLooked: () => void;
  readonly #readings = new Map<string, Reading>();
  readonly #usages = new Map<string, Usage>();
  #cancel: (() => void) | null = null;
  #askedAt = -Infinity;
  #sampledAt = -Infinity;
  #lookedAt = -Infinity;

  constructor(options: {
    readonly source: ProcessSource;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly sets: () => Iterable<readonly [id: string, set: ProcessSet]>;
    /** After each look at all processes: every set is complete. */
    readonly onLooked: () => void;
  }) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#sets = options.sets;
    this.#onLooked = options.onLooked;
  }

  usage(id: string, attention: Attention = "closely"): Usage | null {
    if (attention === "closely") this.#beWatched();
    return this.#usages.get(id) ?? null;
  }

  #beWatched(): void {
    const wasWatched = this.#isWatched();
    this.#askedAt = this.#clock.monotonic();
    if (!wasWatched && this.#cancel !== null) this.#schedule();
  }

  forget(id: string): void {
    this.#usages.delete(id);
    this.#readings.delete(id);
  }

  /** Something is owned; what was begun just now is measured in a moment. */
  start(): void {
    if (this.#cancel === null) this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #isWatched(): boolean {
    return this.#clock.monotonic() - this.#askedAt <= watchedMs;
  }

  #schedule(): void {
    this.#cancel?.();
    const now = this.#clock.monotonic();
    // The very first reading comes soon, whoever watches: it is what the second is compared with.
    const first = this.#sampledAt === -Infinity;
    const due = first ? now + sampleMs : this.#sampledAt + (this.#isWatched() ? sampleMs : lookMs);
    this.#cancel = this.#clock.after(Math.max(0, due - now), () => void this.#round());
  }

  async #round(): Promise<void> {
    const round = this.#cancel;
    this.#sampledAt = this.#clock.monotonic();
    // A bit early is better than a round late.
    const isLook = this.#sampledAt - this.#lookedAt >= lookMs - sampleMs / 2;
    if (isLook) this.#lookedAt = this.#sampledAt;
    try {
      // All sets of a round share the snapshot of its first.
      for (const [id, set] of this.#sets()) {
        this.#record(id, isLook ? await set.refresh(sampleMs / 4) : await set.follow(sampleMs / 4));
      }
      if (isLook) this.#onLooked();
    } catch (error) {
      this.#logger.warn("memory and CPU could not be read", { error: errorText(error) });
    }
    // Stopped, or stopped and started again, while we were looking.
    if (this.#cancel === round && round !== null) this.#schedule();
  }

  #record(id: string, members: readonly ProcessEntry[]): void {
    const at = this.#clock.monotonic();
    const before = this.#readings.get(id);
    const elapsed = before === undefined ? 0 : at - before.at;
    const cpu = new Map<string, number>();
    let memoryBytes = 0;
    let usedMs = 0;
    let busiest: { readonly member: ProcessEntry; readonly usedMs: number } | null = null;
    for (const member of members) {
      const identity = `${member.pid} ${member.startTime}`;
      cpu.set(identity, member.cpuMs);
      memoryBytes += member.memoryBytes;
      const known = before?.cpu.get(identity);
      // Somebody new may also be old and only now found: more than the time between two readings is not of this reading.
      const used = known === undefined ? Math.min(member.cpuMs, elapsed) : Math.max(0, member.cpuMs - known);
      usedMs += used;
      if (used > (busiest?.usedMs ?? 0)) busiest = { member, usedMs: used };
    }
    const percent = (ms: number) => (ms / elapsed) * 100;
    this.#readings.set(id, { at, cpu });
    this.#usages.set(id, {
      memoryBytes,
      cpuPercent: elapsed > 0 ? percent(usedMs) : null,
      processes: members.length,
      busiest:
        elapsed > 0 && busiest !== null
          ? {
              pid: busiest.member.pid,
              command: this.#source.command(busiest.member.pid),
              cpuPercent: percent(busiest.usedMs),
            }
          : null,
    });
  }
}
