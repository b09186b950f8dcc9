import type { ServiceStatus } from "#shared/schema/service.ts";

/** A service that runs and has nothing to tell, but for what a test says of it. */
export function serviceStatus(name: string, more: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name,
    kind: "process",
    command: "npm run dev",
    source: "package.json",
    wave: 0,
    dependsOn: [],
    probe: null,
    desired: "running",
    phase: "running",
    health: "none",
    ready: true,
    why: null,
    failure: null,
    pid: 7,
    ports: [],
    url: null,
    uptimeMs: 1_000,
    restarts: 0,
    generation: 1,
    memoryBytes: null,
    cpuPercent: null,
    exit: null,
    ...more,
  };
}
