/** How long each step of the latest start of each service took. */
import type { StartStep } from "#shared/schema/service.ts";
import type { Clock } from "../lib/clock.ts";
import type { ServiceChange } from "../service/service-record.ts";
import { isReady, type ServiceState } from "../service/service-states.ts";

interface Step {
  readonly step: StartStep["step"];
  /** Of the wall, for people; and monotonic, to measure by. */
  readonly startedAt: number;
  readonly from: number;
  ms: number | null;
}

export class StartSteps {
  readonly #clock: Clock;
  readonly #steps = new Map<string, Step[]>();
  /** How long each was becoming ready the last time, in ms. */
  readonly #usual = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A service has changed. @param isTask It is ready only when it has completed. */
  note(service: string, { from, to }: Pick<ServiceChange, "from" | "to">, isTask: boolean): void {
    if (to.phase === "pending" && from.phase !== "pending") {
      this.#steps.delete(service);
      this.#begin(service, "waiting");
    } else if (to.phase === "starting" && from.phase !== "starting") {
      this.#begin(service, "starting");
    } else if (isUnderWay(to, isTask)) {
      if (from.phase !== "running") this.#begin(service, "becoming_ready");
    } else if (to.phase !== "waiting" && to.phase !== "starting") this.#end(service);
  }

  of(service: string): StartStep[] {
    return (this.#steps.get(service) ?? []).map(({ step, startedAt, ms }) => ({
      step,
      startedAt: new Date(startedAt).toISOString(),
      ms,
    }));
  }

  /**
   * Those that took longest the last time come first: to make a process takes a moment of ours, and of many that start together
   * the slowest decides when the next can follow.
   */
  slowFirst(services: Iterable<string>): string[] {
    const ms = (name: string) => this.#usual.get(name) ?? 0;
    return [...services].sort((a, b) => ms(b) - ms(a));
  }

  /** Forgets services that are not there any more. */
  keep(names: ReadonlySet<string>): void {
    for (const kept of [this.#steps, this.#usual]) {
      for (const name of kept.keys()) if (!names.has(name)) kept.delete(name);
    }
  }

  #begin(service: string, step: Step["step"]): void {
    this.#end(service);
    const steps = this.#steps.get(service) ?? [];
    steps.push({ step, startedAt: this.#clock.now(), from: this.#clock.monotonic(), ms: null });
    this.#steps.set(service, steps);
  }

  #end(service: string): void {
    const last = this.#steps.get(service)?.at(-1);
    if (last?.ms !== null) return;
    last.ms = Math.round(this.#clock.monotonic() - last.from);
    if (last.step === "becoming_ready") this.#usual.set(service, last.ms);
  }
}

/** It runs and is not of use yet. Once it was, trouble that follows is no part of its start. */
function isUnderWay(state: ServiceState, isTask: boolean): boolean {
  return state.phase === "running" && state.health !== "unhealthy" && !isReady(state, isTask);
}
