/** The order that files do not state: databases, then migrations, then seed data, then everything that uses them. */
import type { DetectedService, Dependency } from "./detected.ts";

/**
 * Adds the dependencies that follow from what the services are. What the files state stays as it is: containers keep
 * exactly the order of their compose file, and nothing is added that would close a circle.
 */
export function inferOrder(services: readonly DetectedService[]): DetectedService[] {
  // What starts only when it is named is waited for by nobody who did not say so.
  const enabled = services.filter((service) => !service.rules.disabled);
  const infrastructure = enabled.filter((service) => service.role === "infrastructure");
  const migrations = enabled.filter((service) => service.role === "migrate");
  const seeds = enabled.filter((service) => service.role === "seed");
  return services.map((service) => {
    if (service.run.kind === "compose" || service.statesOrder === true) return service;
    const before = new Map<string, Dependency>();
    for (const other of infrastructure) before.set(other.plan.name, inferred(other));
    if (service.role !== "migrate") for (const other of migrations) before.set(other.plan.name, inferred(other));
    if (service.role === "service") for (const other of seeds) before.set(other.plan.name, inferred(other));
    for (const [name, dependency] of service.dependencies) before.set(name, dependency);
    return {
      ...service,
      dependencies: before,
      plan: {
        ...service.plan,
        dependsOn: Object.fromEntries([...before].map(([name, { condition }]) => [name, condition])),
      },
    };
  });
}

function inferred(other: DetectedService): Dependency {
  const { kind, probe } = other.plan;
  const canBeHealthy = probe !== null && !(probe.kind === "compose" && !probe.healthcheck);
  const condition =
    kind === "task" ? "service_completed_successfully" : canBeHealthy ? "service_healthy" : "service_started";
  return { condition, required: true };
}
