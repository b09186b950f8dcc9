/** What happens in the lives of a service: each generation from its launch to what follows from its end. */
import { errorText, toFailure } from "../lib/error.ts";
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import { decideEnding, type EndingDecision, type EndingTrouble } from "./ending.ts";
import {
  backoffText,
  blockingFailures,
  limitFailure,
  notAliveFailure,
  notReadyFailure,
  survivorsText,
} from "./failures.ts";
import { liveThrough, prepareGeneration, type GenerationEnd, type PreparedGeneration } from "./generation.ts";
import { tellsHealth } from "./probe-for.ts";
import type { Instance } from "./runtime.ts";
import type { ServiceDependencies } from "./service-dependencies.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceRecord } from "./service-record.ts";
import { livePhases } from "./service-states.ts";

export interface ServiceLifeDependencies extends Omit<ServiceDependencies<never>, "generation" | "onChange"> {
  readonly record: ServiceRecord;
  readonly facts: ServiceFacts;
  /** Something changed that is not of its state. */
  readonly onNews: () => void;
}

/** What one generation was like, gathered while it lives. */
interface Course {
  readonly generation: number;
  /** Wall time and monotonic. */
  readonly startedAt: number;
  readonly began: number;
  started: boolean;
  readyForMs: number | null;
  upForMs: number;
}

export class ServiceLife {
  readonly #dependencies: ServiceLifeDependencies;
  readonly #record: ServiceRecord;
  readonly #facts: ServiceFacts;

  constructor(dependencies: ServiceLifeDependencies) {
    this.#dependencies = dependencies;
    this.#record = dependencies.record;
    this.#facts = dependencies.facts;
  }

