/** The plan an environment goes by: what was detected, and how often a person wants each service of it. */
import type { Detection } from "#shared/schema/environment.ts";
import type { DetectedProject, DetectedService } from "./detect/detected.ts";
import { servicesToStart, unknownService } from "./plan.ts";
import { checkScale, withReplicas, type ReplicaGroup } from "./replicas.ts";

export class PlanInForce {
  /** As it was detected, before each service was made as often as it is wanted. */
  #detected: DetectedProject | null = null;
  #groups: ReadonlyMap<string, ReplicaGroup> = new Map();
  readonly #scales = new Map<string, number>();
  #problems: Detection["problems"] = [];
  #profile = "dev";

  get problems(): Detection["problems"] {
    return this.#problems;
  }

  get profile(): string {
    return this.#profile;
  }

  /** What was detected, by the names its author gave. */
  get definitions(): ReadonlyMap<string, DetectedService> {
    return this.#detected?.services ?? new Map<string, DetectedService>();
  }

  /** Services that run several times, by the author's name. */
  get groups(): ReadonlyMap<string, ReplicaGroup> {
    return this.#groups;
  }

  /** Takes over a plan; answers with the one to be carried out. */
  adopt(detected: DetectedProject, profile: string): DetectedProject {
    const { project, groups } = withReplicas(detected, this.#scales);
    this.#detected = detected;
    this.#profile = profile;
    this.#groups = groups;
    this.#problems = project.detection.problems;
    return project;
  }

  /**
   * Has a service as often as asked from now on; answers with the plan to be adopted again.
   *
   * @throws AppError `unknown_service`, `bad_input`, `plan_invalid`.
   */
  scale(service: string, count: number): DetectedProject {
    const definition = this.#detected?.services.get(service);
    if (this.#detected === null || definition === undefined) {
      throw unknownService(service, this.#detected?.services.keys() ?? []);
    }
    checkScale(definition, count);
    this.#scales.set(service, count);
    return this.#detected;
  }

  /** The services behind names: `api` means all of them where it runs several times. */
  members(names: readonly string[]): string[] {
    return membersOf(names, this.#groups);
  }

  /**
   * What a start of a plan that is not in force yet would be about.
   *
   * @param alone Only those that are named, without what they need.
   * @throws AppError `no_services`, `unknown_service`, `plan_invalid`.
   */
  wantedOf(detected: DetectedProject, names: readonly string[] | undefined, alone = false): ReadonlySet<string> {
    const { project, groups } = withReplicas(detected, this.#scales);
    const named = names === undefined ? undefined : membersOf(names, groups);
    const wanted = servicesToStart(project, named);
    return alone && named !== undefined ? new Set(named) : wanted;
  }
}

function membersOf(names: readonly string[], groups: ReadonlyMap<string, ReplicaGroup>): string[] {
  return names.flatMap((name) => groups.get(name)?.members ?? [name]);
}
