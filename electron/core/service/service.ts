/**
 * One supervised service.
 *
 * Theory of operation: the environment decides when (`want`, `wait`, `launch`, `halt`), the service does. Each generation
 * is one straight piece of work (generation.ts), after which the service decides what follows. All state moves through the table in
 * service-states.ts, so that two wishes at once cannot produce a third: the last one wins when the generation is over.
 */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText, toFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import { decideEnding } from "./ending.ts";
import { backoffText, blockingFailures, notReadyFailure, survivorsText } from "./failures.ts";
import { liveThrough, prepareGeneration, type PreparedGeneration } from "./generation.ts";
import type { ProbeInput } from "./probe-for.ts";
import { NO_HISTORY, type RestartHistory } from "./restart-policy.ts";
import type { Instance, Runtime } from "./runtime.ts";
import { ServiceRecord, type Actor, type ServiceChange } from "./service-record.ts";
import { isReady, livePhases, type ServiceState } from "./service-states.ts";

export interface ServiceDependencies {
  readonly detected: DetectedService;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly book: LogBook;
  readonly logger: Logger;
  readonly exec: ProbeInput["exec"];
  readonly portHolder: (port: number) => Promise<{ readonly pid: number; readonly command: string } | null>;
  /** Where the counting of generations goes on, for a service that replaces another of its name. */
  readonly generation?: number;
  /** After every change, also of the reasons alone (`change` is null then). */
  readonly onChange: (service: Service, change: ServiceChange | null) => void;
}

export class Service {
  readonly name: string;
  readonly detected: DetectedService;
  readonly #dependencies: ServiceDependencies;
  readonly #record: ServiceRecord;
  #exit: Exit | null = null;
  #ports: readonly ServicePort[];
  #instance: Instance | null = null;
  #history: RestartHistory = NO_HISTORY;
  #restarts = 0;
  /** Monotonic times of this generation. */
  #upSince: number | null = null;
  #readySince: number | null = null;
  /** Since it was last wanted anew. */
  #everReady = false;
  #missedDeadline = false;
  #restartRequested = false;
  #halt: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;