  /** Starts the next generation with these ports and variables. Its end is a change of state like any other. */
  begin(ports: readonly ServicePort[], environment: Readonly<Record<string, string>>): void {
    const { detected, book, exec, logger } = this.#dependencies;
    const { plan, rules } = detected;
    const facts = this.#facts;
    facts.ports = ports;
    facts.exit = null;
    facts.restart = null;
    facts.logReady = false;
    this.#record.explain(null, null);
    this.#record.move({ kind: "spawn", hasProbe: rules.startup !== null || tellsHealth(plan.probe) }, "system", null);
    const { generation } = this.#record.state;
    const prepared = prepareGeneration({
      detected,
      generation,
      ports,
      environment,
      onLines: (stream, bytes, cut) => book.appendLines(plan.name, { stream, bytes, generation, cut }),
      onReadyLine: () => {
        if (generation !== this.#record.state.generation) return;
        facts.logReady = true;
        this.#dependencies.onNews();
      },
      instance: () => facts.instance,
      exec,
    });
    facts.halt = prepared.halt;
    this.#live(prepared).catch((error: unknown) => {
      // A fault of ours. The state must not stay where it is, or nobody could ever stop or start the service again.
      logger.error("A service's life ended in an error", { service: plan.name, error: errorText(error) });
      if (livePhases.has(this.#record.state.phase)) this.#conclude(toFailure(error));
    });
  }

  async #live(prepared: PreparedGeneration): Promise<void> {
    const { clock } = this.#dependencies;
    const course: Course = {
      generation: prepared.launch.generation,
      startedAt: clock.now(),
      began: clock.monotonic(),
      started: false,
      readyForMs: null,
      upForMs: 0,
    };
    const life = await this.#liveThrough(prepared, course).catch((error: unknown) => {
      if (course.started) throw error;
      this.#concludeStart(toFailure(error), prepared.startSignal.aborted, course);
      return null;
    });
    if (life === null) return;
    const { end, exit, report } = life;
    this.#facts.exit = exit;
    this.#facts.gone();
    const survivors = report.empty ? null : survivorsText(report.survivors);
    if (survivors !== null) this.#record.note(survivors);
    if (end.kind === "halt" || this.#wishedOtherwise()) {
      this.#concludeStop(survivors, course);
      return;
    }
    if (end.kind === "not_ready") this.#facts.missedDeadline = true;
    this.#follow(await this.#decide(end, exit, course), course);
  }

  #liveThrough(prepared: PreparedGeneration, course: Course): ReturnType<typeof liveThrough> {
    const { detected, runtime, clock, hook, usage } = this.#dependencies;
    const { generation } = course;
    const facts = this.#facts;
    const record = this.#record;
    return liveThrough({
      ...prepared,
      detected,
      runtime,
      clock,
      hooks: {
        name: detected.plan.name,
        clock,
        run: (argv, moment, signal) => hook(argv, moment, prepared.launch, signal),
        note: (text) => record.note(text),
      },
      usage: (instance) => (instance.usageId === null ? (instance.usage?.() ?? null) : usage(instance.usageId)),
      onUp: (instance) => {
        course.started = true;
        this.#cameUp(instance, generation, prepared.startSignal.aborted);
        instance.onTrouble?.(() => this.#dependencies.onNews());
      },
      onSteady: () => this.#becameReady(generation, false),
      onHealthy: () => this.#becameReady(generation, true),
      onUnhealthy: (why) => {
        facts.readySince = null;
        record.explain(`Not healthy: ${why}.`, null);
        record.move({ kind: "unhealthy", generation }, "probe", why);
        record.note(`not healthy: ${why}`);
      },
      onExceeded: (what) => {
        record.explain(`It ${what}.`, null);
        record.note(`it ${what}`);
        record.tell("exceed", "policy", `It ${what}.`);
      },
      onEnding: (end) => {
        const now = clock.monotonic();
        course.readyForMs = facts.readySince === null ? null : now - facts.readySince;
        course.upForMs = now - (facts.upSince ?? now);
        facts.readySince = null;
        if (record.state.phase === "stopping") return;
        record.move({ kind: "stop", generation }, ...endText(end));
      },
    });
  }

  async #decide(end: GenerationEnd, exit: Exit, course: Course): Promise<EndingDecision> {
    const { detected, clock, random, portHolder } = this.#dependencies;
    const { ports, everReady, history } = this.#facts;
    const tail = this.#record.tail();
    return decideEnding({
      detected,
      ports,
      exit,
      trouble: this.#troubleOf(end, tail),
      readyForMs: course.readyForMs,
      upForMs: course.upForMs,
      everReady,
      tail,
      history,
      now: clock.monotonic(),
      random: random(),
      portHolder,
    });
  }

  #troubleOf(end: GenerationEnd, tail: readonly string[]): EndingTrouble | null {
    const { detected } = this.#dependencies;
    const { name } = detected.plan;
    switch (end.kind) {
      case "not_ready": {
        const assumed = detected.portAssumed ? (this.#facts.ports[0]?.port ?? null) : null;
        return { failure: notReadyFailure(name, end.reason, assumed, tail), follow: "policy" };
      }
      case "not_alive":
        return { failure: notAliveFailure(name, end.reason, tail), follow: "policy" };
      case "exceeded":
        return { failure: limitFailure(name, end.what), follow: end.follow === "stop" ? "fail" : "restart" };
      case "hook":
        return { failure: end.failure, follow: "fail" };
      default:
        return null;
    }
  }

  /** @param late It was told to end before it was there. */
  #cameUp(instance: Instance, generation: number, late: boolean): void {
    this.#facts.instance = instance;
    this.#facts.upSince = this.#dependencies.clock.monotonic();
    if (late) return;
    this.#record.move({ kind: "up", generation }, "system", null);
    this.#record.note(instance.pid === null ? "started" : `started (pid ${instance.pid})`);
  }

  #becameReady(generation: number, probed: boolean): void {
    if (generation !== this.#record.state.generation || this.#record.state.phase !== "running") return;
    const now = this.#dependencies.clock.monotonic();
    const facts = this.#facts;
    facts.readySince = now;
    facts.everReady = true;
    facts.missedDeadline = false;
    this.#record.explain(null, null);
    if (!probed) {
      this.#dependencies.onNews();
      return;
    }
    this.#record.move({ kind: "healthy", generation }, "probe", null);
    this.#record.note(`ready, ${((now - (facts.upSince ?? now)) / 1_000).toFixed(1)} s after its start`);
  }

  #concludeStart(failure: Failure, halted: boolean, course: Course): void {
    const { generation } = this.#record.state;
    this.#facts.halt = null;
    if (halted || this.#record.state.phase === "stopping") {
      if (this.#record.state.phase !== "stopping") this.#record.move({ kind: "stop", generation }, "system", null);
      this.#concludeStop(null, course);
      return;
    }
    this.#keepRun(course, "failed", failure.message);
    this.#record.blame(failure);
    const kind = blockingFailures.has(failure.code) ? "block" : "fail";
    this.#record.move({ kind, generation }, "system", failure.message);
    this.#honourWish();
  }

  /** It was meant to end, and has. If it is wanted again meanwhile, it is next in line. */
  #concludeStop(why: string | null, course: Course): void {
    this.#keepRun(course, "stopped");
    this.#record.explain(why, null);
    this.#record.move({ kind: "ended", generation: this.#record.state.generation }, "system", null);
    this.#record.note("stopped");
    this.#facts.restart = null;
    if (this.#record.state.desired === "running") this.#record.move({ kind: "want" }, "system", null);
  }

  #follow(decision: EndingDecision, course: Course): void {
    const { generation } = this.#record.state;
    const record = this.#record;
    // Between the decision and now nobody was asked; whoever asked to stop meanwhile is heard here.
    if (this.#wishedOtherwise()) {
      this.#concludeStop(null, course);
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
    facts.cancelRetry = this.#dependencies.clock.after(decision.delayMs, () => {
      facts.cancelRetry = null;
      record.move({ kind: "retry", generation }, "policy", null);
    });
  }

  /** After a fault of ours. */
  #conclude(failure: Failure): void {
    const { generation } = this.#record.state;
    if (this.#record.state.phase === "running") this.#record.move({ kind: "stop", generation }, "system", null);
    this.#facts.gone();
    this.#record.explain(failure.message, failure);
    this.#record.move({ kind: "fail", generation }, "system", failure.message);
    this.#honourWish();
  }

  #wishedOtherwise(): boolean {
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
    const { detected, clock, onRun } = this.#dependencies;
    onRun(detected.plan.name, {
      generation,
      startedAt: new Date(startedAt).toISOString(),
      durationMs: Math.round(clock.monotonic() - began),
      exit: this.#facts.exit,
      outcome,
      why,
    });
  }
}

/** Who ended it, and why, for the audit. */
function endText(end: GenerationEnd): ["probe" | "policy" | "system", string | null] {
  switch (end.kind) {
    case "exit":
      return ["system", "it ended by itself"];
    case "not_ready":
    case "not_alive":
      return ["probe", end.reason];
    case "exceeded":
      return ["policy", `it ${end.what}`];
    case "hook":
      return ["policy", end.failure.message];
    default:
      return ["system", null];
  }
}
