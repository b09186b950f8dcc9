/** What was seen of the made-up services: their past, their readings, their definitions. */
import type { EnvironmentStatus, PlanDifference } from "#shared/schema/environment.ts";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceHistory, Suggestion } from "#shared/schema/monitoring.ts";
import type { EnvironmentPlan, PlannedService } from "#shared/schema/plan.ts";
import type { ServiceRun, ServiceStatus } from "#shared/schema/service.ts";

const MB = 1_048_576;

export function auditOf({ services, workspace, since }: EnvironmentStatus): AuditEntry[] {
  const entry = (at: number, change: Partial<AuditEntry>): AuditEntry => ({
    at: new Date(at).toISOString(),
    actor: "system",
    action: "start",
    workspace,
    service: null,
    generation: null,
    from: null,
    to: null,
    reason: null,
    ...change,
  });
  const startedAt = Date.parse(since);
  const entries = [entry(startedAt, { actor: "user", from: "stopped" })];
  for (const service of services) {
    const { name, generation, steps = [] } = service;
    const of = { service: name, generation };
    for (const { step, startedAt: at, ms } of steps) {
      const begun = Date.parse(at);
      if (step === "starting")
        entries.push(entry(begun, { ...of, from: "waiting", to: "starting", reason: "Its needs are ready" }));
      if (step === "starting" && ms !== null)
        entries.push(entry(begun + ms, { ...of, from: "starting", to: "running" }));
      if (step !== "becoming_ready" || ms === null) continue;
      const [from, to] = service.kind === "task" ? ["running", "completed"] : ["starting", "healthy"];
      if (service.ready) entries.push(entry(begun + ms, { ...of, actor: "probe", from, to }));
    }
    if (service.failure)
      entries.push(
        entry(startedAt + 9_000, {
          ...of,
          from: "running",
          to: service.phase,
          actor: "policy",
          reason: service.failure.message,
        }),
      );
    if (service.restarts > 0 && service.ready) {
      entries.push(
        entry(startedAt + 120_000, {
          ...of,
          actor: "system",
          from: "running",
          to: "backoff",
          reason: `${name} ended with code 1. Starts again at once.`,
        }),
        entry(startedAt + 120_600, { ...of, actor: "policy", from: "backoff", to: "starting" }),
        entry(startedAt + 121_400, { ...of, actor: "probe", from: "starting", to: "healthy" }),
      );
    }
  }
  return entries.toSorted((one, other) => one.at.localeCompare(other.at));
}

/** Half an hour of one reading every five seconds, with a restart in the middle. */
export function readingsOf({ name, memoryBytes, cpuPercent }: ServiceStatus): ServiceHistory {
  const now = Date.now();
  const end = memoryBytes ?? 0;
  const samples = Array.from({ length: 360 }, (_, index) => ({
    at: now - (360 - index) * 5_000,
    memoryBytes: Math.round(end * (0.5 + (0.5 * (index % 200)) / 200) + 6 * MB * Math.sin(index / 5) ** 2),
    cpuPercent: (cpuPercent ?? 0) * (0.4 + Math.abs(Math.sin(index / 9))) + (index % 60 === 0 ? 22 : 0),
    health: "healthy" as const,
    restarts: index < 200 ? 0 : 1,
  })).filter((_, index) => index < 190 || index > 205);
  return { service: name, reset: true, samples: memoryBytes === null ? [] : samples };
}

export const suggestions: Suggestion[] = [
  {
    id: "early:dev:api",
    service: "dev:api",
    seen: "What needs dev:api failed 4 times within 15s of its start, and ran when it was tried again: dev:api is of use about 9s after it seems ready.",
    advice: "Give dev:api a health check that asks for what is needed of it.",
  },
  {
    id: "edits:dev:worker",
    service: "dev:worker",
    seen: "3 restarts of dev:worker follow edits of queue/jobs.ts.",
    advice: "Let it restart by `watch` instead of by its crash.",
  },
];

export function runsOf({ kind, phase, failure }: ServiceStatus): ServiceRun[] {
  const before = (minutes: number, change: Partial<ServiceRun>): ServiceRun => ({
    generation: 1,
    startedAt: new Date(Date.now() - minutes * 60_000).toISOString(),
    durationMs: 1_240,
    exit: { code: 0, signal: null },
    outcome: "completed",
    why: null,
    ...change,
  });
  if (kind !== "task")
    return [before(90, { durationMs: 1_830_000, outcome: "stopped", exit: { code: null, signal: "SIGTERM" } })];
  const runs = [before(1_500, {}), before(180, { durationMs: 2_210 }), before(35, { durationMs: 980 })];
  if (phase !== "failed") return runs;
  return [
    ...runs,
    before(1, { durationMs: 640, exit: { code: 1, signal: null }, outcome: "failed", why: failure?.message ?? null }),
  ];
}

export function planOf(environment: EnvironmentStatus, profile = "dev"): EnvironmentPlan {
  const services = environment.services.map((service) => planned(service, profile));
  const waves = [...new Set(environment.services.map(({ wave }) => wave))];
  return {
    directory: environment.directory,
    profile,
    profiles: ["dev", "staging", "test"],
    services,
    order: waves.map((wave) => environment.services.filter((each) => each.wave === wave).map(({ name }) => name)),
    problems: [],
    config: { file: "deckhand.yaml", undo: true },
  };
}

function planned(service: ServiceStatus, profile: string): PlannedService {
  const { name, kind, command, source, ports, probe, wave, dependsOn } = service;
  return {
    name,
    kind,
    command,
    source,
    ports,
    probe,
    wave,
    workingDirectory: "/home/kim/projects/harbour",
    dependsOn: Object.fromEntries(dependsOn.map((need) => [need, "service_healthy" as const])),
    profiles: [],
    starts: service.phase !== "disabled" && (profile === "dev" || !name.startsWith("dev:w")),
    needs: dependsOn.map((need) => ({ name: need, condition: "service_healthy", required: true, restart: false })),
    environment: [
      { name: "NODE_ENV", value: profile === "dev" ? "development" : profile },
      { name: "DATABASE_URL", value: null },
      { name: "LOG_LEVEL", value: "debug" },
      { name: "STRIPE_SECRET_KEY", value: null },
    ],
    rules: {
      restart: { mode: kind === "task" ? "no" : "on-failure", maxRetries: null, limit: { max: 5, windowMs: 60_000 } },
      stop: { signal: "SIGTERM", graceMs: 5_000, command: null },
      hooks: name === "dev:api" ? [{ moment: "pre-start", command: "npm run generate" }] : [],
      liveness: null,
      startup: null,
      readyLine: null,
      successExitCodes: [],
      endsEnvironment: "never",
      watch: null,
      limits: name === "dev:web" ? { memoryBytes: 512 * MB, cpuPercent: null, onExceed: "restart" } : null,
      logFile: null,
    },
    warnings: [],
  };
}

export function differenceOf({ profile: from, services }: EnvironmentStatus, profile: string): PlanDifference {
  const names = services.map(({ name }) => name);
  const same = profile === from;
  const restart = same
    ? []
    : names.filter((name) => name.endsWith("api")).map((name) => ({ name, changed: ["its environment"] }));
  const stop = same ? [] : names.filter((name) => name.endsWith("worker"));
  const touched = new Set([...restart.map(({ name }) => name), ...stop]);
  return {
    from,
    profile,
    start: same ? [] : ["mailpit"],
    stop,
    restart,
    unchanged: names.filter((name) => !touched.has(name)),
    problems: [],
  };
}
