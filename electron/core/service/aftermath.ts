/** What becomes of a service when a generation of it is over: its next phase, why, and what is kept of the life. */
import { blockingFailures, type Failure } from "#shared/failure.ts";
import type { ServiceRun } from "#shared/schema/service.ts";
import type { Clock } from "../lib/clock.ts";
import type { EndingDecision } from "./ending.ts";
import { backoffText } from "./failures.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceRecord } from "./service-record.ts";

/** What one generation was like, gathered while it lives. */
export interface Course {
  readonly generation: number;
  /** Wall time and monotonic. */
  readonly startedAt: number;
  readonly began: number;
  started: boolean;
  readyForMs: number | null;
  upForMs: number;
}

export interface AftermathDependencies {
  /** The service's. */
  readonly name: string;
  readonly record: ServiceRecord;
  readonly facts: ServiceFacts;
  readonly clock: Clock;
  readonly onRun: (service: string, run: ServiceRun) => void;
}

export class Aftermath {
  readonly #dependencies: AftermathDependencies;
  readonly #record: ServiceRecord;
  readonly #facts: ServiceFacts;

  constructor(dependencies: AftermathDependencies) {
    this.#dependencies = dependencies;
    this.#record = dependencies.record;
    this.#facts = dependencies.facts;
  }

  /** It did not come up. @param halted It was called off. */
  notStarted(failure: Failure, halted: boolean, course: Course): void {
    const { generation } = this.#record.state;
    this.#facts.halt = null;
    if (halted || this.#record.state.phase === "stopping") {
      if (this.#record.state.phase !== "stopping") this.#record.move({ kind: "stop", generation }, "system", null);
      this.stopped(null, course);
      return;
    }
    this.#keepRun(course, "failed", failure.message);
    this.#record.blame(failure);
    const kind = blockingFailures.has(failure.code) ? "block" : "fail";
    this.#record.move({ kind, generation }, "system", failure.message);
    this.#honourWish();
  }

  /** It was meant to end, and has. If it is wanted again meanwhile, it is next in line. */
  stopped(why: string | null, course: Course): void {
    this.#keepRun(course, "stopped");
    this.#record.explain(why, null);
    this.#record.move({ kind: "ended", generation: this.#record.state.generation }, "system", null);
    this.#record.note("stopped");
    this.#facts.restart = null;
    if (this.#record.state.desired === "running") this.#record.move({ kind: "want" }, "system", null);
  }

  /** It ended by itself, or we ended it although it was wanted. */
  follow(decision: EndingDecision, course: Course): void {
    const { generation } = this.#record.state;
    const record = this.#record;
    // Between the decision and now nobody was asked; whoever asked to stop meanwhile is heard here.
    if (this.wishedOtherwise) {
      this.stopped(null, course);
      return;
    }
    if (decision.kind === "complete") this.#keepRun(course, "completed");
    else this.#keepRun(course, "failed", decision.failure.message);
    switch (decision.kind) {
      case "complete":
        this.#facts.everReady = true;
        record.explain(decision.why, null);
        record.note(decision.why ?? "completed");
        record.move({ kind: "complete", generation }, "system", decision.why);
        return;
      case "restart":
        this.#backOff(decision, generation);
        return;
      default:
        record.blame(decision.failure);
        record.move({ kind: decision.kind, generation }, "policy", decision.failure.message);
    }
  }

  #backOff(decision: Extract<EndingDecision, { kind: "restart" }>, generation: number): void {
    const facts = this.#facts;
    const record = this.#record;
    facts.history = decision.history;
    facts.restarts += 1;
    const why = backoffText(decision.failure, decision.delayMs);
    record.explain(why, decision.failure);
    record.note(why);
    record.move({ kind: "back_off", generation }, "policy", why);
    const retry = () => {
      facts.cancelRetry = null;
      record.move({ kind: "retry", generation }, "policy", null);
    };
    // A timer of 0 ms takes one or two.
    if (decision.delayMs === 0) retry();
    else facts.cancelRetry = this.#dependencies.clock.after(decision.delayMs, retry);
  }

  /** After a fault of ours. */
  broken(failure: Failure): void {
    const { generation } = this.#record.state;
    if (this.#record.state.phase === "running") this.#record.move({ kind: "stop", generation }, "system", null);
    this.#facts.gone();
    this.#record.explain(failure.message, failure);
    this.#record.move({ kind: "fail", generation }, "system", failure.message);
    this.#honourWish();
  }

  /** It was wanted stopped, or anew, while it ended. */
  get wishedOtherwise(): boolean {
    return this.#record.state.desired === "stopped" || this.#facts.restart !== null;
  }

  /** A stop that was asked for while a start was failing still counts. */
  #honourWish(): void {
    if (this.#record.state.desired === "stopped") this.#record.move({ kind: "unwant" }, "system", null);
  }

  #keepRun(
    { generation, startedAt, began }: Course,
    outcome: "completed" | "failed" | "stopped",
    why: string | null = null,
  ): void {
    const { name, clock, onRun } = this.#dependencies;
    onRun(name, {
      generation,
      startedAt: new Date(startedAt).toISOString(),
      durationMs: Math.round(clock.monotonic() - began),
      exit: this.#facts.exit,
      outcome,
      why,
    });
  }
}
