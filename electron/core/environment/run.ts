/** Starts that were asked for, and how each came out. */
import { randomBytes } from "node:crypto";
import type { Failure } from "#shared/failure.ts";
import type { Exit } from "#shared/schema/service.ts";
import { abortError } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import type { Service } from "../service/service.ts";
import { standingOf } from "./environment-phase.ts";

export interface RunOutcome {
  /** `stopped`: it was called off before it was decided. */
  readonly outcome: "ready" | "failed" | "stopped";
  readonly failures: readonly { readonly service: string; readonly failure: Failure }[];
  /** The service whose end ended everything else, as its author wanted, where one has. */
  readonly endedBy?: { readonly service: string; readonly exit: Exit | null };
}

interface Run {
  readonly id: string;
  readonly wanted: ReadonlySet<string>;
  outcome: RunOutcome | null;
  endedBy: NonNullable<RunOutcome["endedBy"]> | null;
  readonly waiters: Set<(outcome: RunOutcome) => void>;
}

/** Outcomes that can still be asked for. A run that somebody waits for is not forgotten, or its waiter would wait for ever. */
const MAX_KEPT = 100;

/** All runs of one environment. */
export class Runs {
  readonly #runs = new Map<string, Run>();
  #latest: Run | null = null;

  /** The run that is under way, or ended well and is still what is wanted; null where a new one is needed. */
  get latest(): {
    readonly id: string;
    readonly wanted: ReadonlySet<string>;
    readonly outcome: RunOutcome | null;
    readonly endedBy: NonNullable<RunOutcome["endedBy"]> | null;
  } | null {
    return this.#latest;
  }

  begin(wanted: ReadonlySet<string>): string {
    const run: Run = {
      id: `run_${randomBytes(8).toString("hex")}`,
      wanted,
      outcome: null,
      endedBy: null,
      waiters: new Set(),
    };
    this.#runs.set(run.id, run);
    this.#latest = run;
    for (const [id, { waiters }] of this.#runs) {
      if (this.#runs.size <= MAX_KEPT) break;
      if (waiters.size === 0) this.#runs.delete(id);
    }
    return run.id;
  }

  /** The end of a service ends everything: the runs that are not decided come out by it. */
  end(endedBy: NonNullable<RunOutcome["endedBy"]>): void {
    for (const run of this.#runs.values()) if (run.outcome === null) run.endedBy ??= endedBy;
  }

  /** Decides the runs that can be decided now. */
  settle(find: (name: string) => Service | undefined): void {
    for (const run of this.#runs.values()) {
      if (run.outcome !== null) continue;
      const outcome = outcomeOf(run, find);
      if (outcome === null) continue;
      run.outcome = outcome;
      for (const tell of run.waiters) tell(outcome);
      run.waiters.clear();
    }
  }

  /** @throws AppError `not_found` for a run nobody remembers; an AbortError when `signal` aborts. */
  settled(id: string, signal?: AbortSignal): Promise<RunOutcome> {
    const run = this.#runs.get(id);
    if (run === undefined) throw new AppError("not_found", `There is no run ${id}.`);
    if (run.outcome !== null) return Promise.resolve(run.outcome);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError());
      const tell = (outcome: RunOutcome) => {
        signal?.removeEventListener("abort", onAbort);
        resolve(outcome);
      };
      const onAbort = () => {
        run.waiters.delete(tell);
        reject(abortError());
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      run.waiters.add(tell);
    });
  }
}

/** Null while something of it is still on its way. */
function outcomeOf({ wanted, endedBy }: Run, find: (name: string) => Service | undefined): RunOutcome | null {
  const failures: { service: string; failure: Failure }[] = [];
  let calledOff = false;
  let underWay = false;
  for (const name of wanted) {
    const service = find(name);
    if (service === undefined || service.state.desired === "stopped") {
      calledOff = true;
      continue;
    }
    const standing = standingOf(service);
    if (standing === "under_way" || service.restartRequested) underWay = true;
    if (standing === "failed" && service.failure !== null) failures.push({ service: name, failure: service.failure });
  }
  if (underWay) return null;
  const outcome = failures.length > 0 ? "failed" : calledOff ? "stopped" : "ready";
  return { outcome, failures, ...(endedBy === null ? {} : { endedBy }) };
}
