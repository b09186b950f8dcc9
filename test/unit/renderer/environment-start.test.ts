import { expect, test } from "vitest";
import type { Failure, FailureCode } from "#shared/failure.ts";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceStatus, StartStep } from "#shared/schema/service.ts";
import { wordOf } from "../../../renderer/environment/audit-words.ts";
import { directNeeds, graphOf } from "../../../renderer/environment/graph.ts";
import { withReadings } from "../../../renderer/environment/service-curves.tsx";
import { criticalPath, startOf, tookOf, wayOf } from "../../../renderer/environment/steps.ts";
import { ticksOf, tickText } from "../../../renderer/environment/ticks.ts";
import {
  chainOf,
  chainWords,
  engineTrouble,
  holderOf,
  inTrouble,
  nextInTrouble,
} from "../../../renderer/environment/trouble.ts";
import { formatTook } from "../../../renderer/ui/format.ts";

const noon = Date.parse("2026-01-01T12:00:00.000Z");

const step = (name: StartStep["step"], after: number, ms: number | null): StartStep => ({
  step: name,
  startedAt: new Date(noon + after).toISOString(),
  ms,
});

/** One that waited until `begun` and was ready at `end`, in ms after noon; `end` null: it is on its way. */
const service = (
  name: string,
  wave: number,
  dependsOn: string[],
  [begun, end]: [number | null, number | null],
  more: Partial<ServiceStatus> = {},
) =>
  ({
    name,
    wave,
    dependsOn,
    desired: "running",
    ready: end !== null,
    failure: null,
    steps:
      begun === null
        ? [step("waiting", 0, null)]
        : [
            step("waiting", 0, begun),
            step("starting", begun, 10),
            step("becoming_ready", begun + 10, end === null ? null : end - begun - 10),
          ],
    ...more,
  }) as ServiceStatus;

test("what a service took is its own time, without waiting for others, and counts on while it lasts", () => {
  const [done, going, waiting] = [
    service("done", 1, [], [400, 1_000]),
    service("going", 1, [], [400, null]),
    service("waiting", 1, [], [null, null]),
  ].map(wayOf);
  expect(done && tookOf(done, noon + 9_000)).toBe(600);
  expect(going && tookOf(going, noon + 9_000)).toBe(8_600);
  expect(waiting && tookOf(waiting, noon + 9_000)).toBeNull();
  expect(wayOf({})).toBeNull();
  expect(wayOf({ steps: [] })).toBeNull();
});

test("the critical path goes back from what was ready last over whatever it waited for longest", () => {
  const services = [
    service("db", 0, [], [0, 500]),
    service("redis", 0, [], [0, 900]),
    service("migrate", 1, ["db"], [500, 700]),
    service("api", 2, ["migrate", "redis"], [900, 1_500]),
    service("web", 2, ["migrate"], [700, 1_000]),
  ];
  expect(criticalPath(services)).toEqual(["redis", "api"]);
});

test("while something is not ready, the critical path goes over that, to the last that waits for it", () => {
  const services = [
    service("db", 0, [], [0, null]),
    service("redis", 0, [], [0, 900]),
    service("api", 1, ["db", "redis"], [null, null]),
    service("web", 2, ["api"], [null, null]),
    service("docs", 0, [], [0, 5_000]),
  ];
  expect(criticalPath(services)).toEqual(["db", "api", "web"]);
  expect(criticalPath(services.map((each) => ({ ...each, desired: "stopped" as const })))).toEqual([]);
});

test("a circle in what is told does not hang the page", () => {
  expect(criticalPath([service("a", 0, ["b"], [0, 1]), service("b", 0, ["a"], [0, 2])])).toEqual(["a", "b"]);
});

