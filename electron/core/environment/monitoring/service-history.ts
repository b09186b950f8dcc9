/** The readings of the services of one environment, for the curves. */
import type { ServiceHistory, ServiceSample } from "#shared/schema/monitoring.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import type { Emitter } from "../../lib/emitter.ts";

/** From one reading to the next, in ms: the keeper itself reads the processes no more often than it needs to. */
export const SAMPLE_MS = 5_000;
/** Half an hour of readings a service; the oldest makes room for the newest. */
const KEPT = (30 * 60_000) / SAMPLE_MS;

export class ServiceHistories {
  readonly #news: Emitter<ServiceHistory>;
  readonly #samples = new Map<string, ServiceSample[]>();

  constructor(news: Emitter<ServiceHistory>) {
    this.#news = news;
  }

  /** One reading of everything that exists. Services that are gone from the plan are forgotten with what was read of them. */
  take(services: readonly ServiceStatus[], at: number): void {
    const names = new Set(services.map(({ name }) => name));
    for (const name of this.#samples.keys()) if (!names.has(name)) this.#samples.delete(name);
    for (const { name, phase, memoryBytes, cpuPercent, health, restarts } of services) {
      // What does not run has no curve; the gap shows that it did not.
      if (phase !== "running") continue;
      const sample = { at, memoryBytes, cpuPercent, health, restarts };
      const kept = this.#samples.get(name) ?? [];
      kept.push(sample);
      if (kept.length > KEPT) kept.shift();
      this.#samples.set(name, kept);
      this.#news.emit({ service: name, reset: false, samples: [sample] });
    }
  }

  /** Oldest first. */
  of(service: string): readonly ServiceSample[] {
    return this.#samples.get(service) ?? [];
  }

  /** Calls at once with everything kept, service by service, then with each new reading. */
  watch(listener: (history: ServiceHistory) => void): () => void {
    const stop = this.#news.on(listener);
    for (const [service, samples] of this.#samples) listener({ service, reset: true, samples: [...samples] });
    return stop;
  }
}
