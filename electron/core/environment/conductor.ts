/**
 * Works out what follows from the wishes, service by service, from the state of each and of those it depends on: a wanted one
 * whose needs are met is launched, one whose need has failed is skipped, an unwanted one is halted as soon as nobody who is
 * also to be stopped still needs it. Whenever a service changes, it and its neighbours are looked at again. There is no list
 * of steps that could go out of date.
 */
import { errorText } from "../lib/error.ts";
import type { ServiceChange } from "../service/service-record.ts";
import type { Service } from "../service/service.ts";
import { endsEverything, restartsFollowers } from "./consequences.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { Evaluations } from "./evaluations.ts";
import { gateOf } from "./gate.ts";
import type { Journal } from "./journal.ts";
import type { Places } from "./places.ts";
import type { Roster } from "./roster.ts";
import type { Seeds } from "./seeds.ts";

export interface ConductorDependencies extends Pick<EnvironmentDependencies, "shellEnvironment" | "logger"> {
  readonly roster: Roster;
  readonly places: Places;
  readonly seeds: Pick<Seeds, "verdict">;
  readonly journal: Journal;
  /** The order in which those that can start at once are started. */
  readonly startOrder: (names: Iterable<string>) => Iterable<string>;
  /** A service has ended, and its author wants everything else to end with it. */
  readonly onEndOfAll: (service: Service) => void;
  /** After the changes of one turn of the event loop. */
  readonly onSettled: () => void;
}

export class Conductor {
  readonly #dependencies: ConductorDependencies;
  readonly #roster: Roster;
  readonly #evaluations: Evaluations;
  /** Wanted, but their ports are not settled yet. */
  readonly #unprepared = new Set<string>();
  /** Wanted without what they need. */
  readonly #alone = new Set<string>();

  constructor(dependencies: ConductorDependencies) {
    this.#dependencies = dependencies;
    this.#roster = dependencies.roster;
    this.#evaluations = new Evaluations(
      (name) => this.#evaluate(name),
      () => this.#flush(),
    );
  }

  /** A start is being prepared. */
  get preparing(): boolean {
    return this.#unprepared.size > 0;
  }

  /** Something that a service waited to know is known. */
  lookAgain(service: string): void {
    this.#evaluations.due([service]);
  }

  /** Makes several changes before any of them is acted on. */
  together(change: () => void): void {
    this.#evaluations.together(change);
    this.#evaluations.flushSoon();
  }

  /**
   * Acts on wishes once the ports of those that are wanted anew are settled. `wishes` is called before it returns.
   *
   * @param alone Those wanted anew do without what they need, unless it is wanted, too.
   */
  carryOut(anew: Iterable<string>, wishes: () => void, alone = false): void {
    for (const name of anew) {
      if (alone) this.#alone.add(name);
      else this.#alone.delete(name);
    }
    const fresh = [...anew].filter((name) => this.#roster.find(name)?.live !== true && !this.#unprepared.has(name));
    for (const name of fresh) this.#unprepared.add(name);
    this.#evaluations.together(wishes);
    void this.#prepare(fresh);
    this.#evaluations.flushSoon();
  }

  serviceChanged(service: Service, change: ServiceChange | null): void {
    const { name, detected } = service;
    if (change !== null) {
      this.#dependencies.journal.changed(name, change);
      const news = restartsFollowers(change);
      if (news !== null) this.#restartFollowers(name, `${name} ${news}`);
      if (endsEverything(detected, change)) this.#dependencies.onEndOfAll(service);
    }
    const { startOrder } = this.#dependencies;
    this.#evaluations.due([name], detected.dependencies.keys(), startOrder(this.#roster.dependentsOf(name)));
  }

  serviceExplained(): void {
    this.#evaluations.flushSoon();
  }

  async #prepare(names: readonly string[]): Promise<void> {
    const { shellEnvironment, places, journal, logger, startOrder } = this.#dependencies;
    try {
      await places.assign(names);
      await shellEnvironment.variables();
      if (shellEnvironment.warning !== null) journal.note(shellEnvironment.warning);
    } catch (error) {
      // Ports stay as declared; whoever cannot have its own will say so when it starts.
      logger.error("The ports of an environment could not be settled", { error: errorText(error) });
    }
    for (const name of names) this.#unprepared.delete(name);
    this.#evaluations.due(startOrder(names));
  }

  /** Those that are to be restarted with the one they need. They wait for it again before they start. */
  #restartFollowers(name: string, reason: string): void {
    for (const dependent of this.#roster.dependentsOf(name)) {
      const follower = this.#roster.find(dependent);
      if (follower?.live !== true || follower.state.desired === "stopped" || follower.restartRequested) continue;
      if (follower.detected.dependencies.get(name)?.restart === true) follower.requestRestart("policy", reason);
    }
  }

  #evaluate(name: string): void {
    const service = this.#roster.find(name);
    if (service === undefined) return;
    const { desired, phase } = service.state;
    if (desired === "stopped") {
      if ((phase === "running" || phase === "starting") && !this.#roster.isNeededByStopping(name)) service.halt();
    } else if (phase === "running" || phase === "starting") {
      if (service.restartRequested) service.halt();
    } else if ((phase === "pending" || phase === "waiting") && !this.#unprepared.has(name)) {
      this.#tryLaunch(service);
    }
  }

  #tryLaunch(service: Service): void {
    const { places, seeds } = this.#dependencies;
    const gate = gateOf(service.name, service.detected.dependencies, (name) => {
      const other = this.#roster.find(name);
      return this.#alone.has(service.name) && other?.state.desired !== "running" ? undefined : other;
    });
    switch (gate.kind) {
      case "waiting":
        service.wait(gate.reasons);
        return;
      case "skip":
        service.skip(gate.failure);
        return;
      default:
    }
    const verdict = seeds.verdict(service);
    if (verdict.kind === "wait") {
      service.wait("Looks whether its database has been filled already.");
      return;
    }
    if (verdict.kind === "done") {
      service.done(verdict.why);
      return;
    }
    const blocked = places.failureOf(service.name);
    if (blocked !== null) {
      service.block(blocked);
      return;
    }
    const { ports, variables } = places.handOver(service);
    service.launch(ports, variables);
  }

  #flush(): void {
    for (const service of this.#roster.entangled()) service.halt();
    this.#roster.prune();
    this.#dependencies.onSettled();
  }
}
