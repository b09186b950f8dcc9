/** Whether a server takes more than its share: memory over its limit, or a process that never rests. */
import type { Failure } from "#shared/failure.ts";
import type { Usage } from "../process/owned.ts";

/** Readings in a row over the memory limit before it is restarted: a burst of tokens doubles the memory for some seconds. */
const READINGS_OVER = 3;
/** Of one core. A server at rest takes about 1 %, a language server that indexes a project a whole one, for a while. */
const CPU_PERCENT = 80;
/** No index takes this long while nobody asks for anything. */
const CPU_MS = 5 * 60_000;
const MEBIBYTE = 1_024 * 1_024;

export interface Reading {
  /** Monotonic ms. */
  readonly at: number;
  readonly usage: Usage;
  /** A turn runs. */
  readonly isBusy: boolean;
  /** Null: none. */
  readonly limitMb: number | null;
}

export interface Excess {
  /** Null: below the limit. */
  readonly memory: Failure | null;
  /** It has been over the memory limit for long enough to be restarted once no turn runs. */
  readonly restart: boolean;
  /** Null: nothing runs away. */
  readonly cpu: Failure | null;
}

/** Judges one reading after the other of one server. */
export class Limits {
  #over = 0;
  #busiest: { readonly pid: number; readonly since: number } | null = null;

  judge(reading: Reading): Excess {
    const { usage, limitMb } = reading;
    const limit = limitMb === null ? Infinity : limitMb * MEBIBYTE;
    this.#over = usage.memoryBytes > limit ? this.#over + 1 : 0;
    return {
      memory: this.#over > 0 && limitMb !== null ? memoryFailure(usage.memoryBytes, limitMb) : null,
      restart: this.#over >= READINGS_OVER,
      cpu: this.#judgeCpu(reading),
    };
  }

  #judgeCpu({ at, usage, isBusy }: Reading): Failure | null {
    const busiest = usage.busiest;
    if (isBusy || busiest === null || busiest.cpuPercent <= CPU_PERCENT) {
      this.#busiest = null;
      return null;
    }
    if (this.#busiest?.pid !== busiest.pid) this.#busiest = { pid: busiest.pid, since: at };
    if (at - this.#busiest.since < CPU_MS) return null;
    return {
      code: "opencode_cpu",
      message: `${busiest.command} (pid ${busiest.pid}) has used ${Math.round(busiest.cpuPercent)} % of a core for five minutes although no turn runs.`,
      next: "If it is of no use, restart the server: that ends it.",
      details: { ...busiest },
    };
  }
}

function memoryFailure(memoryBytes: number, limitMb: number): Failure {
  const mb = Math.round(memoryBytes / MEBIBYTE);
  return {
    code: "opencode_memory",
    message: `OpenCode and what it started use ${mb} MB; the limit is ${limitMb} MB.`,
    next: "It is restarted once no turn runs; raise the limit in the settings if it needs more.",
    details: { memoryBytes, limitMb },
  };
}
