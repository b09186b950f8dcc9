/** Whether a service takes more than it may. The readings are of its whole process tree and come from the keeper. */
import { sleep, type Clock } from "../lib/clock.ts";
import { formatDuration } from "../lib/deadline.ts";
import { isAbort } from "../lib/error.ts";
import type { Usage } from "../process/owned.ts";
import type { LimitRule } from "./service-rules.ts";

/** How often a reading is asked for; the keeper renews its own every 2 s while somebody asks. In ms. */
const LOOK_MS = 1_000;
const MIB = 1_024 ** 2;

/** Compares readings with the limits of one generation. */
export class LimitMeter {
  readonly #rule: LimitRule;
  #busySince: number | null = null;

  constructor(rule: LimitRule) {
    this.#rule = rule;
  }

  /**
   * @param now Monotonic.
   * @returns What is exceeded, as the end of a sentence that begins with "it"; null: nothing.
   */
  observe({ memoryBytes, cpuPercent }: Pick<Usage, "memoryBytes" | "cpuPercent">, now: number): string | null {
    const rule = this.#rule;
    if (rule.memoryBytes !== null && memoryBytes > rule.memoryBytes) {
      return `uses ${mebibytes(memoryBytes)} of memory, and its limit is ${mebibytes(rule.memoryBytes)}`;
    }
    if (rule.cpuPercent === null || (cpuPercent !== null && cpuPercent <= rule.cpuPercent)) {
      this.#busySince = null;
      return null;
    }
    // Without a reading of the CPU yet: neither begins nor ends a busy stretch.
    if (cpuPercent !== null) this.#busySince ??= now;
    if (this.#busySince === null || now - this.#busySince < rule.cpuForMs) return null;
    const used = `${Math.round(cpuPercent ?? rule.cpuPercent)} %`;
    return `has used ${used} of a core for ${formatDuration(now - this.#busySince)}, and its limit is ${rule.cpuPercent} %`;
  }
}

/**
 * Looks until `signal` aborts.
 *
 * @param onExceeded Called once when a limit is exceeded, and again only after it was kept in between.
 */
export async function watchLimits(
  input: {
    readonly rule: LimitRule;
    readonly clock: Clock;
    readonly usage: () => Pick<Usage, "memoryBytes" | "cpuPercent"> | null;
    readonly onExceeded: (what: string) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { rule, clock, usage, onExceeded } = input;
  const meter = new LimitMeter(rule);
  let told = false;
  try {
    for (;;) {
      await sleep(clock, LOOK_MS, signal);
      const reading = usage();
      if (reading === null) continue;
      const exceeded = meter.observe(reading, clock.monotonic());
      if (exceeded !== null && !told) onExceeded(exceeded);
      told = exceeded !== null;
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
