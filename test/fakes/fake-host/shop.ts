/** A believable project, and the pieces that every scenario is made of. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { runningServer } from "./servers.ts";

/** Of a service that has no process. */
export const gone: Partial<ServiceStatus> = {
  ready: false,
  health: "none",
  pid: null,
  uptimeMs: null,
  memoryBytes: null,
  cpuPercent: null,
  exit: null,
  url: null,
};

export const workspace = "wsp_00000000000000a1" as WorkspaceId;

export const changed = (each: ServiceStatus, change: Partial<ServiceStatus>): ServiceStatus =>
  Object.assign({}, each, change);

export const service = (name: string, wave: number, change: Partial<ServiceStatus> = {}): ServiceStatus => ({
  name,
  kind: "process",
  command: `npm run ${name}`,
  source: `package.json#scripts.${name}`,
  wave,
  dependsOn: [],
  probe: null,
  desired: "running",
  phase: "running",
  health: "healthy",
  ready: true,
  why: null,
  failure: null,
  pid: 4_000 + wave * 10 + name.length,
  ports: [],
  url: null,
  uptimeMs: 754_000,
  restarts: 0,
  generation: 1,
  memoryBytes: 64 * 1_048_576,
  cpuPercent: 0.4,
  exit: null,
  ...change,
});

export const task = (name: string, wave: number, change: Partial<ServiceStatus> = {}) =>
  service(name, wave, {
    kind: "task",
    phase: "completed",
    health: "none",
    pid: null,
    uptimeMs: null,
    memoryBytes: null,
    cpuPercent: null,
    exit: { code: 0, signal: null },
    why: "Ended with code 0",
    ...change,
  });

export const off: Partial<ServiceStatus> = {
  desired: "stopped",
  url: null,
  phase: "stopped",
  ready: false,
  health: "none",
  pid: null,
  uptimeMs: null,
  memoryBytes: null,
  cpuPercent: null,
  why: null,
  exit: null,
};

export function shop(): ServiceStatus[] {
  return [
    service("db", 0, {
      kind: "compose",
      command: "db (postgres:17-alpine)",
      probe: { kind: "compose", healthcheck: true },
      source: "compose.yaml",
      ports: [{ name: "5432", port: 54_032, env: null }],
      memoryBytes: 48 * 1_048_576,
      cpuPercent: 0.2,
    }),
    service("redis", 0, {
      kind: "compose",
      command: "redis (redis:8)",
      probe: { kind: "compose", healthcheck: true },
      source: "compose.yaml",
      ports: [{ name: "6379", port: 63_791, env: null }],
      memoryBytes: 9 * 1_048_576,
      cpuPercent: 0.1,
    }),
    task("db:migrate", 1, { dependsOn: ["db"] }),
    task("db:seed", 2, { dependsOn: ["db:migrate"] }),
    service("dev:api", 3, {
      dependsOn: ["db:seed", "redis"],
      probe: { kind: "http", url: "http://127.0.0.1:4310/healthz" },
      url: "http://127.0.0.1:4310/",
      ports: [{ name: "http", port: 4_310, env: "PORT" }],
      memoryBytes: 141 * 1_048_576,
      cpuPercent: 2.3,
      restarts: 1,
      generation: 2,
    }),
    service("dev:worker", 3, {
      dependsOn: ["db:seed", "redis"],
      health: "none",
      memoryBytes: 88 * 1_048_576,
      cpuPercent: 0.9,
    }),
    service("dev:web", 4, {
      dependsOn: ["dev:api"],
      probe: { kind: "tcp", port: 5_173 },
      url: "http://localhost:5173/",
      ports: [{ name: "http", port: 5_173, env: null }],
      memoryBytes: 203 * 1_048_576,
      cpuPercent: 11.8,
    }),
  ];
}

export const base = (change: Partial<EnvironmentStatus>): EnvironmentStatus => ({
  directory: "/home/kim/projects/harbour",
  workspace,
  profile: "dev",
  phase: "ready",
  since: new Date(Date.now() - 754_000).toISOString(),
  services: shop(),
  server: runningServer,
  problems: [],
  ...change,
});
