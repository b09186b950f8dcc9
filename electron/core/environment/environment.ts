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
import type { ServicePort } from "#shared/schema/service.ts";
import { ComposeProject } from "../compose/compose-project.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Actor, ServiceChange } from "../service/service-record.ts";
import type { Service } from "../service/service.ts";
import { auditEntryOf } from "./audit-entry.ts";
import type { DetectedProject } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { environmentPhase } from "./environment-phase.ts";
import { Evaluations } from "./evaluations.ts";
import { gateOf } from "./gate.ts";
import { servicesToStart } from "./plan.ts";
import { PortAssignment } from "./port-assignment.ts";
import { PortRegistry } from "./ports.ts";
import { Roster } from "./roster.ts";
import { Runs, type RunOutcome } from "./run.ts";
import { ServiceFactory } from "./service-factory.ts";
import { serviceStatus } from "./service-status.ts";
import { serviceVariables } from "./service-variables.ts";

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
  readonly #roster = new Roster();
  #problems: OwnStatus["problems"] = [];
  #profile = "dev";
  #phase: EnvironmentPhase = "stopped";
  #since: number;
  #compose: ComposeProject | null = null;
  /** Wanted, but their ports are not settled yet. */
  readonly #unprepared = new Set<string>();
  readonly #evaluations = new Evaluations(
    (name) => this.#evaluate(name),
    () => this.#flush(),
  );
  readonly #waiters = new Set<() => void>();
  #closed = false;

  constructor(dependencies: EnvironmentDependencies) {
    this.#dependencies = dependencies;
    this.#since = dependencies.clock.now();
    this.#changes = new Emitter((error) =>
      dependencies.logger.error("A listener of an environment failed", { error: errorText(error) }),
    );
    this.#ports = new PortAssignment({
      registry: dependencies.ports ?? new PortRegistry(),
      workspace: dependencies.workspaceId,
      keeper: dependencies.keeper,
    });
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
    this.#evaluations.together(() => this.#adopt(detected, profile));
    this.#evaluations.flushSoon();
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
    if (latest !== null && this.#roster.areUnderWay(wanted) && isSubset(wanted, latest.wanted))
      return { runId: latest.id };

    this.#adopt(detected, profile);
    const anew = this.#roster.withSkipped([...wanted].filter((name) => !this.#roster.areUnderWay([name])));
    if (anew.size > 0) {
      this.#note(`starting ${[...anew].join(", ")}`);
      this.#audit("start", actor, services === undefined ? null : services.join(", "));
    }
    return this.#run(wanted, anew, () => {
      for (const name of anew) this.#roster.find(name)?.want(actor);
    });
  }

  /**
   * Wants the services stopped (all without names). Resolves when nothing of them is left, or somebody wants them again.
   *
   * @throws AppError `unknown_service`; `compose_failed` where containers could not be taken down.
   */
  async stop(services?: readonly string[], actor: Actor = "user"): Promise<void> {
    const names = services ?? this.#roster.names;
    const targets = names.map((name) => this.#roster.get(name));
    const ends = targets.map((service) => ({ service, generation: service.state.generation }));
    if (targets.some((service) => service.live || service.state.desired === "running")) {
      this.#note(services === undefined ? "stopping everything" : `stopping ${names.join(", ")}`);
      this.#audit("stop", actor, services === undefined ? null : names.join(", "));
    }
    this.#evaluations.together(() => {
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
    for (const name of services) this.#roster.get(name);
    const named = new Set(services);
    const wanted = this.#roster.withNeeds(services);
    const needed = [...wanted].filter((name) => !named.has(name) && !this.#roster.areUnderWay([name]));
    const anew = this.#roster.withSkipped([...needed, ...services.filter((name) => !this.#roster.get(name).live)]);
    this.#note(`restarting ${services.join(", ")}`);
    this.#audit("restart", actor, services.join(", "));
    return this.#run(wanted, anew, () => {
      for (const name of anew) if (!named.has(name)) this.#roster.find(name)?.want(actor);
      for (const name of named) this.#roster.find(name)?.requestRestart(actor);
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
      services: [...this.#roster.all].map((service) =>
        serviceStatus(service, this.#roster.waveOf(service.name), this.#portsOf(service), keeper),
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

  /** Takes over a plan. What lives keeps its definition until it has ended. */
  #adopt(detected: DetectedProject, profile: string): void {
    this.#profile = profile;
    this.#problems = detected.detection.problems;
    this.#adoptCompose(detected);
    this.#roster.adopt(detected, (old, definition) => this.#factory.keepOrMake(old, definition));
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
    const fresh = [...anew].filter((name) => this.#roster.find(name)?.live !== true && !this.#unprepared.has(name));
    for (const name of fresh) this.#unprepared.add(name);
    this.#evaluations.together(want);
    // After the wishes, or the run would be decided by how things stood before.
    const runId = this.#runs.begin(wanted);
    void this.#prepare(fresh);
    this.#evaluations.flushSoon();
    return { runId };
  }

  /** Settles the ports of all, before the first is started: each is told where the others are. */
  async #prepare(names: readonly string[]): Promise<void> {
    const { shellEnvironment, logger } = this.#dependencies;
    try {
      const services = names.map((name) => this.#roster.find(name)).filter((service) => service !== undefined);
      await this.#ports.assign(services, [...this.#roster.all]);
      await shellEnvironment.variables();
      if (shellEnvironment.warning !== null) this.#note(shellEnvironment.warning);
    } catch (error) {
      // Ports stay as declared; whoever cannot have its own will say so when it starts.
      logger.error("The ports of an environment could not be settled", { error: errorText(error) });
    }
    for (const name of names) this.#unprepared.delete(name);
    this.#evaluations.due(names);
  }

  #portsOf(service: Service): readonly ServicePort[] {
    return service.live ? service.ports : this.#ports.portsOf(service);
  }

  #serviceChanged(service: Service, change: ServiceChange | null): void {
    if (change !== null) {
      const entry = auditEntryOf(service.name, change, this.#dependencies.workspaceId, this.#dependencies.clock.now());
      if (entry !== null) this.#dependencies.audit(entry);
    }
    const { name, detected } = service;
    this.#evaluations.due([name], detected.dependencies.keys(), this.#roster.dependentsOf(name));
  }

  #evaluate(name: string): void {
    const service = this.#roster.find(name);
    if (service === undefined) return;
    const { desired, phase } = service.state;
    if (desired === "stopped") {
      if ((phase === "running" || phase === "starting") && !this.#roster.isNeededByStopping(name)) service.halt("user");
    } else if (phase === "running" || phase === "starting") {
      if (service.restartRequested) service.halt("user");
    } else if ((phase === "pending" || phase === "waiting") && !this.#unprepared.has(name)) {
      this.#tryLaunch(service);
    }
  }

  #tryLaunch(service: Service): void {
    const gate = gateOf(service.name, service.detected.dependencies, (name) => this.#roster.find(name));
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
    const all = [...this.#roster.all].map((other) => this.#addressed(other));
    this.#ports.handOver(service.name);
    service.launch(this.#ports.portsOf(service), serviceVariables(this.#addressed(service), all));
  }

  #addressed(service: Service): { name: string; ports: readonly ServicePort[]; http: boolean } {
    return { name: service.name, ports: this.#portsOf(service), http: service.detected.http };
  }

  #flush(): void {
    for (const service of this.#roster.entangled()) service.halt("system");
    this.#notePhase();
    this.#runs.settle((name) => this.#roster.find(name));
    for (const check of Array.from(this.#waiters)) check();
    this.#changes.emit();
  }

  #notePhase(): void {
    const phase = environmentPhase(this.#roster.all);
    if (phase === this.#phase) return;
    const now = this.#dependencies.clock.now();
    if (phase === "ready" && this.#phase === "starting") {
      this.#note(`everything is ready, ${((now - this.#since) / 1_000).toFixed(1)} s after the start`);
    }
    this.#phase = phase;
    this.#since = now;
    // Another workspace may have them now; a start that is being prepared is about to take its own.
    if (phase === "stopped" && this.#unprepared.size === 0) this.#ports.releaseAll();
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
    const containers = [...this.#roster.all].filter((service) => service.detected.run.kind === "compose");
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
