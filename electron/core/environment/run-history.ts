/** How the lives of the services of an environment came out, the latest of each. */
import type { ServiceRun } from "#shared/schema/service.ts";

/** Kept of one service: enough to see a habit, and nothing that grows. */
const MAX_RUNS = 20;

export class RunHistory {
  /** Of services of every plan there was; their names are few. */
  readonly #runs = new Map<string, ServiceRun[]>();

  add(service: string, run: ServiceRun): void {
    const runs = this.#runs.get(service) ?? [];
    runs.push(run);
    this.#runs.set(service, runs.slice(-MAX_RUNS));
  }

  /** Oldest first. */
  of(service: string): readonly ServiceRun[] {
    return this.#runs.get(service) ?? [];
  }
}
