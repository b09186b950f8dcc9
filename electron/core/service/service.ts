/**
 * One supervised service.
 *
 * Theory of operation: the environment decides when (`want`, `wait`, `launch`, `halt`), the service does. Each generation
 * is one straight piece of work, `#live`: start it, probe it, wait for the first of three ends (it exits, it misses its
 * deadline, it is halted), end whatever it left, decide what follows. All state moves through the table in
 * service-states.ts, so that two wishes at once cannot produce a third: the last one wins when the generation is over.
 */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText, toFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { plainText } from "../log/sanitize.ts";
import type { LogBook } from "../log/types.ts";
import { decideEnding } from "./ending.ts";
import { backoffText, notReadyFailure, survivorsText } from "./failures.ts";
import { probeFor, type ProbeInput, type ReadyProbe } from "./probe-for.ts";
import { runProbe } from "./probe.ts";
import { NO_HISTORY, type RestartHistory } from "./restart-policy.ts";
import type { Instance, Launch, Runtime } from "./runtime.ts";
import {
  INITIAL_STATE,
  isReady,
  livePhases,
  transition,
  type ServiceEvent,
  type ServiceState,
} from "./service-states.ts";

/** Who caused a change, for the audit. */
export type Actor = "user" | "agent" | "probe" | "policy" | "system";

/** One change of phase or health. */
export interface ServiceChange {
  readonly actor: Actor;
  readonly action: ServiceEvent["kind"];
  readonly from: ServiceState;
  readonly to: ServiceState;
  readonly reason: string | null;
}

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

/**
 * A service without a probe is believed to have come up for good when it has lived this long: supervisord's `startsecs`. It
 * is ready before, for those who wait for its start, but nobody reports success on the strength of a process that exists.
 */
const STEADY_MS = 1_000;
/** Lines of output that go with a failure. */
const TAIL_LINES = 20;
/** These failures of a start are somebody else's: it is blocked, not broken. */
const blocking = new Set<Failure["code"]>(["port_in_use", "docker_missing", "docker_stopped"]);

type GenerationEnd =
  | { readonly kind: "exit"; readonly exit: Exit }
  | { readonly kind: "not_ready"; readonly reason: string }
  | { readonly kind: "halt" };

export class Service {
  readonly name: string;
  readonly detected: DetectedService;
  readonly #dependencies: ServiceDependencies;
  #state: ServiceState;
  #why: string | null = null;
  #failure: Failure | null = null;
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
  #living: Promise<void> = Promise.resolve();

  constructor(dependencies: ServiceDependencies) {
    this.#dependencies = dependencies;
    this.detected = dependencies.detected;
    this.name = dependencies.detected.plan.name;
    this.#ports = dependencies.detected.plan.ports;
    this.#state = { ...INITIAL_STATE, generation: dependencies.generation ?? 0 };
  }

  get state(): ServiceState {
    return this.#state;
  }

