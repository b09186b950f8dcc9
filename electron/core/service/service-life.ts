/** What happens in the lives of a service: each generation from its launch to what follows from its end. */
import { errorText, toFailure } from "../lib/error.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import { Aftermath, type Course } from "./aftermath.ts";
import { decideEnding, type EndingDecision, type EndingTrouble } from "./ending.ts";
import { limitFailure, notAliveFailure, notReadyFailure, survivorsText } from "./failures.ts";
import { liveThrough, prepareGeneration, type GenerationEnd, type PreparedGeneration } from "./generation.ts";
import { tellsHealth } from "./probe-for.ts";
import type { Instance } from "./runtime.ts";
import type { ServiceDependencies } from "./service-dependencies.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceRecord } from "./service-record.ts";
import { livePhases } from "./service-states.ts";

export interface ServiceLifeDependencies extends Omit<
  ServiceDependencies<never>,
  "generation" | "onChange" | "onExplained"
> {
  readonly record: ServiceRecord;
  readonly facts: ServiceFacts;
  /** Something changed that is not of its state. */
  readonly onNews: () => void;
}

export class ServiceLife {
  readonly #dependencies: ServiceLifeDependencies;
  readonly #record: ServiceRecord;
  readonly #facts: ServiceFacts;
  readonly #aftermath: Aftermath;

  constructor(dependencies: ServiceLifeDependencies) {
    this.#dependencies = dependencies;
    this.#record = dependencies.record;
    this.#facts = dependencies.facts;
    this.#aftermath = new Aftermath({ ...dependencies, name: dependencies.detected.plan.name });
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
      if (livePhases.has(this.#record.state.phase)) this.#aftermath.broken(toFailure(error));
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
      this.#aftermath.notStarted(toFailure(error), prepared.startSignal.aborted, course);
      return null;
    });
    if (life === null) return;
    const { end, exit, report } = life;
    this.#facts.exit = exit;
    this.#facts.gone();
    const survivors = report.empty ? null : survivorsText(report.survivors);
    if (survivors !== null) this.#record.note(survivors);
    if (end.kind === "halt" || this.#aftermath.wishedOtherwise) {
      this.#aftermath.stopped(survivors, course);
      return;
    }
    if (end.kind === "not_ready") this.#facts.missedDeadline = true;
    this.#aftermath.follow(await this.#decide(end, exit, course), course);
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