test("a start is what was wanted at one time; what was restarted alone since is no part of it", () => {
  const hour = 3_600_000;
  const again = service("api", 1, ["db"], [0, 0], {
    steps: [step("starting", hour, 10), step("becoming_ready", hour + 10, 300)],
  });
  const start = startOf([service("db", 0, [], [0, 500]), again, service("web", 1, [], [500, 800])]);
  expect([...(start?.ways.keys() ?? [])]).toEqual(["db", "web"]);
  expect(start).toMatchObject({ startedAt: noon, endedAt: noon + 800 });
  expect(startOf([service("db", 0, [], [0, null])])?.endedAt).toBeNull();
  expect(startOf([])).toBeNull();
});

test("a line of the graph that follows from others is not drawn, and none runs behind a node", () => {
  const services = [
    service("db", 0, [], [0, 1]),
    service("cache", 0, [], [0, 1]),
    service("migrate", 1, ["db"], [0, 1]),
    service("api", 2, ["db", "migrate", "cache"], [0, 1]),
  ];
  expect(directNeeds(services).get("api")).toEqual(["migrate", "cache"]);
  const { columns, edges, width, height, measure } = graphOf(services);
  expect(columns.map((column) => column.map((node) => node.service.name))).toEqual([
    ["db", "cache"],
    ["migrate"],
    ["api"],
  ]);
  const far = edges.find(({ from }) => from === "cache")?.path ?? "";
  const lane = Number(/ ([\d.]+)H/.exec(far)?.[1]);
  for (const { y } of columns[1] ?? []) expect(lane < y || lane > y + measure.height).toBe(true);
  expect(width).toBeGreaterThan(3 * measure.width);
  expect(height).toBeGreaterThan(2 * measure.height);
  expect(graphOf([]).columns).toEqual([]);
  const many = Array.from({ length: 100 }, (_, index) => service(`s${index}`, index % 10, [], [0, 1]));
  expect(graphOf(many).measure.height).toBeLessThan(measure.height);
});

test("the axis of a start has a few round times", () => {
  expect(ticksOf(8_100, 6)).toEqual([0, 2_000, 4_000, 6_000]);
  expect(ticksOf(1, 6)).toEqual([0]);
  for (const span of [90, 4_321, 61_000, 3_600_000, 40 * 3_600_000]) {
    expect(ticksOf(span, 6).length).toBeLessThanOrEqual(7);
    expect(ticksOf(span, 6).every((at) => at <= span)).toBe(true);
  }
  expect([0, 500, 2_000, 90_000].map(tickText)).toEqual(["0", "500 ms", "2 s", "1m 30s"]);
  expect([7, 1_240, 12_400, 61_000].map(formatTook)).toEqual(["7 ms", "1.2 s", "12 s", "1m 01s"]);
});

const failure = (code: FailureCode, details: Failure["details"]): Failure => ({
  code,
  message: "",
  next: null,
  details,
});

test("who holds a port is known by pid, and by service where it is one of ours", () => {
  const workspace = "wsp_00000000000000b2";
  const holder = { pid: 812, command: "node" };
  expect(holderOf(failure("port_in_use", { holder: { ...holder, owner: null } }))).toEqual({ pid: 812, ours: null });
  expect(
    holderOf(failure("port_in_use", { holder: { ...holder, owner: { kind: "service", name: "web", workspace } } })),
  ).toEqual({ pid: 812, ours: { workspace, service: "web" } });
  expect(holderOf(failure("port_in_use", { holder, workspace, service: "web" }))?.ours?.service).toBe("web");
  // A server is not stopped as if it were a service.
  expect(
    holderOf(failure("port_in_use", { holder: { ...holder, owner: { kind: "server", name: "opencode", workspace } } })),
  ).toEqual({ pid: 812, ours: null });
  expect(holderOf(failure("port_in_use", { holder: null }))).toBeNull();
  expect(holderOf(failure("task_failed", { holder }))).toBeNull();
});

