/** One service as the screen, the command line and an agent see it. */
import type { ServicePort, ServiceStatus } from "#shared/schema/service.ts";
import type { Attention, ProcessKeeper } from "../process/owned.ts";
import { commandText } from "../service/ending.ts";
import type { Service } from "../service/service.ts";
import { serviceUrl } from "./service-variables.ts";

export function serviceStatus(
  service: Service,
  wave: number,
  ports: readonly ServicePort[],
  keeper: Pick<ProcessKeeper, "usage">,
  replica: ServiceStatus["replica"],
  attention: Attention,
): ServiceStatus {
  const { detected, state, instance } = service;
  const usageId = instance?.usageId ?? null;
  const usage = usageId === null ? (instance?.usage?.(attention) ?? null) : keeper.usage(usageId, attention);
  const trouble = instance?.trouble?.() ?? null;
  return {
    name: service.name,
    kind: detected.plan.kind,
    command: commandText(detected),
    source: detected.plan.source,
    wave,
    dependsOn: [...detected.dependencies.keys()],
    probe: detected.plan.probe,
    desired: state.desired,
    phase: state.phase,
    health: state.health,
    ready: service.ready,
    why: service.why ?? trouble?.message ?? null,
    failure: service.failure ?? trouble,
    pid: instance?.pid ?? null,
    ports: [...ports],
    // An address that nobody serves would only mislead.
    url: service.live ? serviceUrl({ ports, http: detected.http }) : null,
    uptimeMs: service.uptimeMs === null ? null : Math.round(service.uptimeMs),
    restarts: service.restarts,
    generation: state.generation,
    memoryBytes: usage?.memoryBytes ?? null,
    cpuPercent: usage?.cpuPercent ?? null,
    exit: service.exit,
    ...(replica === undefined ? {} : { replica }),
  };
}
