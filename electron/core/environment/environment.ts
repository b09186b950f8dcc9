/**
 * All services of one workspace, started in order, watched, stopped in reverse.
 *
 * Theory of operation: callers only change what is wanted (`start`, `stop`, `restart` set it at once and answer). What
 * follows is worked out service by service in `#evaluate`, from the service's state and those it depends on: a wanted
 * service whose needs are met is launched, one whose need has failed is skipped, an unwanted one is halted as soon as
 * nobody who is also to be stopped still needs it. Whenever a service changes, it and its neighbours are evaluated again.
 * There is no list of steps that could go out of date: however wishes and events cross, the last wish wins, and a hundred
 * starts at once are one start.
 */
import type { EnvironmentPhase, EnvironmentStatus } from "#shared/schema/environment.ts";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServicePort } from "#shared/schema/service.ts";
import { ComposeProject } from "../compose/compose-project.ts";
import type { ComposeEngine } from "../compose/engine.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import { settledFailures } from "../service/service-states.ts";
import type { Actor, Service, ServiceChange } from "../service/service.ts";
import { auditEntryOf } from "./audit-entry.ts";
import type { DetectedProject } from "./detect/detected.ts";
import { environmentPhase } from "./environment-phase.ts";
import { gateOf } from "./gate.ts";
import { withDependencies, type GraphNode } from "./graph.ts";
import { graphNode } from "./detect/detect.ts";
import { servicesToStart, unknownService } from "./plan.ts";
import { PortAssignment } from "./port-assignment.ts";
import { PortRegistry } from "./ports.ts";
import { Runs, type RunOutcome } from "./run.ts";
import { ServiceFactory } from "./service-factory.ts";
import { serviceStatus } from "./service-status.ts";
import { serviceVariables } from "./service-variables.ts";
import type { ShellEnvironment } from "./shell-environment.ts";

export interface EnvironmentDependencies {
  readonly keeper: ProcessKeeper;
  readonly book: LogBook;
  readonly workspaceId: WorkspaceId;
  /** The real path of the workspace's folder. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables" | "warning">;
  readonly compose: ComposeEngine;
  readonly audit: (entry: AuditEntry) => void;
  /** One for all environments of the host; without it two of them could be given the same port. */
  readonly ports?: PortRegistry;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** What the status of an environment is without its server. */
export type OwnStatus = Omit<EnvironmentStatus, "server">;

export interface StartRequest {
  readonly detected: DetectedProject;
  readonly profile: string;
  /** Only these and what they need. */
  readonly services?: readonly string[];
  readonly actor?: Actor;
}

/** Source of the notes about the environment as a whole. */
const NOTES = "deckhand";

export class Environment {
  readonly #dependencies: EnvironmentDependencies;
  readonly #factory: ServiceFactory;
  readonly #ports: PortAssignment;
  readonly #runs = new Runs();
  readonly #changes: Emitter<void>;
  #services = new Map<string, Service>();
  #dependents = new Map<string, Set<string>>();
  #waves = new Map<string, number>();
  #problems: OwnStatus["problems"] = [];
  #profile = "dev";
  #phase: EnvironmentPhase = "stopped";
  #since: number;
  #compose: ComposeProject | null = null;
  /** Wanted, but their ports are not settled yet. */
  readonly #unprepared = new Set<string>();
  readonly #due = new Set<string>();
  #evaluating = false;
  #flushQueued = false;
  readonly #waiters = new Set<() => void>();
  #closed = false;

