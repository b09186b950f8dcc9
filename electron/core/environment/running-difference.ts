/** What would have to be done so that what runs is what another plan says, in the names of its author. Pure. */
import type { PlanDifference } from "#shared/schema/environment.ts";
import type { Service } from "../service/service.ts";
import { comparePlans } from "./config/compare-plans.ts";
import type { DetectedProject, DetectedService } from "./detect/detected.ts";
import type { ReplicaGroup } from "./replicas.ts";

export interface RunningPlan {
  readonly profile: string;
  /** As it was detected. */
  readonly definitions: ReadonlyMap<string, DetectedService>;
  readonly groups: ReadonlyMap<string, ReplicaGroup>;
  /** The services there are, each of several by itself. */
  readonly services: Iterable<Pick<Service, "name" | "detected" | "state">>;
}

/**
 * Compares what runs with a plan. What a person has stopped, or did not start, stays so: only what the plan newly has is started.
 * Where nothing runs, it is what a start would do.
 */
export function runningDifference(running: RunningPlan, next: DetectedProject, profile: string): PlanDifference {
  const groupOf = new Map([...running.groups.values()].flatMap((group) => group.members.map((name) => [name, group])));
  const wanted = new Set<string>();
  const before = new Map(running.definitions);
  for (const { name, detected, state } of running.services) {
    if (state.desired === "stopped") continue;
    const group = groupOf.get(name);
    wanted.add(group?.name ?? name);
    // What lives may be of an earlier plan than the one in force.
    if (group === undefined) before.set(name, detected);
  }
  const { start, stop, restart, unchanged } = comparePlans({ before, after: next.services, running: wanted });
  const isNew = (name: string) => {
    const old = running.definitions.get(name);
    return old === undefined || old.rules.disabled;
  };
  return {
    from: running.profile,
    profile,
    start: wanted.size === 0 ? [...start] : start.filter(isNew),
    stop: [...stop],
    restart: restart.map(({ name, changed }) => ({ name, changed: [...changed] })),
    unchanged: [...unchanged],
    problems: next.detection.problems,
  };
}

/** Whether anything would have to be done. */
export function isDifferent({ start, stop, restart }: PlanDifference): boolean {
  return start.length > 0 || stop.length > 0 || restart.length > 0;
}
