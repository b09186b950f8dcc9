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
import type { ServicePort, ServiceRun } from "#shared/schema/service.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Actor, ServiceChange } from "../service/service-record.ts";
import type { Service } from "../service/service.ts";
import { Conditions } from "./conditions.ts";
import { Containers } from "./containers.ts";
import type { DetectedProject } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { environmentPhase } from "./environment-phase.ts";
import { Evaluations } from "./evaluations.ts";
import { Fronts } from "./fronts.ts";
import { gateOf } from "./gate.ts";
import { Journal } from "./journal.ts";
import { endsEverything, restartsFollowers } from "./consequences.ts";
import { servicesToStart, unknownService } from "./plan.ts";
import { PortAssignment } from "./port-assignment.ts";
import type { PortUser } from "./port-user.ts";
import { PortRegistry } from "./ports.ts";
import { checkScale, withReplicas, type ReplicaGroup } from "./replicas.ts";
import { Roster } from "./roster.ts";
import { RunHistory } from "./run-history.ts";
import { Runs, type RunOutcome } from "./run.ts";
import { ServiceFactory } from "./service-factory.ts";
import { serviceStatus } from "./service-status.ts";
import { serviceUrl, serviceVariables, type Addressed } from "./service-variables.ts";
import { Watches } from "./watches.ts";

/** What the status of an environment is without its server. */
export type OwnStatus = Omit<EnvironmentStatus, "server">;

export interface StartRequest {
  readonly detected: DetectedProject;
  readonly profile: string;
  /** Only these and what they need. */
  readonly services?: readonly string[];
  readonly actor?: Actor;
}

