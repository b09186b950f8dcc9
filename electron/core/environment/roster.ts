/** The services of an environment and how they hang together. Holds no time and starts nothing. */
import type { DetectedProject } from "./detect/detected.ts";
import { graphNode } from "./detect/detect.ts";
import { withDependencies } from "./graph.ts";
import { unknownService } from "./plan.ts";
import { settledFailures } from "../service/service-states.ts";
import type { Service } from "../service/service.ts";

export class Roster {
  #services = new Map<string, Service>();
  #dependents = new Map<string, Set<string>>();
  #waves = new Map<string, number>();
  #planned: ReadonlyMap<string, unknown> = new Map();

  /** In the order of the plan; what is left of earlier plans at the end. */
  get all(): Iterable<Service> {
    return this.#services.values();
  }

  get names(): string[] {
    return [...this.#services.keys()];
  }

  find(name: string): Service | undefined {
    return this.#services.get(name);
  }

  /** @throws AppError `unknown_service`. */
  get(name: string): Service {
    const service = this.#services.get(name);
    if (service === undefined) throw unknownService(name, this.#services.keys());
    return service;
  }

  waveOf(name: string): number {
    return this.#waves.get(name) ?? 0;
  }

  /** Those that wait for it. */
  dependentsOf(name: string): Iterable<string> {
    return this.#dependents.get(name) ?? [];
  }

  /**
   * Takes over a plan. What lives keeps its definition until it has ended.
   *
   * @param keepOrMake Gives the service for a definition; `old` is the one that had its name.
   */
  adopt(
    detected: DetectedProject,
    keepOrMake: (old: Service | undefined, definition: Service["detected"]) => Service,
  ): void {
    const next = new Map<string, Service>();
    for (const [name, definition] of detected.services)
      next.set(name, keepOrMake(this.#services.get(name), definition));
    for (const [name, service] of this.#services) {
      if (!next.has(name) && (service.live || service.state.desired === "running")) next.set(name, service);
    }
    this.#services = next;
    this.#planned = detected.services;
    this.#waves = new Map(
      detected.detection.order.flatMap((wave, index) => wave.map((name) => [name, index] as const)),
    );
    this.#dependents = new Map();
    for (const service of next.values()) {
      for (const other of service.detected.dependencies.keys()) {
        const dependents = this.#dependents.get(other) ?? new Set();
        this.#dependents.set(other, dependents.add(service.name));
      }
    }
  }

  /** Takes out what was left of earlier plans and is over. */
  prune(): void {
    for (const [name, { live, state }] of this.#services) {
      if (!this.#planned.has(name) && !live && state.desired === "stopped") this.#services.delete(name);
    }
  }

  /** What is left of earlier plans. */
  get leftOver(): Service[] {
    return [...this.all].filter(({ name }) => !this.#planned.has(name));
  }

  /** The services named and everything they need. */
  withNeeds(names: Iterable<string>): Set<string> {
    const nodes = new Map([...this.#services].map(([name, { detected }]) => [name, graphNode(detected)]));
    return withDependencies(nodes, names);
  }

  /** All of them are wanted, and neither failed nor skipped: nothing has to be done for them. */
  areUnderWay(names: Iterable<string>): boolean {
    for (const name of names) {
      const state = this.#services.get(name)?.state;
      if (state === undefined || state.desired === "stopped" || settledFailures.has(state.phase)) return false;
    }
    return true;
  }

  /** What was skipped because of one of these gets its chance again with them. */
  withSkipped(names: readonly string[]): Set<string> {
    const anew = new Set<string>();
    const queue = [...names];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (anew.has(name)) continue;
      anew.add(name);
      for (const dependent of this.dependentsOf(name)) {
        const state = this.#services.get(dependent)?.state;
        if (state?.desired === "running" && state.phase === "skipped") queue.push(dependent);
      }
    }
    return anew;
  }

  /** Somebody who is also to be stopped still needs it. */
  isNeededByStopping(name: string): boolean {
    for (const dependent of this.dependentsOf(name)) {
      const service = this.#services.get(dependent);
      if (service?.live === true && service.state.desired === "stopped") return true;
    }
    return false;
  }

  /**
   * Those that are to be stopped while none of them is being stopped: a plan that changed while things ran can leave a
   * circle among them, and then their order no longer matters.
   */
  entangled(): Service[] {
    const ending = [...this.all].filter((service) => service.live && service.state.desired === "stopped");
    return ending.some((service) => service.state.phase === "stopping") ? [] : ending;
  }
}
