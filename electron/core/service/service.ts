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
import type { Instance } from "./runtime.ts";
import type { ServiceDependencies } from "./service-dependencies.ts";
import { ServiceFacts } from "./service-facts.ts";
import { ServiceLife } from "./service-life.ts";
import { ServiceRecord, type Actor } from "./service-record.ts";
import { isReady, livePhases, type ServiceState } from "./service-states.ts";

export class Service {
  readonly name: string;
  readonly detected: DetectedService;
  readonly #dependencies: ServiceDependencies<Service>;
  readonly #record: ServiceRecord;
  readonly #facts: ServiceFacts;
  readonly #life: ServiceLife;

  constructor(dependencies: ServiceDependencies<Service>) {
    const { detected, book, logger, generation, onChange } = dependencies;
    this.#dependencies = dependencies;
    this.detected = detected;
    this.name = detected.plan.name;
    this.#facts = new ServiceFacts(detected.plan.ports);
    this.#record = new ServiceRecord({
      name: this.name,
      book,
      logger,
      generation: generation ?? 0,
      disabled: detected.rules.disabled,
      onChange: (change) => onChange(this, change),
    });
    const { lastRun = null } = dependencies;
    if (detected.plan.kind === "task" && lastRun?.outcome === "failed") {
      const why = lastRun.why === null ? "" : `: ${lastRun.why}`;
      this.#record.explain(`It failed when it last ran, ${lastRun.startedAt}${why}`, null);
    }
    this.#life = new ServiceLife({
      ...dependencies,
      record: this.#record,
      facts: this.#facts,
      onNews: () => onChange(this, null),
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
    return this.#facts.exit;
  }

  get ports(): readonly ServicePort[] {
    return this.#facts.ports;
  }

  get instance(): Instance | null {
    return this.#facts.instance;
  }

  get restarts(): number {
    return this.#facts.restarts;
  }

  /** How long its process has existed, in ms; null while there is none. */
  get uptimeMs(): number | null {
    const { upSince } = this.#facts;
    return upSince === null ? null : this.#dependencies.clock.monotonic() - upSince;
  }

  /** It was ready at some time since it was last wanted anew. */
  get everReady(): boolean {
    return this.#facts.everReady;
  }

  /** It is ready, and not only because it has just been started and nothing is known yet. */
  get steady(): boolean {
    return this.ready && (this.#facts.readySince !== null || this.#record.state.phase === "completed");
  }

  /** It has once been given up on by its deadline; it may be tried again, but nobody should wait for it. */
  get missedDeadline(): boolean {
    return this.#facts.missedDeadline;
  }

  get restartRequested(): boolean {
    return this.#facts.restart !== null;
  }

  /** Its log has shown the line that others wait for, in this generation; that of its `log` probe, where it names no other. */
  get logReady(): boolean {
    const { plan, rules } = this.detected;
    return rules.readyLine === null && plan.probe?.kind === "log" ? this.ready : this.#facts.logReady;
  }

  /** Wanted running. What runs goes on; what ended, failed or waits for its next try begins anew. */
  want(actor: Actor): void {
    const fresh = !this.live && this.#record.state.phase !== "pending" && this.#record.state.phase !== "waiting";
    if (fresh || this.#record.state.desired === "stopped") this.#forget();
    if (fresh || this.#record.state.desired !== "running") this.#record.move({ kind: "want" }, actor, null);
  }

  /** Wanted stopped. What does not live is stopped at once; what lives is stopped by `halt`. */
  unwant(actor: Actor): void {
    this.#facts.restart = null;
    this.#facts.wisher = actor;
    this.#facts.cancelBackoff();
    const { desired, phase } = this.#record.state;
    if (desired === "stopped" && (phase === "stopped" || phase === "disabled")) return;
    if (!this.live) this.#record.explain(null, null);
    this.#record.move({ kind: "unwant" }, actor, null);
  }

  /** To be stopped and started again; on what does not live, the same as `want`. `reason` for the audit. */
  requestRestart(actor: Actor, reason: string | null = null): void {
    if (this.live) {
      this.#facts.restart = { actor, reason };
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
    else if (changed) this.#dependencies.onExplained();
  }

  skip(failure: Failure): void {
    this.#record.blame(failure);
    this.#record.move({ kind: "skip" }, "system", failure.message);
  }

  /** There is nothing for it to do: it has been done, `why` says when. */
  done(why: string): void {
    this.#facts.everReady = true;
    this.#record.explain(why, null);
    this.#record.note(why);
    this.#record.move({ kind: "done" }, "policy", why);
  }

  /** It cannot even be tried: for example, its port is held. */
  block(failure: Failure): void {
    this.#record.blame(failure);
    this.#record.move({ kind: "block", generation: this.#record.state.generation }, "system", failure.message);
  }

  /** Its turn: starts the next generation with these ports and variables. */
  launch(ports: readonly ServicePort[], environment: Readonly<Record<string, string>>): void {
    this.#life.begin(ports, environment);
  }

  /** Ends the generation that lives; `state` tells when nothing of it is left. */
  halt(): void {
    const { halt, restart, wisher } = this.#facts;
    if (halt === null) return;
    this.#facts.halt = null;
    if (this.#record.state.phase !== "stopping") {
      const { generation } = this.#record.state;
      this.#record.move({ kind: "stop", generation }, restart?.actor ?? wisher, restart?.reason ?? null);
      this.#record.note(restart?.reason ? `stopping: ${restart.reason}` : "stopping");
    }
    halt();
  }

  #forget(): void {
    this.#facts.forget();
    if (!this.live) this.#record.explain(null, null);
  }
}
