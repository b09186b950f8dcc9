/**
 * All services of one workspace, started in order, watched, stopped in reverse.
 *
 * Theory of operation: callers only change what is wanted (`start`, `stop`, `restart`, `scale` set it at once and answer).
 * What follows is the conductor's (conductor.ts). However wishes and events cross, the last wish wins, and a hundred starts at
 * once are one start.
 */
import type { EnvironmentPhase, PlanDifference } from "#shared/schema/environment.ts";
import type { ServiceRun } from "#shared/schema/service.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Actor } from "../service/service-record.ts";
import type { Attention } from "../process/owned.ts";
import type { Service } from "../service/service.ts";
import { Conditions } from "./conditions.ts";
import { Conductor } from "./conductor.ts";
import { Containers } from "./containers.ts";
import type { DetectedProject } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { environmentStatus, type OwnStatus } from "./environment-status.ts";
import { Journal } from "./journal.ts";
import { LogFiles } from "./log-files.ts";
import { PhaseWatch } from "./phase-watch.ts";
import { Places } from "./places.ts";
import { PlanInForce } from "./plan-in-force.ts";
import { Roster } from "./roster.ts";
import { RunHistory } from "./run-history.ts";
import { Runs, type RunOutcome } from "./run.ts";
import { ServiceFactory } from "./service-factory.ts";
import { runningDifference } from "./running-difference.ts";
import { StartSteps } from "./start-steps.ts";
import { Watches } from "./watches.ts";

export interface StartRequest {
  readonly detected: DetectedProject;
  readonly profile: string;
  /** Only these and what they need. */
  readonly services?: readonly string[];
  readonly actor?: Actor;
}

export class Environment {
  readonly #dependencies: EnvironmentDependencies;
  readonly #changes: Emitter<void>;
  readonly #roster = new Roster();
  readonly #runs = new Runs();
  readonly #history: RunHistory;
  readonly #conditions = new Conditions();
  readonly #journal: Journal;
  readonly #containers: Containers;
  readonly #places: Places;
  readonly #conductor: Conductor;
  readonly #phase: PhaseWatch;
  readonly #watches: Watches;
  readonly #logFiles: LogFiles;
  readonly #factory: ServiceFactory;
  readonly #plan = new PlanInForce();
  readonly #steps: StartSteps;
  /** Counts the stops that were asked for: one that comes while a plan is being applied is the later wish. */
  #stops = 0;
  #closed = false;

