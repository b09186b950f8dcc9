/** Everything there is to show of an environment, but its server and what only its workspace knows. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { Attention } from "../process/owned.ts";
import type { Service } from "../service/service.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { isConditionMet } from "./gate.ts";
import type { PhaseWatch } from "./phase-watch.ts";
import type { Places } from "./places.ts";
import type { PlanInForce } from "./plan-in-force.ts";
import type { Roster } from "./roster.ts";
import type { Runs } from "./run.ts";
import { serviceStatus } from "./service-status.ts";
import type { StartSteps } from "./start-steps.ts";

/** What the status of an environment is without its server. */
export type OwnStatus = Omit<EnvironmentStatus, "server">;

export interface StatusParts {
  readonly dependencies: Pick<EnvironmentDependencies, "keeper" | "directory" | "workspaceId">;
  readonly roster: Roster;
  readonly places: Places;
  readonly plan: PlanInForce;
  readonly phase: PhaseWatch;
  readonly runs: Runs;
  readonly steps: StartSteps;
}

export function environmentStatus(
  { dependencies, roster, places, plan, phase, runs, steps }: StatusParts,
  attention: Attention,
): OwnStatus {
  const { keeper, directory, workspaceId } = dependencies;
  phase.look();
  const { latest } = runs;
  return {
    directory,
    workspace: workspaceId,
    profile: plan.profile,
    phase: phase.phase,
    since: new Date(phase.since).toISOString(),
    services: [...roster.all].map((service) => ({
      ...serviceStatus(
        service,
        roster.waveOf(service.name),
        places.portsOf(service),
        keeper,
        places.replicaOf(service.name),
        attention,
      ),
      needs: needsOf(service, roster),
      steps: steps.of(service.name),
    })),
    problems: plan.problems,
    ...(latest === null
      ? {}
      : { run: { id: latest.id, outcome: latest.outcome?.outcome ?? null, endedBy: latest.endedBy } }),
  };
}

function needsOf(service: Service, roster: Roster): NonNullable<EnvironmentStatus["services"][number]["needs"]> {
  return [...service.detected.dependencies].map(([name, { condition, required }]) => {
    const other = roster.find(name);
    return { name, condition, required, met: other !== undefined && isConditionMet(condition, other) };
  });
}
