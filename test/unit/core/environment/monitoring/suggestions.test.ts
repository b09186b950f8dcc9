import { expect, test } from "vitest";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceSample } from "#shared/schema/monitoring.ts";
import { suggest, type Edit, type Seen } from "../../../../../electron/core/environment/monitoring/suggestions.ts";
import { serviceStatus as service } from "../../../../support/service-status.ts";

const start = Date.parse("2026-11-21T10:00:00.000Z");
const second = 1_000;
const megabyte = 1_024 * 1_024;

/** What happened, as seconds after the start: `[seconds, service, phase or health]`. */
function happened(...events: readonly (readonly [number, string, string])[]): AuditEntry[] {
  return events.map(([at, name, to]) => ({
    at: new Date(start + at * second).toISOString(),
    actor: "system",
    action: "change",
    workspace: "wsp_0000000000000000",
    service: name,
    generation: 1,
    from: null,
    to,
    reason: null,
  }));
}

function seen(given: Partial<Seen>): Seen {
  return { services: [], audit: [], samples: () => [], edits: [], ...given };
}

const ids = (given: Partial<Seen>) => suggest(seen(given)).map(({ id }) => id);

test("three crashes that follow edits of one file name the file; two are chance", () => {
  const edits = (count: number): Edit[] =>
    Array.from({ length: count }, (_, index) => ({ path: "src/db.ts", at: start + index * 60 * second }));
  const audit = happened([5, "api", "backoff"], [65, "api", "failed"], [125, "api", "crash_loop"]);
  const services = [service("api"), service("web")];
  expect(ids({ services, audit, edits: edits(2) })).toEqual([]);
  expect(ids({ services, audit: audit.slice(0, 2), edits: edits(3) })).toEqual([]);
  const [found] = suggest(seen({ services, audit, edits: edits(3) }));
  expect(found).toMatchObject({ id: "edits:api:src/db.ts", service: "api" });
  expect(found?.seen).toBe("3 restarts of api follow edits of src/db.ts.");
});

test("an edit long before a crash, or after it, is not its cause", () => {
  const audit = happened([100, "api", "failed"], [200, "api", "failed"], [300, "api", "failed"]);
  const edits = [80, 101, 180, 201, 280, 301].map((at) => ({ path: "a.ts", at: start + at * second }));
  expect(ids({ services: [service("api")], audit, edits })).toEqual([]);
});

test("a service whose dependents fail right after it was ready, and then run, should have a health check", () => {
  const services = [service("api"), service("web", { dependsOn: ["api"] })];
  const audit = [0, 100, 200].flatMap((at) =>
    happened([at, "api", "healthy"], [at + 2, "web", "backoff"], [at + 9, "web", "running"]),
  );
  const [found] = suggest(seen({ services, audit }));
  expect(found).toMatchObject({ id: "early:api", service: "api" });
  expect(found?.seen).toContain("api is of use about 9 s after it seems ready");
  // One that is asked already is not at fault, and neither is one whose dependents never come up.
  const asked = service("api", { probe: { kind: "http", url: "http://127.0.0.1:3000/healthz" } });
  expect(ids({ services: [asked, ...services.slice(1)], audit })).toEqual([]);
  expect(ids({ services, audit: audit.filter(({ to }) => to !== "running") })).toEqual([]);
});

test("a slow start is worth a word where others wait for it", () => {
  const audit = [0, 100, 200].flatMap((at) => happened([at, "api", "starting"], [at + 14, "api", "healthy"]));
  expect(ids({ services: [service("api")], audit })).toEqual([]);
  const services = [service("api"), service("web", { dependsOn: ["api"] })];
  const [found] = suggest(seen({ services, audit }));
  expect(found?.seen).toBe("api takes 14 s to get ready, and one service waits for it.");
  const quick = [0, 100, 200].flatMap((at) => happened([at, "api", "starting"], [at + 3, "api", "healthy"]));
  expect(ids({ services, audit: quick })).toEqual([]);
});

test("memory that grows after the first ten minutes is told with its figures; a large start is not growth", () => {
  const minutes = (count: number, bytes: (minute: number) => number): ServiceSample[] =>
    Array.from({ length: count }, (_, minute) => ({
      at: start + minute * 60 * second,
      memoryBytes: bytes(minute) * megabyte,
      cpuPercent: 1,
      health: "none",
      restarts: 0,
    }));
  const services = [service("api", { uptimeMs: 29 * 60 * second })];
  const leak = minutes(30, (minute) => 200 + 20 * minute);
  const [found] = suggest(seen({ services, samples: () => leak }));
  expect(found).toMatchObject({ id: "memory:api" });
  expect(found?.seen).toBe("api grew from 400 MB to 780 MB in 19 min.");
  expect(ids({ services, samples: () => minutes(30, (minute) => Math.min(900, 100 * minute)) })).toEqual([]);
});

test("no more than ten are made, whatever was seen", () => {
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  const audit = names.flatMap((name) => happened([1, name, "failed"], [2, name, "failed"], [3, name, "failed"]));
  const found = suggest(
    seen({ services: names.map((name) => service(name)), audit, edits: [{ path: "a.ts", at: start }] }),
  );
  expect(found).toHaveLength(10);
});
