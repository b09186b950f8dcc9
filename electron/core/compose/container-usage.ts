/** Memory and CPU of containers, read by one `docker stats` for all of them, and only while somebody asks. */
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Attention, Usage } from "../process/owned.ts";

/** `docker stats` takes two seconds, for it measures over one, and the engine works for it. In ms. */
const FRESH_MS = 5_000;
/** Asked for in passing, as by the curves of the last half hour. */
const FRESH_IN_PASSING_MS = 30_000;

export interface ContainerUsageDependencies {
  /** What `docker stats --no-stream --no-trunc --format "{{json .}}"` prints for these. */
  readonly stats: (ids: readonly string[]) => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ContainerUsage {
  readonly #dependencies: ContainerUsageDependencies;
  readonly #ids = new Set<string>();
  #readings: ReadonlyMap<string, Usage> = new Map();
  #asking = false;
  #at = Number.NEGATIVE_INFINITY;

  constructor(dependencies: ContainerUsageDependencies) {
    this.#dependencies = dependencies;
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }

  /** The latest reading; null before the first. A newer one is on its way where this one is old. */
  of(id: string, attention: Attention = "closely"): Usage | null {
    const { clock } = this.#dependencies;
    const fresh = attention === "closely" ? FRESH_MS : FRESH_IN_PASSING_MS;
    if (!this.#asking && clock.monotonic() - this.#at > fresh) void this.#read();
    return this.#readings.get(id) ?? null;
  }

  async #read(): Promise<void> {
    const { stats, clock, logger } = this.#dependencies;
    this.#asking = true;
    try {
      this.#readings = parseStats(await stats([...this.#ids]));
    } catch (error) {
      // Engine gone, or a container ended meanwhile; whoever watches it says so.
      this.#readings = new Map();
      logger.debug("The usage of containers could not be read", { error: errorText(error) });
    } finally {
      this.#asking = false;
      this.#at = clock.monotonic();
    }
  }
}

/** One JSON object a line; a line that is none is left out. */
export function parseStats(text: string): ReadonlyMap<string, Usage> {
  const readings = new Map<string, Usage>();
  for (const line of text.split("\n")) {
    const usage = parseLine(line);
    if (usage !== null) readings.set(...usage);
  }
  return readings;
}

function parseLine(line: string): [string, Usage] | null {
  if (!line.startsWith("{")) return null;
  try {
    const stats = JSON.parse(line) as { ID?: unknown; CPUPerc?: unknown; MemUsage?: unknown; PIDs?: unknown };
    const memoryBytes = bytesOf(String(stats.MemUsage).split("/")[0] ?? "");
    const cpu = Number(String(stats.CPUPerc).replace("%", ""));
    if (typeof stats.ID !== "string" || memoryBytes === null) return null;
    const processes = Number(stats.PIDs);
    return [
      stats.ID,
      {
        memoryBytes,
        cpuPercent: Number.isFinite(cpu) ? cpu : null,
        processes: Number.isInteger(processes) ? processes : 0,
        busiest: null,
      },
    ];
  } catch {
    // Cut off in the middle: the engine went away while it was written.
    return null;
  }
}

const units = new Map([
  ["B", 1],
  ["KIB", 1_024],
  ["MIB", 1_024 ** 2],
  ["GIB", 1_024 ** 3],
  ["TIB", 1_024 ** 4],
  ["KB", 1_000],
  ["MB", 1_000 ** 2],
  ["GB", 1_000 ** 3],
]);

/** `3.5MiB`, as docker prints it. */
function bytesOf(text: string): number | null {
  const [, amount = "", unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$/.exec(text) ?? [];
  const factor = units.get(unit.toUpperCase());
  return amount === "" || factor === undefined ? null : Math.round(Number(amount) * factor);
}
