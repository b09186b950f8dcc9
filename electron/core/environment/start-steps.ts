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

  /** Forgets services that are not there any more. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#steps.keys()) if (!names.has(name)) this.#steps.delete(name);
  }

  #begin(service: string, step: Step["step"]): void {
    this.#end(service);
    const steps = this.#steps.get(service) ?? [];
    steps.push({ step, startedAt: this.#clock.now(), from: this.#clock.monotonic(), ms: null });
    this.#steps.set(service, steps);
  }

  #end(service: string): void {
    const last = this.#steps.get(service)?.at(-1);
    if (last?.ms === null) last.ms = Math.round(this.#clock.monotonic() - last.from);
  }
}

/** It runs and is not of use yet. Once it was, trouble that follows is no part of its start. */
function isUnderWay(state: ServiceState, isTask: boolean): boolean {
  return state.phase === "running" && state.health !== "unhealthy" && !isReady(state, isTask);
}