  constructor(dependencies: EnvironmentDependencies) {
    this.#dependencies = dependencies;
    this.#since = dependencies.clock.now();
    this.#changes = new Emitter((error) =>
      dependencies.logger.error("A listener of an environment failed", { error: errorText(error) }),
    );
    this.#ports = new PortAssignment(dependencies.ports ?? new PortRegistry(), dependencies.workspaceId);
    this.#factory = new ServiceFactory({
      ...dependencies,
      random: dependencies.random ?? Math.random,
      composeProject: () => this.#compose,
      onChange: (service, change) => this.#serviceChanged(service, change),
    });
  }

  /** Shows a plan before anything of it is wanted, so that a person sees what Start would do. Ignored while something runs. */
  show(detected: DetectedProject, profile: string): void {
    if (this.#closed || this.status().phase !== "stopped") return;
    this.#together(() => this.#adopt(detected, profile));
    this.#flushSoon();
  }

  /**
   * Wants the services running. Answers at once; `settled` tells how it went. What runs already is left alone, and a start
   * that asks for nothing new answers with the run that is under way.
   *
   * @throws AppError `no_services`, `unknown_service`, `plan_invalid`.
   */
  start({ detected, profile, services, actor = "user" }: StartRequest): { runId: string } {
    this.#checkOpen();
    const wanted = servicesToStart(detected, services);
    const latest = this.#runs.latest;
    if (latest !== null && this.#isUnderWay(wanted) && isSubset(wanted, latest.wanted)) return { runId: latest.id };

    this.#adopt(detected, profile);
    const anew = this.#withSkipped([...wanted].filter((name) => !this.#isUnderWay([name])));
    this.#note(`starting ${[...anew].join(", ")}`);
    this.#audit("start", actor, services === undefined ? null : services.join(", "));
    return this.#run(wanted, anew, () => {
      for (const name of anew) this.#services.get(name)?.want(actor);
    });
  }

  /**
   * Wants the services stopped (all without names). Resolves when nothing of them is left, or somebody wants them again.
   *
   * @throws AppError `unknown_service`; `compose_failed` where containers could not be taken down.
   */
  async stop(services?: readonly string[], actor: Actor = "user"): Promise<void> {
    const names = services ?? [...this.#services.keys()];
    const targets = names.map((name) => this.#find(name));
    const ends = targets.map((service) => ({ service, generation: service.state.generation }));
    if (targets.some((service) => service.live || service.state.desired === "running")) {
      this.#note(services === undefined ? "stopping everything" : `stopping ${names.join(", ")}`);
      this.#audit("stop", actor, services === undefined ? null : names.join(", "));
    }
    this.#together(() => {
      for (const service of targets) service.unwant(actor);
    });
    await this.#until(() =>
      ends.every(
        ({ service, generation }) =>
          !service.live || service.state.generation !== generation || service.state.desired === "running",
      ),
    );
    await this.#takeDown();
  }

  /**
   * Stops the services and starts them again; what they need and is not there is started too.
   *
   * @throws AppError `unknown_service`.
   */
  restart(services: readonly string[], actor: Actor = "user"): { runId: string } {
    this.#checkOpen();
    for (const name of services) this.#find(name);
    const named = new Set(services);
    const nodes = new Map<string, GraphNode>(
      [...this.#services].map(([name, { detected }]) => [name, graphNode(detected)]),
    );
    const wanted = withDependencies(nodes, services);
    const needed = [...wanted].filter((name) => !named.has(name) && !this.#isUnderWay([name]));
    const anew = this.#withSkipped([...needed, ...services.filter((name) => !this.#find(name).live)]);
    this.#note(`restarting ${services.join(", ")}`);
    this.#audit("restart", actor, services.join(", "));
    return this.#run(wanted, anew, () => {
      for (const name of anew) if (!named.has(name)) this.#services.get(name)?.want(actor);
      for (const name of named) this.#services.get(name)?.requestRestart(actor);
    });
  }

  /** Everything there is to show, but the server. */
  status(): OwnStatus {
    const { keeper, directory, workspaceId } = this.#dependencies;
    this.#notePhase();
    return {
      directory,
      workspace: workspaceId,
      profile: this.#profile,
      phase: this.#phase,
      since: new Date(this.#since).toISOString(),
      services: [...this.#services.values()].map((service) =>
        serviceStatus(service, this.#waves.get(service.name) ?? 0, this.#portsOf(service), keeper),
      ),
      problems: this.#problems,
    };
  }

  /** Called after every change; several changes at once are one call. */
  onChange(listener: () => void): () => void {
    return this.#changes.on(listener);
  }

  /** How a run came out, once everything it wanted is ready or given up on. @throws AppError `not_found`. */
  settled(runId: string, signal?: AbortSignal): Promise<RunOutcome> {
    return this.#runs.settled(runId, signal);
  }

  /** Stops everything and starts nothing any more. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.stop(undefined, "system");
    } finally {
      this.#ports.releaseAll();
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError("cancelled", "The environment is being closed with its host.");
  }

  #find(name: string): Service {
    const service = this.#services.get(name);
    if (service === undefined) throw unknownService(name, this.#services.keys());
    return service;
  }

  /** Wanted, and neither failed nor skipped: nothing has to be done for it. */
  #isUnderWay(names: Iterable<string>): boolean {
    for (const name of names) {
      const state = this.#services.get(name)?.state;
      if (state === undefined || state.desired === "stopped" || settledFailures.has(state.phase)) return false;
    }
    return true;
  }

  /** What was skipped because of one of these gets its chance again with them. */
  #withSkipped(names: readonly string[]): Set<string> {
    const anew = new Set<string>();
    const queue = [...names];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (anew.has(name)) continue;
      anew.add(name);
      for (const dependent of this.#dependents.get(name) ?? []) {
        const state = this.#services.get(dependent)?.state;
        if (state?.desired === "running" && state.phase === "skipped") queue.push(dependent);
      }
    }
    return anew;
  }

  /** Takes over a plan. What lives keeps its definition until it has ended. */
  #adopt(detected: DetectedProject, profile: string): void {
    this.#profile = profile;
    this.#problems = detected.detection.problems;
    this.#adoptCompose(detected);
    const next = new Map<string, Service>();
    for (const [name, definition] of detected.services) {
      const old = this.#services.get(name);
      next.set(name, this.#factory.keepOrMake(old, definition));
    }
    for (const [name, service] of this.#services) {
      if (!next.has(name) && (service.live || service.state.desired === "running")) next.set(name, service);
    }
    this.#services = next;
    this.#waves = new Map(
      detected.detection.order.flatMap((wave, index) => wave.map((name) => [name, index] as const)),
    );
    this.#dependents = new Map();
    for (const [name, { detected: definition }] of next) {
      for (const other of definition.dependencies.keys()) {
        const dependents = this.#dependents.get(other) ?? new Set();
        this.#dependents.set(other, dependents.add(name));
      }
    }
  }

  #adoptCompose(detected: DetectedProject): void {
    if (detected.compose === null) return;
    if (this.#compose !== null) {
      this.#compose.update(detected.compose);
      return;
    }
    const { keeper, clock, workspaceId, directory, compose } = this.#dependencies;
    const source = detected.compose;
    this.#compose = new ComposeProject({ engine: compose, keeper, clock, workspace: workspaceId, directory, source });
  }

  #run(wanted: ReadonlySet<string>, anew: ReadonlySet<string>, want: () => void): { runId: string } {
    const fresh = [...anew].filter((name) => this.#services.get(name)?.live !== true && !this.#unprepared.has(name));
    for (const name of fresh) this.#unprepared.add(name);
    this.#together(want);
    // After the wishes, or the run would be decided by how things stood before.
    const runId = this.#runs.begin(wanted);
    void this.#prepare(fresh);
    this.#flushSoon();
    return { runId };
  }

  /** Settles the ports of all, before the first is started: each is told where the others are. */
  async #prepare(names: readonly string[]): Promise<void> {
    const { shellEnvironment, logger } = this.#dependencies;
    try {
      const services = names.map((name) => this.#services.get(name)).filter((service) => service !== undefined);
      await this.#ports.assign(services, [...this.#services.values()]);
      await shellEnvironment.variables();
      if (shellEnvironment.warning !== null) this.#note(shellEnvironment.warning);
    } catch (error) {
      // Ports stay as declared; whoever cannot have its own will say so when it starts.
      logger.error("The ports of an environment could not be settled", { error: errorText(error) });
    }
    this.#together(() => {
      for (const name of names) {
        this.#unprepared.delete(name);
        this.#due.add(name);
      }
    });
  }

  #portsOf(service: Service): readonly ServicePort[] {
    return service.live ? service.ports : this.#ports.portsOf(service);
  }

  #serviceChanged(service: Service, change: ServiceChange | null): void {
    if (change !== null) {
      const entry = auditEntryOf(service.name, change, this.#dependencies.workspaceId, this.#dependencies.clock.now());
      if (entry !== null) this.#dependencies.audit(entry);
    }
    this.#due.add(service.name);
    for (const name of service.detected.dependencies.keys()) this.#due.add(name);
    for (const name of this.#dependents.get(service.name) ?? []) this.#due.add(name);
    this.#evaluateDue();
    this.#flushSoon();
  }

  /** Changes several wishes before any of them is acted on. */
  #together(change: () => void): void {
    const outer = this.#evaluating;
    this.#evaluating = true;
    try {
      change();
    } finally {
      this.#evaluating = outer;
    }
    this.#evaluateDue();
  }

  #evaluateDue(): void {
    // What an evaluation changes is due again, and is reached by the same loop.
    if (this.#evaluating) return;
    this.#evaluating = true;
    try {
      for (const name of this.#due) {
        this.#due.delete(name);
        this.#evaluate(name);
      }
    } finally {
      this.#evaluating = false;
    }
  }

  #evaluate(name: string): void {
    const service = this.#services.get(name);
    if (service === undefined) return;
    const { desired, phase } = service.state;
    if (desired === "stopped") {
      if ((phase === "running" || phase === "starting") && !this.#isNeededByStopping(name)) service.halt("user");
    } else if (phase === "running" || phase === "starting") {
      if (service.restartRequested) service.halt("user");
    } else if ((phase === "pending" || phase === "waiting") && !this.#unprepared.has(name)) {
      this.#tryLaunch(service);
    }
  }

  #tryLaunch(service: Service): void {
    const gate = gateOf(service.name, service.detected.dependencies, (name) => this.#services.get(name));
    switch (gate.kind) {
      case "waiting":
        service.wait(gate.reasons);
        return;
      case "skip":
        service.skip(gate.failure);
        return;
      default:
    }
    const blocked = this.#ports.failureOf(service.name);
    if (blocked !== null) {
      service.block(blocked);
      return;
    }
    const all = [...this.#services.values()].map((other) => this.#addressed(other));
    service.launch(this.#ports.portsOf(service), serviceVariables(this.#addressed(service), all));
  }

  #addressed(service: Service): { name: string; ports: readonly ServicePort[]; http: boolean } {
    return { name: service.name, ports: this.#portsOf(service), http: service.detected.http };
  }

  /** Somebody who is also to be stopped still needs it. */
  #isNeededByStopping(name: string): boolean {
    for (const dependent of this.#dependents.get(name) ?? []) {
      const service = this.#services.get(dependent);
      if (service?.live === true && service.state.desired === "stopped") return true;
    }
    return false;
  }

  #flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#untangle();
      this.#notePhase();
      this.#runs.settle((name) => this.#services.get(name));
      for (const check of Array.from(this.#waiters)) check();
      this.#changes.emit();
    });
  }

  /** A plan that changed while things ran can leave a circle among those to be stopped; then order no longer matters. */
  #untangle(): void {
    const ending = [...this.#services.values()].filter(
      (service) => service.live && service.state.desired === "stopped",
    );
    if (ending.length === 0 || ending.some((service) => service.state.phase === "stopping")) return;
    for (const service of ending) service.halt("system");
  }

  #notePhase(): void {
    const phase = environmentPhase(this.#services.values());
    if (phase === this.#phase) return;
    const now = this.#dependencies.clock.now();
    if (phase === "ready" && this.#phase === "starting") {
      this.#note(`everything is ready, ${((now - this.#since) / 1_000).toFixed(1)} s after the start`);
    }
    this.#phase = phase;
    this.#since = now;
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  /** At the end of the last container, what docker compose made around them goes too. */
  async #takeDown(): Promise<void> {
    if (this.#compose === null || !this.#compose.used) return;
    const containers = [...this.#services.values()].filter((service) => service.detected.run.kind === "compose");
    if (containers.some((service) => service.live || service.state.desired === "running")) return;
    await this.#compose.down();
  }

  #note(text: string): void {
    this.#dependencies.book.append(NOTES, { stream: "note", text, generation: 0, cut: false });
  }

  #audit(action: string, actor: Actor, reason: string | null): void {
    const { audit, clock, workspaceId } = this.#dependencies;
    audit({
      at: new Date(clock.now()).toISOString(),
      actor,
      action,
      workspace: workspaceId,
      service: null,
      generation: null,
      from: this.#phase,
      to: null,
      reason,
    });
  }
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  for (const name of small) if (!large.has(name)) return false;
  return true;
}
