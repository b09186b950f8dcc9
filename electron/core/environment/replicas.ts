/**
 * Services of which several run at once. In the plan that is carried out each of them is a service of its own, `api-0`,
 * `api-1`, …, and whoever depends on `api` depends on all of them. Pure.
 */
import { AppError } from "../lib/error.ts";
import { MAX_REPLICAS } from "../service/service-rules.ts";
import { graphNode } from "./detect/detect.ts";
import { errorProblem, type Dependency, type DetectedProject, type DetectedService } from "./detect/detected.ts";
import { planOrder } from "./graph.ts";
import { canBeTold } from "./told-ports.ts";

/** Several of one service. */
export interface ReplicaGroup {
  readonly name: string;
  /** As the author wrote it. */
  readonly definition: DetectedService;
  readonly members: readonly string[];
}

/** The plan that is carried out. */
export interface ReplicatedProject {
  readonly project: DetectedProject;
  /** By the name the author gave. */
  readonly groups: ReadonlyMap<string, ReplicaGroup>;
}

/**
 * The plan with every service as often as it is wanted.
 *
 * @param scales What a person asked for since, by name; the author's number otherwise.
 */
export function withReplicas(project: DetectedProject, scales: ReadonlyMap<string, number>): ReplicatedProject {
  const groups = new Map<string, ReplicaGroup>();
  const problems = [...project.detection.problems];
  for (const [name, definition] of project.services) {
    const count = scales.get(name) ?? definition.rules.replicas;
    if (count <= 1) continue;
    const members = replicaNames(name, count);
    const obstacle = obstacleTo(definition, count) ?? nameObstacle(project, name, members);
    if (obstacle === null) groups.set(name, { name, definition, members });
    else problems.push(errorProblem("value_invalid", definition.plan.source, `${obstacle} One of it runs.`));
  }
  if (groups.size === 0 && problems.length === project.detection.problems.length) return { project, groups };

  const services = new Map<string, DetectedService>();
  for (const [name, definition] of project.services) {
    const dependencies = spread(definition.dependencies, groups);
    const group = groups.get(name);
    if (group === undefined) services.set(name, { ...definition, dependencies });
    else {
      for (const [index, member] of group.members.entries()) {
        services.set(member, { ...replica(definition, member, index), dependencies });
      }
    }
  }
  const order = planOrder([...services.values()].map(graphNode));
  const detection = {
    ...project.detection,
    services: [...services.values()].map(({ plan }) => plan),
    order: order.waves.map((wave) => wave.slice()),
    problems,
  };
  return { project: { ...project, detection, services }, groups };
}

/**
 * Checks a number somebody asks for.
 *
 * @throws AppError `bad_input`: no such number; `plan_invalid`: there can only be one of this service.
 */
export function checkScale(definition: DetectedService, count: number): void {
  const { name, source } = definition.plan;
  if (!Number.isInteger(count) || count < 1 || count > MAX_REPLICAS) {
    throw new AppError("bad_input", `${name} was to run ${count} times, and it can be 1 to ${MAX_REPLICAS}.`, {
      next: `To have none of it, stop ${name}.`,
    });
  }
  const obstacle = obstacleTo(definition, count);
  if (obstacle !== null) throw new AppError("plan_invalid", obstacle, { next: `Change ${source}.` });
}

/** `api-0`, `api-1`; with ten or more all with as many digits as the number of them, as process-compose does it. */
export function replicaNames(name: string, count: number): string[] {
  const digits = String(count).length;
  return Array.from({ length: count }, (_, index) => `${name}-${String(index).padStart(digits, "0")}`);
}

function replica(definition: DetectedService, name: string, index: number): DetectedService {
  const { plan, rules, environment, trust } = definition;
  return {
    ...definition,
    // The declared port is that of the front; whichever comes after it is this one's.
    plan: { ...plan, name, ports: plan.ports.map((port) => ({ ...port, strict: false })) },
    rules: { ...rules, replicas: 1 },
    environment: { ...environment, DECKHAND_REPLICA: String(index) },
    trust: { ...trust, name },
  };
}

function spread(
  dependencies: ReadonlyMap<string, Dependency>,
  groups: ReadonlyMap<string, ReplicaGroup>,
): ReadonlyMap<string, Dependency> {
  return new Map(
    [...dependencies].flatMap(([name, dependency]) =>
      (groups.get(name)?.members ?? [name]).map((member) => [member, dependency] as const),
    ),
  );
}

/** Why there cannot be so many of a service; null: there can. */
function obstacleTo(definition: DetectedService, count: number): string | null {
  const reason = count === 1 ? null : onlyOnce(definition);
  return reason === null ? null : `${definition.plan.name} is to run ${count} times, but ${reason}`;
}

/** Why there can be only one of a service, as the end of a sentence; null: there can be several. */
export function onlyOnce({ plan, run }: Pick<DetectedService, "plan" | "run">): string | null {
  if (run.kind === "compose") return "it is a container, and containers are scaled by docker compose.";
  const fixed = plan.ports.find((port) => !canBeTold(port));
  if (fixed === undefined) return null;
  return `its command fixes port ${fixed.port}; let it take its port from a variable such as PORT.`;
}

function nameObstacle(project: DetectedProject, name: string, members: readonly string[]): string | null {
  const taken = members.find((member) => project.services.has(member));
  return taken === undefined ? null : `${name} is to run several times, but there is a service ${taken} already.`;
}