  get ready(): boolean {
    return isReady(this.#state, this.detected.plan.kind === "task");
  }

  /** Something of it exists, or is being made or ended. */
  get live(): boolean {
    return livePhases.has(this.#state.phase);
  }

  get why(): string | null {
    return this.#why;
  }

  get failure(): Failure | null {
    return this.#failure;
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
    return this.ready && (this.#readySince !== null || this.#state.phase === "completed");
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
    const fresh = !this.live && this.#state.phase !== "pending" && this.#state.phase !== "waiting";
    if (fresh || this.#state.desired === "stopped") this.#forget();
    if (this.#state.phase === "stopping" && this.#state.desired === "stopped") this.#restartRequested = true;
    if (fresh || this.#state.desired !== "running") this.#move({ kind: "want" }, actor, null);
  }

  /** Wanted stopped. What does not live is stopped at once; what lives is stopped by `halt`. */
  unwant(actor: Actor): void {
    this.#restartRequested = false;
    this.#cancelBackoff();
    if (this.#state.desired === "stopped" && this.#state.phase === "stopped") return;
    if (!this.live) this.#explain(null, null);
    this.#move({ kind: "unwant" }, actor, null);
  }

  /** To be stopped and started again; on what does not live, the same as `want`. */
  requestRestart(actor: Actor): void {
    if (this.live) {
      this.#restartRequested = true;
      this.#forget();
    }
    this.want(actor);
    this.#changed(null);
  }

  /** It waits; `reasons` for people. */
  wait(reasons: string): void {
    const changed = this.#why !== reasons;
    this.#explain(reasons, null);
    if (this.#state.phase === "pending") this.#move({ kind: "wait" }, "system", reasons);
    else if (changed) this.#changed(null);
  }

  skip(failure: Failure): void {
    this.#explain(failure.message, failure);
    this.#move({ kind: "skip" }, "system", failure.message);
    this.#note(failure.message);
  }

  /** It cannot even be tried: for example, its port is held. */
  block(failure: Failure): void {
    this.#explain(failure.message, failure);
    this.#move({ kind: "block", generation: this.#state.generation }, "system", failure.message);
    this.#note(failure.message);
  }

  /** Its turn: starts the next generation with these ports and variables. */
  launch(ports: readonly ServicePort[], environment: Readonly<Record<string, string>>): void {
    this.#ports = ports;
    this.#exit = null;
    this.#restartRequested = false;
    this.#explain(null, null);
    const { probe } = this.detected.plan;
    const hasProbe = probe !== null && !(probe.kind === "compose" && !probe.healthcheck);
    this.#move({ kind: "spawn", hasProbe }, "system", null);
    const { generation } = this.#state;
    const start = new AbortController();
    const halted = new Promise<GenerationEnd>((resolve) => {
      this.#halt = () => {
        start.abort();
        resolve({ kind: "halt" });
      };
    });
    let ready: ReadyProbe | null = null;
    const launch: Launch = {
      generation,
      ports,
      environment,
      onLine: (stream, text, cut) => {
        this.#dependencies.book.append(this.name, { stream, text, generation, cut });
        ready?.onLine(text);
      },
    };
    ready = probeFor({
      spec: probe,
      planned: this.detected.plan.ports,
      launch,
      instance: () => this.#instance,
      exec: this.#dependencies.exec,
    });
    this.#living = this.#live(launch, ready, start.signal, halted).catch((error: unknown) => {
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
    if (this.#state.phase !== "stopping") {
      this.#move({ kind: "stop", generation: this.#state.generation }, actor, null);
      this.#note("stopping");
    }
    halt();
  }

  /** Resolves when the generation that lives now is over. */
  over(): Promise<void> {
    return this.#living;
  }

  async #live(
    launch: Launch,
    probe: ReadyProbe | null,
    startSignal: AbortSignal,
    halted: Promise<GenerationEnd>,
  ): Promise<void> {
    const { clock, runtime } = this.#dependencies;
    let instance: Instance;
    try {
      instance = await runtime.start(launch, startSignal);
    } catch (error) {
      this.#concludeStart(toFailure(error), startSignal.aborted);
      return;
    }
    this.#instance = instance;
    this.#upSince = clock.monotonic();
    if (!startSignal.aborted) {
      this.#move({ kind: "up", generation: launch.generation }, "system", null);
      this.#note(instance.pid === null ? "started" : `started (pid ${instance.pid})`);
    }

    const probing = new AbortController();
    const missed = this.#probe(probe, launch.generation, probing.signal);
    const cancelSteady =
      probe === null && this.detected.plan.kind !== "task"
        ? clock.after(STEADY_MS, () => this.#becameReady(launch.generation, false))
        : () => undefined;
    const exited = instance.exited.then((exit): GenerationEnd => ({ kind: "exit", exit }));
    const end = await Promise.race([halted, exited, missed]);
    const readyForMs = this.#readySince === null ? null : clock.monotonic() - this.#readySince;
    const upForMs = clock.monotonic() - (this.#upSince ?? clock.monotonic());
    this.#readySince = null;
    probing.abort();
    cancelSteady();

    if (this.#state.phase !== "stopping") {
      const actor = end.kind === "not_ready" ? "probe" : "system";
      this.#move(
        { kind: "stop", generation: launch.generation },
        actor,
        end.kind === "exit" ? "it ended by itself" : null,
      );
    }
    if (end.kind === "exit") await instance.drained;
    const report = await instance.stop();
    const exit = await Promise.race([instance.exited, Promise.resolve().then(() => ({ code: null, signal: null }))]);
    this.#exit = end.kind === "exit" ? end.exit : exit;
    this.#instance = null;
    this.#upSince = null;
    this.#halt = null;
    if (!report.empty) this.#note(survivorsText(report.survivors));

    if (end.kind === "halt" || this.#state.desired === "stopped" || this.#restartRequested) {
      this.#concludeStop(report.empty ? null : survivorsText(report.survivors));
      return;
    }
    const notReady = end.kind === "not_ready" ? this.#notReady(end.reason) : null;
    if (notReady !== null) this.#missedDeadline = true;
    const decision = await decideEnding({
      detected: this.detected,
      ports: this.#ports,
      exit: this.#exit,
      notReady,
      readyForMs,
      upForMs,
      everReady: this.#everReady,
      tail: this.#tail(),
      history: this.#history,
      now: clock.monotonic(),
      random: this.#dependencies.random(),
      portHolder: this.#dependencies.portHolder,
    });
    this.#follow(decision);
  }

  /** Resolves only if the deadline is missed. */
  #probe(probe: ReadyProbe | null, generation: number, signal: AbortSignal): Promise<GenerationEnd> {
    return new Promise((resolve, reject) => {
      if (probe === null) return;
      runProbe(
        {
          clock: this.#dependencies.clock,
          timings: probe.timings,
          what: probe.what,
          attempt: probe.attempt,
          onHealthy: () => this.#becameReady(generation, true),
          onUnhealthy: (reason) => {
            this.#readySince = null;
            this.#explain(`Not healthy: ${reason}.`, null);
            this.#move({ kind: "unhealthy", generation }, "probe", reason);
            this.#note(`not healthy: ${reason}`);
          },
          onDeadline: (reason) => resolve({ kind: "not_ready", reason }),
        },
        signal,
      ).catch(reject);
    });
  }

  #becameReady(generation: number, probed: boolean): void {
    if (generation !== this.#state.generation || this.#state.phase !== "running") return;
    const { clock } = this.#dependencies;
    this.#readySince = clock.monotonic();
    this.#everReady = true;
    this.#missedDeadline = false;
    this.#explain(null, null);
    if (!probed) {
      this.#changed(null);
      return;
    }
    const after = ((clock.monotonic() - (this.#upSince ?? clock.monotonic())) / 1_000).toFixed(1);
    this.#move({ kind: "healthy", generation }, "probe", null);
    this.#note(`ready, ${after} s after its start`);
  }

  #notReady(reason: string): Failure {
    const assumed = this.detected.portAssumed ? (this.#ports[0]?.port ?? null) : null;
    return notReadyFailure(this.name, reason, assumed, this.#tail());
  }

  #concludeStart(failure: Failure, halted: boolean): void {
    const { generation } = this.#state;
    this.#halt = null;
    if (halted || this.#state.phase === "stopping") {
      if (this.#state.phase !== "stopping") this.#move({ kind: "stop", generation }, "system", null);
      this.#concludeStop(null);
      return;
    }
    this.#explain(failure.message, failure);
    this.#note(failure.message);
    this.#move({ kind: blocking.has(failure.code) ? "block" : "fail", generation }, "system", failure.message);
    this.#honourWish();
  }

  /** It was meant to end, and has. If it is wanted again meanwhile, it is next in line. */
  #concludeStop(why: string | null): void {
    this.#explain(why, null);
    this.#move({ kind: "ended", generation: this.#state.generation }, "system", null);
    this.#note("stopped");
    this.#restartRequested = false;
    if (this.#state.desired === "running") this.#move({ kind: "want" }, "system", null);
  }

  #follow(decision: Awaited<ReturnType<typeof decideEnding>>): void {
    const { generation } = this.#state;
    // Between the decision and now nobody was asked; whoever asked to stop meanwhile is heard here.
    if (this.#state.desired === "stopped" || this.#restartRequested) {
      this.#concludeStop(null);
      return;
    }
    switch (decision.kind) {
      case "complete":
        this.#everReady = true;
        this.#explain(decision.why, null);
        this.#note(decision.why ?? "completed");
        this.#move({ kind: "complete", generation }, "system", decision.why);
        return;
      case "restart": {
        this.#history = decision.history;
        this.#restarts += 1;
        const why = backoffText(decision.failure, decision.delayMs);
        this.#explain(why, decision.failure);
        this.#note(why);
        this.#move({ kind: "back_off", generation }, "policy", why);
        this.#cancelRetry = this.#dependencies.clock.after(decision.delayMs, () => {
          this.#cancelRetry = null;
          this.#move({ kind: "retry", generation }, "policy", null);
        });
        return;
      }
      default:
        this.#explain(decision.failure.message, decision.failure);
        this.#note(decision.failure.message);
        this.#move({ kind: decision.kind, generation }, "policy", decision.failure.message);
    }
  }

  #conclude(failure: Failure): void {
    const { generation } = this.#state;
    if (this.#state.phase === "running") this.#move({ kind: "stop", generation }, "system", null);
    this.#instance = null;
    this.#upSince = null;
    this.#halt = null;
    this.#explain(failure.message, failure);
    this.#move({ kind: "fail", generation }, "system", failure.message);
    this.#honourWish();
  }

  /** A stop that was asked for while a start was failing still counts. */
  #honourWish(): void {
    if (this.#state.desired === "stopped") this.#move({ kind: "unwant" }, "system", null);
  }

  #forget(): void {
    this.#cancelBackoff();
    this.#history = NO_HISTORY;
    this.#restarts = 0;
    this.#everReady = false;
    this.#missedDeadline = false;
    if (!this.live) this.#explain(null, null);
  }

  #cancelBackoff(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #explain(why: string | null, failure: Failure | null): void {
    this.#why = why;
    this.#failure = failure;
  }

  #tail(): string[] {
    return this.#dependencies.book
      .tail(this.name, TAIL_LINES * 2)
      .filter((line) => line.stream !== "note" && line.generation === this.#state.generation)
      .map((line) => plainText(line.text))
      .slice(-TAIL_LINES);
  }

  #note(text: string): void {
    this.#dependencies.book.append(this.name, { stream: "note", text, generation: this.#state.generation, cut: false });
  }

  #move(event: ServiceEvent, actor: Actor, reason: string | null): void {
    const from = this.#state;
    const result = transition(from, event);
    if (result.kind === "stale") return;
    if (result.kind === "illegal") {
      this.#dependencies.logger.error("A service was told something that cannot be", {
        service: this.name,
        phase: from.phase,
        event: event.kind,
      });
      return;
    }
    this.#state = result.state;
    this.#changed({ actor, action: event.kind, from, to: result.state, reason });
  }

  #changed(change: ServiceChange | null): void {
    this.#dependencies.onChange(this, change);
  }
}