  constructor(dependencies: EnvironmentDependencies) {
    const { clock, logger, directory } = dependencies;
    const roster = this.#roster;
    const journal = new Journal(dependencies);
    const note = (text: string) => journal.note(text);
    this.#dependencies = dependencies;
    this.#changes = new Emitter((error) =>
      logger.error("A listener of an environment failed", { error: errorText(error) }),
    );
    this.#journal = journal;
    this.#steps = new StartSteps(clock);
    this.#containers = new Containers(dependencies);
    const places = new Places({ ...dependencies, roster, note });
    this.#places = places;
    this.#conductor = new Conductor({
      ...dependencies,
      roster,
      places,
      journal,
      startOrder: (names) => this.#steps.slowFirst(names),
      onEndOfAll: (service) => this.#endEverything(service),
      onSettled: () => this.#settle(),
    });
    this.#phase = new PhaseWatch({
      clock,
      services: () => roster.all,
      note,
      // A start that is being prepared is about to take its own.
      onStopped: () => !this.#conductor.preparing && places.releaseAll(),
    });
    this.#watches = new Watches({
      root: directory,
      clock,
      logger,
      note,
      onChange: (service, reason) => this.#filesChanged(service, reason),
    });
    this.#history = new RunHistory({ file: dependencies.runsFile ?? null, logger });
    this.#logFiles = new LogFiles({ ...dependencies, note });
    this.#factory = new ServiceFactory({
      ...dependencies,
      random: dependencies.random ?? Math.random,
      composeProject: () => this.#containers.project,
      lastRun: (service) => this.#history.of(service).at(-1) ?? null,
      onRun: (service, run) =>
        this.#history.add(service, run, this.#roster.find(service)?.detected.plan.kind === "task"),
      onChange: (service, change) => {
        if (change !== null) this.#steps.note(service.name, change, service.detected.plan.kind === "task");
        this.#conductor.serviceChanged(service, change);
      },
    });
  }

  /** Shows a plan before anything of it is wanted, so that a person sees what Start would do. Ignored while something runs. */
  show(detected: DetectedProject, profile: string): void {
    if (this.#closed || this.phase !== "stopped") return;
    this.#conductor.together(() => this.#adopt(detected, profile));
  }

  /**
   * Wants the services running. Answers at once; `settled` tells how it went. What runs already is left alone, and a start
   * that asks for nothing new answers with the run that is under way.
   *
   * @throws AppError `no_services`, `unknown_service`, `plan_invalid`.
   */
  start({ detected, profile, services, actor = "user" }: StartRequest): { runId: string } {
    this.#checkOpen();
    const wanted = this.#plan.wantedOf(detected, services);
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
    this.#stops += 1;
    await this.#stop(services, actor);
  }

  async #stop(services: readonly string[] | undefined, actor: Actor): Promise<void> {
    const names = services === undefined ? this.#roster.names : this.#plan.members(services);
    const targets = names.map((name) => this.#roster.get(name));
    const ends = targets.map((service) => ({ service, generation: service.state.generation }));
    if (targets.some((service) => service.live || service.state.desired === "running")) {
      this.#journal.note(services === undefined ? "stopping everything" : `stopping ${names.join(", ")}`);
      this.#asked("stop", actor, services);
    }
    this.#conductor.together(() => {
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
    const names = this.#plan.members(services);
    for (const name of names) this.#roster.get(name);
    const named = new Set(names);
    const wanted = this.#roster.withNeeds(names);
    const needed = [...wanted].filter((name) => !named.has(name) && !this.#roster.areUnderWay([name]));
    const anew = this.#roster.withSkipped([...needed, ...names.filter((name) => !this.#roster.get(name).live)]);
    const why = reason === null ? "" : `: ${reason}`;
    this.#journal.note(`restarting ${services.join(", ")}${why}`);
    this.#journal.asked("restart", actor, `${services.join(", ")}${why}`, this.#phase.phase);
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
    const detected = this.#plan.scale(service, count);
    const wantedNow = this.#plan
      .members([service])
      .some((name) => this.#roster.find(name)?.state.desired === "running");
    this.#journal.asked("scale", actor, `${service}: ${count}`, this.#phase.phase);
    this.#conductor.together(() => {
      this.#adopt(detected, this.#plan.profile);
      for (const old of this.#roster.leftOver) old.unwant(actor);
    });
    if (!wantedNow) return { runId: null };
    const members = this.#plan.members([service]);
    const anew = new Set(members.filter((name) => !this.#roster.areUnderWay([name])));
    return this.#run(this.#roster.withNeeds(members), anew, () => {
      for (const name of anew) this.#roster.find(name)?.want(actor);
    });
  }

  /** What would have to be done so that what runs is what a plan says. */
  compare(detected: DetectedProject, profile: string): PlanDifference {
    const { definitions, groups, profile: from } = this.#plan;
    return runningDifference({ profile: from, definitions, groups, services: this.#roster.all }, detected, profile);
  }

  /**
   * Does that: what is gone or differs is stopped, then what differs or is new is started by the new plan, and everything else goes
   * on. Resolves when what had to end has ended; null where nothing was to be started, or somebody stopped it meanwhile.
   *
   * @throws AppError `no_services`, `plan_invalid`; then nothing has been touched.
   */
  async apply(detected: DetectedProject, profile: string, actor: Actor = "user"): Promise<{ runId: string | null }> {
    this.#checkOpen();
    const { from, start, stop, restart } = this.compare(detected, profile);
    const begin = [...start, ...restart.map(({ name }) => name)];
    if (begin.length > 0) this.#plan.wantedOf(detected, begin);
    const end = this.#plan
      .members([...stop, ...restart.map(({ name }) => name)])
      .filter((name) => this.#roster.find(name) !== undefined);
    const what = from === profile ? "the changed files" : `the profile ${profile}`;
    this.#journal.note(`applying ${what}`);
    this.#journal.asked("apply", actor, what, this.#phase.phase);
    const stops = this.#stops;
    if (end.length > 0) await this.#stop(end, actor);
    this.#checkOpen();
    this.#conductor.together(() => this.#adopt(detected, profile));
    if (begin.length === 0 || this.#stops !== stops) return { runId: null };
    const wanted = this.#plan.wantedOf(detected, begin);
    const anew = this.#roster.withSkipped([...wanted].filter((name) => !this.#roster.areUnderWay([name])));
    return this.#run(wanted, anew, () => {
      for (const name of anew) this.#roster.find(name)?.want(actor);
    });
  }

  /** How the latest lives of a service came out, oldest first; of one that runs several times, by the name of one of them. */
  history(service: string): readonly ServiceRun[] {
    return this.#history.of(service);
  }

  /** Everything there is to show, but the server. */
  status(attention: Attention = "closely"): OwnStatus {
    return environmentStatus(
      {
        dependencies: this.#dependencies,
        roster: this.#roster,
        places: this.#places,
        plan: this.#plan,
        phase: this.#phase,
        runs: this.#runs,
        steps: this.#steps,
      },
      attention,
    );
  }

  get phase(): EnvironmentPhase {
    this.#phase.look();
    return this.#phase.phase;
  }

  get profile(): string {
    return this.#plan.profile;
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
      await this.#logFiles.close();
      await this.#places.close();
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError("cancelled", "The environment is being closed with its host.");
  }

  /** Takes over a plan. What lives keeps its definition until it has ended. */
  #adopt(detected: DetectedProject, profile: string): void {
    const project = this.#plan.adopt(detected, profile);
    this.#containers.adopt(project.compose);
    this.#roster.adopt(project, (old, definition) => this.#factory.keepOrMake(old, definition));
    this.#places.adopt(this.#plan.groups);
    this.#steps.keep(new Set(this.#roster.names));
  }

  #run(wanted: ReadonlySet<string>, anew: ReadonlySet<string>, wishes: () => void): { runId: string } {
    this.#conductor.carryOut(anew, wishes);
    // After the wishes, or the run would be decided by how things stood before.
    return { runId: this.#runs.begin(wanted) };
  }

  /** What ended stays as it is, for everybody to see; a success is no more wanted than the rest. */
  #endEverything(service: Service): void {
    const { name, exit, state } = service;
    this.#journal.note(`stopping everything, because ${name} has ended`);
    this.#journal.asked("stop", "policy", `${name} has ended`, this.#phase.phase);
    this.#runs.end({ service: name, exit });
    this.#conductor.together(() => {
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

  #settle(): void {
    this.#places.settle();
    this.#watches.settle(this.#roster.all);
    this.#logFiles.settle(this.#roster.all);
    this.#phase.look();
    this.#runs.settle((name) => this.#roster.find(name));
    this.#conditions.look();
    this.#changes.emit();
  }

  #asked(action: string, actor: Actor, services: readonly string[] | undefined): void {
    this.#journal.asked(action, actor, services === undefined ? null : services.join(", "), this.#phase.phase);
  }
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  for (const name of small) if (!large.has(name)) return false;
  return true;
}
