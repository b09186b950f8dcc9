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
import type { Conductor } from "./conductor.ts";
import type { DetectedProject } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { environmentParts, type EnvironmentParts } from "./environment-parts.ts";
import { environmentStatus, type OwnStatus } from "./environment-status.ts";
import type { Journal } from "./journal.ts";
import type { PlanInForce } from "./plan-in-force.ts";
import type { Roster } from "./roster.ts";
import type { RunOutcome } from "./run.ts";
import { runningDifference } from "./running-difference.ts";

export interface StartRequest {
  readonly detected: DetectedProject;
  readonly profile: string;
  /** Only these and what they need. */
  readonly services?: readonly string[];
  /** Without what they need: what is not wanted anyway is not waited for. */
  readonly alone?: boolean;
  readonly actor?: Actor;
}

export class Environment {
  readonly #dependencies: EnvironmentDependencies;
  readonly #changes: Emitter<void>;
  readonly #parts: EnvironmentParts;
  readonly #roster: Roster;
  readonly #plan: PlanInForce;
  readonly #journal: Journal;
  readonly #conductor: Conductor;
  readonly #conditions = new Conditions();
  /** Counts the stops that were asked for: one that comes while a plan is being applied is the later wish. */
  #stops = 0;
  #closed = false;

  constructor(dependencies: EnvironmentDependencies) {
    this.#dependencies = dependencies;
    this.#changes = new Emitter((error) =>
      dependencies.logger.error("A listener of an environment failed", { error: errorText(error) }),
    );
    this.#parts = environmentParts(dependencies, {
      onEndOfAll: (service) => this.#endEverything(service),
      onSettled: () => this.#settle(),
      onFilesChanged: (service, reason) => this.#filesChanged(service, reason),
    });
    this.#roster = this.#parts.roster;
    this.#plan = this.#parts.plan;
    this.#journal = this.#parts.journal;
    this.#conductor = this.#parts.conductor;
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
  start({ detected, profile, services, alone = false, actor = "user" }: StartRequest): { runId: string } {
    this.#checkOpen();
    const wanted = this.#plan.wantedOf(detected, services, alone);
    const latest = this.#parts.runs.latest;
    if (latest !== null && this.#roster.areUnderWay(wanted) && isSubset(wanted, latest.wanted))
      return { runId: latest.id };

    this.#adopt(detected, profile);
    const anew = this.#roster.withSkipped([...wanted].filter((name) => !this.#roster.areUnderWay([name])));
    if (anew.size > 0) {
      this.#journal.note(`starting ${[...anew].join(", ")}`);
      this.#asked("start", actor, services);
    }
    return this.#want(wanted, anew, actor, { alone, named: this.#plan.members(services ?? []) });
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
    await this.#parts.containers.takeDown(this.#roster.all);
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
    this.#journal.asked("restart", actor, `${services.join(", ")}${why}`, this.#parts.phase.phase);
    this.#parts.seeds.wanted([...anew, ...named], named);
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
    this.#journal.asked("scale", actor, `${service}: ${count}`, this.#parts.phase.phase);
    this.#conductor.together(() => {
      this.#adopt(detected, this.#plan.profile);
      for (const old of this.#roster.leftOver) old.unwant(actor);
    });
    if (!wantedNow) return { runId: null };
    const members = this.#plan.members([service]);
    const anew = new Set(members.filter((name) => !this.#roster.areUnderWay([name])));
    return this.#want(this.#roster.withNeeds(members), anew, actor);
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
    this.#journal.asked("apply", actor, what, this.#parts.phase.phase);
    const stops = this.#stops;
    if (end.length > 0) await this.#stop(end, actor);
    this.#checkOpen();
    this.#conductor.together(() => this.#adopt(detected, profile));
    if (begin.length === 0 || this.#stops !== stops) return { runId: null };
    const wanted = this.#plan.wantedOf(detected, begin);
    const anew = this.#roster.withSkipped([...wanted].filter((name) => !this.#roster.areUnderWay([name])));
    return this.#want(wanted, anew, actor);
  }

  /**
   * Another port that a service could have instead of one that it cannot get; null: none is free.
   *
   * @throws AppError `unknown_service`; `not_found`, `plan_invalid` where it has no such port, or its command fixes it.
   */
  async otherPort(service: string, port: number): Promise<number | null> {
    return this.#parts.places.otherPort(this.#roster.get(service), port);
  }

  /** Starts it with another port than it insists on, until everything has stopped. @throws AppError as {@link otherPort}. */
  movePort(service: string, port: number, to: number, actor: Actor = "user"): { runId: string } {
    this.#checkOpen();
    this.#parts.places.movePort(this.#roster.get(service), port, to);
    return this.restart([service], actor, `port ${to} instead of ${port}`);
  }

  /** How the latest lives of a service came out, oldest first; of one that runs several times, by the name of one of them. */
  history(service: string): readonly ServiceRun[] {
    return this.#parts.history.of(service);
  }

  /** Everything there is to show, but the server. */
  status(attention: Attention = "closely"): OwnStatus {
    return environmentStatus({ ...this.#parts, dependencies: this.#dependencies }, attention);
  }

  get phase(): EnvironmentPhase {
    this.#parts.phase.look();
    return this.#parts.phase.phase;
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
    return this.#parts.runs.settled(runId, signal);
  }

  /** Stops everything and starts nothing any more. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.stop(undefined, "system");
    } finally {
      await this.#parts.watches.close();
      await this.#parts.logFiles.close();
      await this.#parts.places.close();
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError("cancelled", "The environment is being closed with its host.");
  }

  /** Takes over a plan. What lives keeps its definition until it has ended. */
  #adopt(detected: DetectedProject, profile: string): void {
    const project = this.#plan.adopt(detected, profile);
    this.#parts.containers.adopt(project.compose);
    this.#roster.adopt(project, (old, definition) => this.#parts.factory.keepOrMake(old, definition));
    this.#parts.places.adopt(this.#plan.groups);
    this.#parts.steps.keep(new Set(this.#roster.names));
  }

  #want(
    wanted: ReadonlySet<string>,
    anew: ReadonlySet<string>,
    actor: Actor,
    { alone = false, named = [] }: { readonly alone?: boolean; readonly named?: readonly string[] } = {},
  ): { runId: string } {
    const wishes = () => {
      for (const name of anew) this.#roster.find(name)?.want(actor);
    };
    this.#parts.seeds.wanted(anew, new Set(named));
    return this.#run(wanted, anew, wishes, alone);
  }

  #run(wanted: ReadonlySet<string>, anew: ReadonlySet<string>, wishes: () => void, alone = false): { runId: string } {
    this.#conductor.carryOut(anew, wishes, alone);
    // After the wishes, or the run would be decided by how things stood before.
    return { runId: this.#parts.runs.begin(wanted) };
  }

  /** What ended stays as it is, for everybody to see; a success is no more wanted than the rest. */
  #endEverything(service: Service): void {
    const { name, exit, state } = service;
    this.#journal.note(`stopping everything, because ${name} has ended`);
    this.#journal.asked("stop", "policy", `${name} has ended`, this.#parts.phase.phase);
    this.#parts.runs.end({ service: name, exit });
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
    this.#parts.places.settle();
    this.#parts.watches.settle(this.#roster.all);
    this.#parts.logFiles.settle(this.#roster.all);
    this.#parts.phase.look();
    this.#parts.runs.settle((name) => this.#roster.find(name));
    this.#conditions.look();
    this.#changes.emit();
  }

  #asked(action: string, actor: Actor, services: readonly string[] | undefined): void {
    this.#journal.asked(action, actor, services === undefined ? null : services.join(", "), this.#parts.phase.phase);
  }
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  for (const name of small) if (!large.has(name)) return false;
  return true;
}