export class Environment {
  readonly #dependencies: EnvironmentDependencies;
  readonly #factory: ServiceFactory;
  readonly #ports: PortAssignment;
  readonly #runs = new Runs();
  readonly #changes: Emitter<void>;
  readonly #roster = new Roster();
  readonly #history = new RunHistory();
  readonly #conditions = new Conditions();
  readonly #journal: Journal;
  readonly #containers: Containers;
  readonly #fronts: Fronts;
  readonly #watches: Watches;
  /** As it was detected, before each service was made as often as it is wanted. */
  #detected: DetectedProject | null = null;
  #groups: ReadonlyMap<string, ReplicaGroup> = new Map();
  /** How often a person wants a service, by the author's name for it. */
  readonly #scales = new Map<string, number>();
  #problems: OwnStatus["problems"] = [];
  #profile = "dev";
  #phase: EnvironmentPhase = "stopped";
  #since: number;
  /** Wanted, but their ports are not settled yet. */
  readonly #unprepared = new Set<string>();
  readonly #evaluations = new Evaluations(
    (name) => this.#evaluate(name),
    () => this.#flush(),
  );
  #closed = false;

  constructor(dependencies: EnvironmentDependencies) {
    const { clock, logger, directory, keeper, workspaceId } = dependencies;
    this.#dependencies = dependencies;
    this.#since = clock.now();
    this.#changes = new Emitter((error) =>
      logger.error("A listener of an environment failed", { error: errorText(error) }),
    );
    this.#journal = new Journal(dependencies);
    this.#containers = new Containers(dependencies);
    this.#ports = new PortAssignment({
      registry: dependencies.ports ?? new PortRegistry(),
      workspace: workspaceId,
      keeper,
    });
    this.#fronts = new Fronts({
      find: (name) => this.#roster.find(name),
      portsOf: (user) => this.#ports.portsOf(user),
      handOver: (name) => this.#ports.handOver(name),
      note: (text) => this.#journal.note(text),
    });
    this.#watches = new Watches({
      root: directory,
      clock,
      logger,
      note: (text) => this.#journal.note(text),
      onChange: (service, reason) => this.#filesChanged(service, reason),
    });
    this.#factory = new ServiceFactory({
      ...dependencies,
      random: dependencies.random ?? Math.random,
      composeProject: () => this.#containers.project,
      onRun: (service, run) => this.#history.add(service, run),
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
    const { project, groups } = withReplicas(detected, this.#scales);
    const wanted = servicesToStart(project, services === undefined ? undefined : membersOf(services, groups));
    const latest = this.#runs.latest;
    if (latest !== null && this.#roster.areUnderWay(wanted) && isSubset(wanted, latest.wanted))
      return { runId: latest.id };

    this.#adopt(detected, profile);
    const anew = this.#roster.withSkipped([...wanted].filter((name) => !this.#roster.areUnderWay([name])));
    if (anew.size > 0) {
      this.#journal.note(`starting ${[...anew].join(", ")}`);
      this.#asked("start", actor, services);
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
    const names = services === undefined ? this.#roster.names : membersOf(services, this.#groups);
    const targets = names.map((name) => this.#roster.get(name));
    const ends = targets.map((service) => ({ service, generation: service.state.generation }));
    if (targets.some((service) => service.live || service.state.desired === "running")) {
      this.#journal.note(services === undefined ? "stopping everything" : `stopping ${names.join(", ")}`);
      this.#asked("stop", actor, services);
    }
    this.#evaluations.together(() => {
      for (const service of targets) service.unwant(actor);
    });
    await this.#conditions.until(() =>
      ends.every(
        ({ service, generation }) =>
          !service.live || service.state.generation !== generation || service.state.desired === "running",
      ),
    );
    await this.#containers.takeDown(this.#roster.all);
  }

  /**
   * Stops the services and starts them again; what they need and is not there is started too.
   *
   * @param reason Why, where it is not simply that somebody wants it; for the audit.
   * @throws AppError `unknown_service`.
   */
  restart(services: readonly string[], actor: Actor = "user", reason: string | null = null): { runId: string } {
    this.#checkOpen();
    const names = membersOf(services, this.#groups);
    for (const name of names) this.#roster.get(name);
    const named = new Set(names);
    const wanted = this.#roster.withNeeds(names);
    const needed = [...wanted].filter((name) => !named.has(name) && !this.#roster.areUnderWay([name]));
    const anew = this.#roster.withSkipped([...needed, ...names.filter((name) => !this.#roster.get(name).live)]);
    const why = reason === null ? "" : `: ${reason}`;
    this.#journal.note(`restarting ${services.join(", ")}${why}`);
    this.#journal.asked("restart", actor, `${services.join(", ")}${why}`, this.#phase);
    return this.#run(wanted, anew, () => {
      for (const name of anew) if (!named.has(name)) this.#roster.find(name)?.want(actor);
      for (const name of named) this.#roster.find(name)?.requestRestart(actor, reason);
    });
  }

  /**
   * Has a service as often as asked, until the environment is thrown away. More are started if it runs; fewer are
   * stopped; those whose name gets another number of digits begin anew.
   *
   * @throws AppError `unknown_service`, `bad_input`, `plan_invalid`.
   */
  scale(service: string, count: number, actor: Actor = "user"): { runId: string | null } {
    this.#checkOpen();
    const detected = this.#detected;
    const definition = detected?.services.get(service);
    if (detected === null || definition === undefined) throw unknownService(service, detected?.services.keys() ?? []);
    checkScale(definition, count);
    const wantedNow = membersOf([service], this.#groups).some(
      (name) => this.#roster.find(name)?.state.desired === "running",
    );
    this.#journal.asked("scale", actor, `${service}: ${count}`, this.#phase);
    this.#scales.set(service, count);
    this.#evaluations.together(() => {
      this.#adopt(detected, this.#profile);
      for (const old of this.#roster.leftOver) old.unwant(actor);
    });
    if (!wantedNow) {
      this.#evaluations.flushSoon();
      return { runId: null };
    }
    const members = membersOf([service], this.#groups);
    const anew = new Set(members.filter((name) => !this.#roster.areUnderWay([name])));
    return this.#run(this.#roster.withNeeds(members), anew, () => {
      for (const name of anew) this.#roster.find(name)?.want(actor);
    });
  }

  /** How the latest lives of a service came out, oldest first; of one that runs several times, by the name of one of them. */
  history(service: string): readonly ServiceRun[] {
    return this.#history.of(service);
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
        serviceStatus(
          service,
          this.#roster.waveOf(service.name),
          this.#portsOf(service),
          keeper,
          this.#replicaOf(service.name),
        ),
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
      await this.#watches.close();
      await this.#fronts.close();
      this.#ports.releaseAll();
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError("cancelled", "The environment is being closed with its host.");
  }

  /** Takes over a plan. What lives keeps its definition until it has ended. */
  #adopt(detected: DetectedProject, profile: string): void {
    const { project, groups } = withReplicas(detected, this.#scales);
    this.#detected = detected;
    this.#profile = profile;
    this.#problems = project.detection.problems;
    this.#containers.adopt(project.compose);
    this.#groups = groups;
    this.#roster.adopt(project, (old, definition) => this.#factory.keepOrMake(old, definition));
    this.#fronts.adopt(groups);
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
      await this.#ports.assign([...this.#fronts.of(names), ...services], [...this.#fronts.all, ...this.#roster.all]);
      await shellEnvironment.variables();
      if (shellEnvironment.warning !== null) this.#journal.note(shellEnvironment.warning);
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

  #replicaOf(name: string): OwnStatus["services"][number]["replica"] {
    for (const group of this.#groups.values()) {
      if (!group.members.includes(name)) continue;
      const front = this.#fronts.before(name);
      return { of: group.name, url: front?.live === true ? serviceUrl(this.#addressed(front)) : null };
    }
    return undefined;
  }

  #serviceChanged(service: Service, change: ServiceChange | null): void {
    const { name, detected } = service;
    if (change !== null) {
      this.#journal.changed(name, change);
      const news = restartsFollowers(change);
      if (news !== null) this.#restartFollowers(name, `${name} ${news}`);
      if (endsEverything(detected, change)) this.#endEverything(service);
    }
    this.#evaluations.due([name], detected.dependencies.keys(), this.#roster.dependentsOf(name));
  }

  /** Those that are to be restarted with the one they need. They wait for it again before they start. */
  #restartFollowers(name: string, reason: string): void {
    for (const dependent of this.#roster.dependentsOf(name)) {
      const follower = this.#roster.find(dependent);
      if (follower?.live !== true || follower.state.desired === "stopped" || follower.restartRequested) continue;
      if (follower.detected.dependencies.get(name)?.restart === true) follower.requestRestart("policy", reason);
    }
  }

  /** What ended stays as it is, for everybody to see; a success is no more wanted than the rest. */
  #endEverything(service: Service): void {
    const { name, exit, state } = service;
    this.#journal.note(`stopping everything, because ${name} has ended`);
    this.#journal.asked("stop", "policy", `${name} has ended`, this.#phase);
    this.#runs.end({ service: name, exit });
    this.#evaluations.together(() => {
      for (const other of this.#roster.all) {
        if (other !== service || state.phase === "completed") other.unwant("policy");
      }
    });
  }

  #filesChanged(service: Service, reason: string): void {
    const { desired, phase } = service.state;
    // What has not started yet will see the change; what is in somebody else's way is not helped by it.
    if (this.#closed || desired === "stopped" || ["pending", "waiting", "blocked", "skipped"].includes(phase)) return;
    this.restart([service.name], "watch", reason);
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
    const front = this.#fronts.before(service.name);
    const blocked = this.#ports.failureOf(service.name) ?? (front === null ? null : this.#ports.failureOf(front.name));
    if (blocked !== null) {
      service.block(blocked);
      return;
    }
    const all = [...this.#fronts.all, ...this.#roster.all].map((other) => this.#addressed(other));
    this.#ports.handOver(service.name);
    service.launch(this.#ports.portsOf(service), serviceVariables(this.#addressed(service), all));
  }

  #addressed(user: PortUser | Service): Addressed {
    const ports = "state" in user ? this.#portsOf(user) : this.#ports.portsOf(user);
    return { name: user.name, ports, http: user.detected.http };
  }

  #flush(): void {
    for (const service of this.#roster.entangled()) service.halt("system");
    this.#roster.prune();
    this.#fronts.settle();
    this.#watches.settle(this.#roster.all);
    this.#notePhase();
    this.#runs.settle((name) => this.#roster.find(name));
    this.#conditions.look();
    this.#changes.emit();
  }

  #notePhase(): void {
    const phase = environmentPhase(this.#roster.all);
    if (phase === this.#phase) return;
    const now = this.#dependencies.clock.now();
    if (phase === "ready" && this.#phase === "starting") {
      this.#journal.note(`everything is ready, ${((now - this.#since) / 1_000).toFixed(1)} s after the start`);
    }
    this.#phase = phase;
    this.#since = now;
    // Another workspace may have them now; a start that is being prepared is about to take its own.
    if (phase === "stopped" && this.#unprepared.size === 0) this.#ports.releaseAll();
  }

  #asked(action: string, actor: Actor, services: readonly string[] | undefined): void {
    this.#journal.asked(action, actor, services === undefined ? null : services.join(", "), this.#phase);
  }
}

/** The services behind names: `api` means all of them where it runs several times. */
function membersOf(names: readonly string[], groups: ReadonlyMap<string, ReplicaGroup>): string[] {
  return names.flatMap((name) => groups.get(name)?.members ?? [name]);
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  for (const name of small) if (!large.has(name)) return false;
  return true;
}
