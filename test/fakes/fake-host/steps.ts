/** The steps of a start, as the host tells them: each service begins when the last of its needs is ready. */
import type { ServiceStatus, StartStep } from "#shared/schema/service.ts";

/** Of steady but different length, in ms. */
const lengthOf = (name: string): number =>
  180 + ([...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 37) * 95;

/** `startedAt`: of the environment, in ms since the epoch. Services that have steps, or were never started, keep what they have. */
export function withSteps(services: readonly ServiceStatus[], startedAt: number): ServiceStatus[] {
  const readyAt = new Map<string, number>();
  return services
    .toSorted((one, other) => one.wave - other.wave)
    .map((service) => {
      if (service.steps !== undefined || service.desired === "stopped") return service;
      const begun = Math.max(startedAt, ...service.dependsOn.map((name) => readyAt.get(name) ?? startedAt));
      const length = lengthOf(service.name);
      if (service.ready) readyAt.set(service.name, begun + length);
      return { ...service, steps: stepsOf(service, startedAt, begun, length), needs: needsOf(service, readyAt) };
    });
}

function stepsOf(
  { phase, ready, health }: ServiceStatus,
  startedAt: number,
  begun: number,
  length: number,
): StartStep[] {
  const step = (name: StartStep["step"], at: number, ms: number | null): StartStep => ({
    step: name,
    startedAt: new Date(at).toISOString(),
    ms,
  });
  const making = Math.round(length * 0.2);
  if (phase === "waiting" || phase === "pending") return [step("waiting", startedAt, null)];
  if (phase === "skipped" || phase === "blocked") return [step("waiting", startedAt, begun + 40 - startedAt)];
  const over = ready || phase === "failed" || phase === "crash_loop" || phase === "backoff" || health === "unhealthy";
  return [
    step("waiting", startedAt, begun - startedAt),
    step("starting", begun, making),
    step("becoming_ready", begun + making, over ? length - making : null),
  ];
}

function needsOf({ dependsOn }: ServiceStatus, readyAt: ReadonlyMap<string, number>): ServiceStatus["needs"] {
  return dependsOn.map((name) => ({
    name,
    condition: name.includes("migrate") || name.includes("seed") ? "service_completed_successfully" : "service_healthy",
    required: true,
    met: readyAt.has(name),
  }));
}
