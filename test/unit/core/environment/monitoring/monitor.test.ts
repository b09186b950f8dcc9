import { expect, test } from "vitest";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceHistory } from "#shared/schema/monitoring.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Monitor } from "../../../../../electron/core/environment/monitoring/monitor.ts";
import { SAMPLE_MS } from "../../../../../electron/core/environment/monitoring/service-history.ts";
import { silentLogger } from "../../../../../electron/core/lib/logger.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

type Status = Pick<ServiceStatus, "name" | "phase" | "memoryBytes" | "cpuPercent" | "health" | "restarts">;

function world(...services: Status[]) {
  const clock = new ManualClock();
  const monitor = new Monitor({
    clock,
    logger: silentLogger,
    services: () => services as ServiceStatus[],
    audit: () => [],
  });
  const heard: ServiceHistory[] = [];
  monitor.watch((history) => heard.push(history));
  return { clock, monitor, services, heard };
}

const api = (phase: ServiceStatus["phase"]): Status => ({
  name: "api",
  phase,
  memoryBytes: 5,
  cpuPercent: 1,
  health: "healthy",
  restarts: 0,
});

test("what runs is read at once and every five seconds, and nothing is done once nothing runs", () => {
  const { clock, monitor, services, heard } = world(api("stopped"));
  monitor.wake();
  expect(clock.pending).toBe(0);
  services[0] = api("running");
  monitor.wake();
  monitor.wake();
  expect(heard).toHaveLength(1);
  clock.advance(3 * SAMPLE_MS);
  expect(heard.map(({ samples }) => samples.length)).toEqual([1, 1, 1, 1]);
  services[0] = api("stopped");
  clock.advance(SAMPLE_MS);
  expect(clock.pending).toBe(0);
  expect(heard).toHaveLength(4);
});

test("who comes later gets what is kept, of half an hour at most; what left the plan is forgotten", () => {
  const { clock, monitor, services } = world(api("running"));
  monitor.wake();
  clock.advance(60 * 60_000);
  const late: ServiceHistory[] = [];
  monitor.watch((history) => late.push(history));
  expect(late.map(({ service, reset, samples }) => [service, reset, samples.length])).toEqual([["api", true, 360]]);
  services[0] = { ...api("running"), name: "web" };
  clock.advance(SAMPLE_MS);
  const later: ServiceHistory[] = [];
  monitor.watch((history) => later.push(history));
  expect(later.map(({ service }) => service)).toEqual(["web"]);
  monitor.close();
  expect(clock.pending).toBe(0);
  monitor.wake();
  expect(clock.pending).toBe(0);
});

test("suggestions are drawn from the last twelve hours of the audit and from the newest edits", () => {
  const clock = new ManualClock(Date.parse("2026-11-21T12:00:00Z"));
  const asked: { since: string; limit: number }[] = [];
  const crashes: AuditEntry[] = [];
  const monitor = new Monitor({
    clock,
    logger: silentLogger,
    services: () => [{ ...api("running"), dependsOn: [], probe: null, uptimeMs: 1 } as unknown as ServiceStatus],
    audit: (query) => {
      asked.push(query);
      return crashes;
    },
  });
  const crash = (): AuditEntry => ({
    at: new Date(clock.now()).toISOString(),
    actor: "policy",
    action: "back_off",
    workspace: "wsp_0000000000000000",
    service: "api",
    generation: 1,
    from: "stopping",
    to: "backoff",
    reason: null,
  });
  // An edit before five hundred others is not remembered any more.
  monitor.noteEdit("src/old.ts");
  for (let edit = 0; edit < 500; edit += 1) monitor.noteEdit("src/other.ts");
  crashes.push(crash());
  clock.advance(60_000);
  for (let round = 0; round < 3; round += 1) {
    monitor.noteEdit("src/main.ts");
    clock.advance(1_000);
    crashes.push(crash());
    clock.advance(60_000);
  }
  expect(monitor.suggestions()).toMatchObject([
    { service: "api", seen: "3 restarts of api follow edits of src/main.ts." },
  ]);
  expect(asked).toEqual([{ since: new Date(clock.now() - 12 * 60 * 60_000).toISOString(), limit: 2_000 }]);
});

test("a listener of readings that fails is told, and the others hear them", () => {
  const errors: string[] = [];
  const clock = new ManualClock();
  const monitor = new Monitor({
    clock,
    logger: { ...silentLogger, error: (message) => errors.push(message) },
    services: () => [api("running") as ServiceStatus],
    audit: () => [],
  });
  monitor.watch(() => {
    throw new Error("broken");
  });
  const heard: string[] = [];
  monitor.watch(({ service }) => heard.push(service));
  monitor.wake();
  expect([heard, errors]).toEqual([["api"], ["A listener of readings failed"]]);
  monitor.close();
  monitor.wake();
  expect([heard.length, clock.pending]).toEqual([1, 0]);
});
