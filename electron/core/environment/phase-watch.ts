/** The phase of a whole environment, and since when it is in it. */
import type { EnvironmentPhase } from "#shared/schema/environment.ts";
import type { Clock } from "../lib/clock.ts";
import { environmentPhase, type ServiceStanding } from "./environment-phase.ts";

export interface PhaseWatchDependencies {
  readonly clock: Clock;
  readonly services: () => Iterable<ServiceStanding>;
  readonly note: (text: string) => void;
  /** Nothing is wanted any more, and nothing is left. */
  readonly onStopped: () => void;
}

export class PhaseWatch {
  readonly #dependencies: PhaseWatchDependencies;
  #phase: EnvironmentPhase = "stopped";
  #since: number;

  constructor(dependencies: PhaseWatchDependencies) {
    this.#dependencies = dependencies;
    this.#since = dependencies.clock.now();
  }

  get phase(): EnvironmentPhase {
    return this.#phase;
  }

  /** Wall time in ms. */
  get since(): number {
    return this.#since;
  }

  /** Something may have changed. */
  look(): void {
    const { clock, services, note, onStopped } = this.#dependencies;
    const phase = environmentPhase(services());
    if (phase === this.#phase) return;
    const now = clock.now();
    if (phase === "ready" && this.#phase === "starting") {
      note(`everything is ready, ${((now - this.#since) / 1_000).toFixed(1)} s after the start`);
    }
    this.#phase = phase;
    this.#since = now;
    if (phase === "stopped") onStopped();
  }
}