  constructor(dependencies: ServiceDependencies) {
    this.#dependencies = dependencies;
    this.detected = dependencies.detected;
    this.name = dependencies.detected.plan.name;
    this.#ports = dependencies.detected.plan.ports;
    this.#record = new ServiceRecord({
      name: this.name,
      book: dependencies.book,
      logger: dependencies.logger,
      generation: dependencies.generation ?? 0,
      onChange: (change) => dependencies.onChange(this, change),
    });
  }

  get state(): ServiceState {
    return this.#record.state;
  }

  get ready(): boolean {
    return isReady(this.#record.state, this.detected.plan.kind === "task");
  }

  /** Something of it exists, or is being made or ended. */
  get live(): boolean {
    return livePhases.has(this.#record.state.phase);
  }

  get why(): string | null {
    return this.#record.why;
  }

  get failure(): Failure | null {
    return this.#record.failure;
  }

  get exit(): Exit | null {
    return this.#exit;
  }

  get ports(): readonly ServicePort[] {
    return this.#ports;
  }

  get instance(): Instance | null {
    return this.#instance;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** How long its process has existed, in ms; null while there is none. */
  get uptimeMs(): number | null {
    return this.#upSince === null ? null : this.#dependencies.clock.monotonic() - this.#upSince;
  }

  /** It was ready at some time since it was last wanted anew. */
  get everReady(): boolean {
    return this.#everReady;
  }

  /** It is ready, and not only because it has just been started and nothing is known yet. */
  get steady(): boolean {
    return this.ready && (this.#readySince !== null || this.#record.state.phase === "completed");
  }

  /** It has once been given up on by its deadline; it may be tried again, but nobody should wait for it. */
  get missedDeadline(): boolean {
    return this.#missedDeadline;
  }

  get restartRequested(): boolean {
    return this.#restartRequested;
  }

  /** Wanted running. What runs goes on; what ended, failed or waits for its next try begins anew. */
  want(actor: Actor): void {
    const fresh = !this.live && this.#record.state.phase !== "pending" && this.#record.state.phase !== "waiting";
    if (fresh || this.#record.state.desired === "stopped") this.#forget();
    if (fresh || this.#record.state.desired !== "running") this.#record.move({ kind: "want" }, actor, null);
  }

  /** Wanted stopped. What does not live is stopped at once; what lives is stopped by `halt`. */
  unwant(actor: Actor): void {
    this.#restartRequested = false;
    this.#cancelBackoff();
    if (this.#record.state.desired === "stopped" && this.#record.state.phase === "stopped") return;
    if (!this.live) this.#record.explain(null, null);
    this.#record.move({ kind: "unwant" }, actor, null);
  }

  /** To be stopped and started again; on what does not live, the same as `want`. */
  requestRestart(actor: Actor): void {
    if (this.live) {
      this.#restartRequested = true;
      this.#forget();
    }
    this.want(actor);
    this.#dependencies.onChange(this, null);
  }

  /** It waits; `reasons` for people. */
  wait(reasons: string): void {
    const changed = this.#record.why !== reasons;
    this.#record.explain(reasons, null);
    if (this.#record.state.phase === "pending") this.#record.move({ kind: "wait" }, "system", reasons);
    else if (changed) this.#dependencies.onChange(this, null);
  }

  skip(failure: Failure): void {
    this.#record.blame(failure);
    this.#record.move({ kind: "skip" }, "system", failure.message);
  }

  /** It cannot even be tried: for example, its port is held. */
  block(failure: Failure): void {
    this.#record.blame(failure);
    this.#record.move({ kind: "block", generation: this.#record.state.generation }, "system", failure.message);
  }

  /** Its turn: starts the next generation with these ports and variables. */
  launch(ports: readonly ServicePort[], environment: Readonly<Record<string, string>>): void {
    this.#ports = ports;
    this.#exit = null;
    this.#restartRequested = false;
    this.#record.explain(null, null);
    const { probe } = this.detected.plan;
    const hasProbe = probe !== null && !(probe.kind === "compose" && !probe.healthcheck);
    this.#record.move({ kind: "spawn", hasProbe }, "system", null);
    const { generation } = this.#record.state;
    const prepared = prepareGeneration({
      detected: this.detected,
      generation,
      ports,
      environment,
      onLines: (stream, bytes, cut) =>
        this.#dependencies.book.appendLines(this.name, { stream, bytes, generation, cut }),
      instance: () => this.#instance,
      exec: this.#dependencies.exec,
    });
    this.#halt = prepared.halt;
    // Nobody waits for it: its end is a change of state like any other.
    this.#live(prepared).catch((error: unknown) => {
      // A fault of ours. The state must not stay where it is, or nobody could ever stop or start the service again.
      this.#dependencies.logger.error("A service's life ended in an error", {
        service: this.name,
        error: errorText(error),
      });
      if (this.live) this.#conclude(toFailure(error));
    });
  }

  /** Ends the generation that lives; `state` tells when nothing of it is left. */
  halt(actor: Actor): void {
    if (this.#halt === null) return;
    const halt = this.#halt;
    this.#halt = null;
    if (this.#record.state.phase !== "stopping") {
      this.#record.move({ kind: "stop", generation: this.#record.state.generation }, actor, null);
      this.#record.note("stopping");
    }
    halt();
  }

  async #live(prepared: PreparedGeneration): Promise<void> {
    const { clock, runtime } = this.#dependencies;
    const { generation } = prepared.launch;
    let started = false;
    let readyForMs: number | null = null;
    let upForMs = 0;
    const life = await liveThrough({
      ...prepared,
      runtime,
      clock,
      task: this.detected.plan.kind === "task",
      onUp: (instance) => {
        started = true;
        this.#cameUp(instance, generation, prepared.startSignal.aborted);
      },
      onSteady: () => this.#becameReady(generation, false),
      onHealthy: () => this.#becameReady(generation, true),
      onUnhealthy: (why) => {
        this.#readySince = null;
        this.#record.explain(`Not healthy: ${why}.`, null);
        this.#record.move({ kind: "unhealthy", generation }, "probe", why);
        this.#record.note(`not healthy: ${why}`);
      },
      onEnding: (end) => {
        readyForMs = this.#readySince === null ? null : clock.monotonic() - this.#readySince;
        upForMs = clock.monotonic() - (this.#upSince ?? clock.monotonic());
        this.#readySince = null;
        if (this.#record.state.phase === "stopping") return;
        const reason = end.kind === "exit" ? "it ended by itself" : null;
        this.#record.move({ kind: "stop", generation }, end.kind === "not_ready" ? "probe" : "system", reason);
      },
    }).catch((error: unknown) => {
      if (started) throw error;
      this.#concludeStart(toFailure(error), prepared.startSignal.aborted);
      return null;
    });
    if (life === null) return;
    const { end, exit, report } = life;
    this.#exit = exit;
    this.#instance = null;
    this.#upSince = null;
    this.#halt = null;
    const survivors = report.empty ? null : survivorsText(report.survivors);
    if (survivors !== null) this.#record.note(survivors);
    if (end.kind === "halt" || this.#record.state.desired === "stopped" || this.#restartRequested) {
      this.#concludeStop(survivors);
      return;
    }
    const assumed = this.detected.portAssumed ? (this.#ports[0]?.port ?? null) : null;
    const notReady =
      end.kind === "not_ready" ? notReadyFailure(this.name, end.reason, assumed, this.#record.tail()) : null;
    if (notReady !== null) this.#missedDeadline = true;
    const decision = await decideEnding({
      detected: this.detected,
      ports: this.#ports,
      exit,
      notReady,
      readyForMs,
      upForMs,
      everReady: this.#everReady,
      tail: this.#record.tail(),
      history: this.#history,
      now: clock.monotonic(),
      random: this.#dependencies.random(),
      portHolder: this.#dependencies.portHolder,
    });
    this.#follow(decision);
  }

  /** @param late It was told to end before it was there. */
  #cameUp(instance: Instance, generation: number, late: boolean): void {
    this.#instance = instance;
    this.#upSince = this.#dependencies.clock.monotonic();
    if (late) return;
    this.#record.move({ kind: "up", generation }, "system", null);
    this.#record.note(instance.pid === null ? "started" : `started (pid ${instance.pid})`);
  }

  #becameReady(generation: number, probed: boolean): void {
    if (generation !== this.#record.state.generation || this.#record.state.phase !== "running") return;
    const { clock } = this.#dependencies;
    this.#readySince = clock.monotonic();
    this.#everReady = true;
    this.#missedDeadline = false;
    this.#record.explain(null, null);
    if (!probed) {
      this.#dependencies.onChange(this, null);
      return;
    }
    const after = ((clock.monotonic() - (this.#upSince ?? clock.monotonic())) / 1_000).toFixed(1);
    this.#record.move({ kind: "healthy", generation }, "probe", null);
    this.#record.note(`ready, ${after} s after its start`);
  }

  #concludeStart(failure: Failure, halted: boolean): void {
    const { generation } = this.#record.state;
    this.#halt = null;
    if (halted || this.#record.state.phase === "stopping") {
      if (this.#record.state.phase !== "stopping") this.#record.move({ kind: "stop", generation }, "system", null);
      this.#concludeStop(null);
      return;
    }
    this.#record.blame(failure);
    this.#record.move(
      { kind: blockingFailures.has(failure.code) ? "block" : "fail", generation },
      "system",
      failure.message,
    );
    this.#honourWish();
  }

  /** It was meant to end, and has. If it is wanted again meanwhile, it is next in line. */
  #concludeStop(why: string | null): void {
    this.#record.explain(why, null);
    this.#record.move({ kind: "ended", generation: this.#record.state.generation }, "system", null);
    this.#record.note("stopped");
    this.#restartRequested = false;
    if (this.#record.state.desired === "running") this.#record.move({ kind: "want" }, "system", null);
  }

  #follow(decision: Awaited<ReturnType<typeof decideEnding>>): void {
    const { generation } = this.#record.state;
    // Between the decision and now nobody was asked; whoever asked to stop meanwhile is heard here.
    if (this.#record.state.desired === "stopped" || this.#restartRequested) {
      this.#concludeStop(null);
      return;
    }
    switch (decision.kind) {
      case "complete":
        this.#everReady = true;
        this.#record.explain(decision.why, null);
        this.#record.note(decision.why ?? "completed");
        this.#record.move({ kind: "complete", generation }, "system", decision.why);
        return;
      case "restart": {
        this.#history = decision.history;
        this.#restarts += 1;
        const why = backoffText(decision.failure, decision.delayMs);
        this.#record.explain(why, decision.failure);
        this.#record.note(why);
        this.#record.move({ kind: "back_off", generation }, "policy", why);
        this.#cancelRetry = this.#dependencies.clock.after(decision.delayMs, () => {
          this.#cancelRetry = null;
          this.#record.move({ kind: "retry", generation }, "policy", null);
        });
        return;
      }
      default:
        this.#record.blame(decision.failure);
        this.#record.move({ kind: decision.kind, generation }, "policy", decision.failure.message);
    }
  }

  #conclude(failure: Failure): void {
    const { generation } = this.#record.state;
    if (this.#record.state.phase === "running") this.#record.move({ kind: "stop", generation }, "system", null);
    this.#instance = null;
    this.#upSince = null;
    this.#halt = null;
    this.#record.explain(failure.message, failure);
    this.#record.move({ kind: "fail", generation }, "system", failure.message);
    this.#honourWish();
  }

  /** A stop that was asked for while a start was failing still counts. */
  #honourWish(): void {
    if (this.#record.state.desired === "stopped") this.#record.move({ kind: "unwant" }, "system", null);
  }

  #forget(): void {
    this.#cancelBackoff();
    this.#history = NO_HISTORY;
    this.#restarts = 0;
    this.#everReady = false;
    this.#missedDeadline = false;
    if (!this.live) this.#record.explain(null, null);
  }

  #cancelBackoff(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }
}
