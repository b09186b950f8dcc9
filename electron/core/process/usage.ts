import { type Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Usage } from "./owned.ts";
import type { ProcessSet } from "./process-set.ts";

/** Often enough to be seen moving, rare enough to cost nothing: a look at 100 processes takes about 2 ms. */
export const sampleMs = 2_000;

interface Reading {
  readonly at: number;
  /** CPU time by process, so that one that ends does not count against the rest. */
  readonly cpu: ReadonlyMap<number, number>;
}

/**
 * Memory and CPU of every owned tree, from one snapshot for all. It has one timer, and only while something is owned.
 * Memory is the sum of resident sizes; pages that processes of a tree share are counted in each.
 */
export class UsageSampler {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sets: () => Iterable<readonly [id: string, set: ProcessSet]>;
  readonly #onSampled: () => void;
  readonly #readings = new Map<string, Reading>();
  readonly #usages = new Map<string, Usage>();
  #cancel: (() => void) | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly sets: () => Iterable<readonly [id: string, set: ProcessSet]>;
    /** After each round: every set is fresh. */
    readonly onSampled: () => void;
  }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#sets = options.sets;
    this.#onSampled = options.onSampled;
  }

  usage(id: string): Usage | null {
    return this.#usages.get(id) ?? null;
  }

  forget(id: string): void {
    this.#usages.delete(id);
    this.#readings.delete(id);
  }

  start(): void {
    this.#cancel ??= this.#clock.after(sampleMs, () => void this.#round());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  async #round(): Promise<void> {
    const round = this.#cancel;
    try {
      for (const [id, set] of this.#sets()) await this.sample(id, set);
      this.#onSampled();
    } catch (error) {
      this.#logger.warn("memory and CPU could not be read", { error: errorText(error) });
    }
    // Stopped, or stopped and started again, while we were looking.
    if (this.#cancel !== round) return;
    this.#cancel = null;
    this.start();
  }

  async sample(id: string, set: ProcessSet): Promise<void> {
    // All sets of a round share the snapshot of its first.
    const members = await set.refresh(sampleMs / 4);
    const at = this.#clock.monotonic();
    const before = this.#readings.get(id);
    const cpu = new Map(members.map((member) => [member.pid, member.cpuMs]));
    let memoryBytes = 0;
    let usedMs = 0;
    for (const member of members) {
      memoryBytes += member.memoryBytes;
      usedMs += Math.max(0, member.cpuMs - (before?.cpu.get(member.pid) ?? 0));
    }
    const elapsed = before === undefined ? 0 : at - before.at;
    this.#readings.set(id, { at, cpu });
    this.#usages.set(id, { memoryBytes, cpuPercent: elapsed > 0 ? (usedMs / elapsed) * 100 : null });
  }
}