test("a skipped service names the chain to the one that failed", () => {
  expect(chainOf(failure("dependency_failed", { chain: ["api", "db"] }))).toEqual(["api", "db"]);
  expect(chainOf(failure("dependency_failed", {}))).toEqual([]);
  expect(chainWords(failure("dependency_failed", { chain: ["api", "db"] }))).toBe("api → db failed");
  expect(chainWords(failure("dependency_failed", { chain: ["db"], root: { code: "docker_stopped" } }))).toBe(
    "db is blocked",
  );
  expect(chainWords(failure("task_failed", { chain: ["api"] }))).toBeNull();
  expect(chainOf(failure("task_failed", { chain: ["api"] }))).toEqual([]);
});

test("an engine in trouble is told once, with all its containers", () => {
  const stopped = failure("docker_stopped", {});
  const services = [
    service("db", 0, [], [0, null], { failure: stopped }),
    service("redis", 0, [], [0, null], { failure: stopped }),
    service("web", 1, [], [0, null], { failure: failure("port_in_use", {}) }),
  ];
  expect(engineTrouble(services)).toEqual({ failure: stopped, names: ["db", "redis"] });
  expect(engineTrouble([])).toBeNull();
});

test("an entry of the audit is called by what it came to", () => {
  const word = (change: Partial<AuditEntry>) =>
    wordOf({ action: "start", from: null, to: null, service: "api", ...change } as AuditEntry);
  expect(word({ from: "waiting", to: "starting" })).toEqual({ shape: "half", tone: "quiet", word: "Starting" });
  expect(word({ from: "healthy", to: "starting" })).toMatchObject({ word: "Checking" });
  expect(word({ from: "starting", to: "unhealthy" })).toMatchObject({ word: "Unhealthy", tone: "bad" });
  expect(word({ from: "running", to: "backoff" })).toMatchObject({ word: "Retrying", tone: "busy" });
  expect(word({ action: "exceed", from: "running", to: "running" })).toMatchObject({ word: "Over its limit" });
  expect(word({ service: null })).toMatchObject({ word: "Start asked" });
  expect(word({ service: null, action: "something_new" })).toMatchObject({ word: "something_new" });
});

test("readings of one service are picked out of all, and begin anew where the host says so", () => {
  const sample = (at: number) => ({ at, memoryBytes: at, cpuPercent: 0, health: "none" as const, restarts: 0 });
  const item = (name: string, reset: boolean, ...at: number[]) => ({ service: name, reset, samples: at.map(sample) });
  const first = withReadings([], [item("api", true, 1, 2), item("web", true, 9)], "api");
  expect(first.map(({ at }) => at)).toEqual([1, 2]);
  expect(withReadings(first, [item("api", false, 3)], "api").map(({ at }) => at)).toEqual([1, 2, 3]);
  expect(withReadings(first, [item("api", true, 7)], "api").map(({ at }) => at)).toEqual([7]);
  expect(withReadings(first, [item("web", false, 3)], "api")).toBe(first);
});

test("the services to look at are those with trouble of their own, in waves, and one leads to the next", () => {
  const trouble = (name: string, wave: number, more: Partial<ServiceStatus>) =>
    service(name, wave, [], [0, null], { failure: null, health: "none", ...more });
  const services = [
    trouble("worker", 2, { failure: failure("service_exited", {}) }),
    trouble("web", 3, { failure: failure("dependency_failed", { chain: ["worker"] }) }),
    trouble("db", 0, { failure: failure("docker_stopped", {}) }),
    trouble("api", 1, { health: "unhealthy" }),
    trouble("mail", 1, {}),
  ];
  expect(inTrouble(services).map(({ name }) => name)).toEqual(["api", "worker"]);
  expect(nextInTrouble(services, null)).toBe("api");
  expect(nextInTrouble(services, "api")).toBe("worker");
  expect(nextInTrouble(services, "worker")).toBe("api");
  expect(nextInTrouble(services, "mail")).toBe("api");
  expect(nextInTrouble([], "api")).toBeNull();
});
