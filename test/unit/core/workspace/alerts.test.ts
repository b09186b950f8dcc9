import { beforeEach, expect, test } from "vitest";
import type { Alert } from "#shared/schema/alert.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { Alerts } from "../../../../electron/core/workspace/alerts.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { serviceStatus as service } from "../../../support/service-status.ts";

const failed = (name: string, phase: ServiceStatus["phase"] = "failed") =>
  service(name, {
    phase,
    ready: false,
    failure: { code: "service_exited", message: `${name} ended with code 1.`, next: "Look at its log.", details: {} },
  });

let clock: ManualClock;
let alerts: Alerts;
let told: Alert[];
beforeEach(() => {
  clock = new ManualClock();
  alerts = new Alerts({ clock, logger: silentLogger });
  told = [];
  alerts.follow((alert) => told.push(alert));
});

function note(...services: ServiceStatus[]): void {
  const status: EnvironmentStatus = {
    directory: "/shop",
    workspace: workspaceIdSchema.parse("wsp_00000000000000aa"),
    profile: "dev",
    phase: "ready",
    since: "",
    services,
    server: null,
    problems: [],
  };
  alerts.note(status, "shop");
}
const titles = () => told.map(({ title }) => title);

test("a service that is given up on is told once, with why and what to do, however often its status comes", () => {
  note(service("api"));
  note(failed("api", "crash_loop"));
  clock.advance(999);
  expect(told).toEqual([]);
  clock.advance(1);
  note(failed("api", "crash_loop"));
  clock.advance(60_000);
  expect(told).toMatchObject([
    {
      kind: "failure",
      title: "shop: api keeps crashing",
      body: "api ended with code 1. Look at its log.",
      services: ["api"],
    },
  ]);
});

test("what goes wrong together is one alert, and those that were skipped for it are not named", () => {
  const names = ["a", "b", "c", "d", "e"];
  note(failed("a"), service("web", { phase: "skipped", ready: false }));
  clock.advance(500);
  note(...names.map((name) => failed(name)), service("web", { phase: "skipped", ready: false }));
  clock.advance(5_000);
  expect(titles()).toEqual(["shop: a, b, c and 2 more are in trouble"]);
});

test("recovery is told when all are well for a while, and flapping is not told", () => {
  note(failed("api"), failed("db", "blocked"));
  clock.advance(1_000);
  note(service("api"), failed("db", "blocked"));
  clock.advance(10_000);
  note(service("api"), service("db"));
  clock.advance(4_000);
  note(failed("api"), service("db"));
  clock.advance(1_000);
  expect(titles()).toEqual(["shop: api and db are in trouble"]);
  note(service("api"), service("db"));
  clock.advance(5_000);
  expect(titles().slice(1)).toEqual(["shop: api and db are well again"]);
  // Trouble after that is a new one.
  note(failed("db"), service("api"));
  clock.advance(1_000);
  expect(titles().slice(2)).toEqual(["shop: db failed"]);
});

test("a restart that helps and health that comes back soon are not told; health that stays away is", () => {
  note(service("api", { phase: "backoff", ready: false }));
  clock.advance(60_000);
  note(service("api", { health: "unhealthy", ready: false }));
  clock.advance(4_000);
  note(service("api", { health: "healthy" }));
  clock.advance(60_000);
  expect(told).toEqual([]);
  note(service("api", { health: "unhealthy", ready: false, why: "It does not answer." }));
  clock.advance(5_000);
  expect(told).toMatchObject([{ title: "shop: api is unhealthy", body: "It does not answer." }]);
});

test("what a person stops has neither failed nor recovered, and nothing is kept of it", () => {
  note(failed("api"));
  note(service("api", { desired: "stopped", phase: "stopped", ready: false }));
  clock.advance(60_000);
  note(failed("api"));
  clock.advance(1_000);
  note(service("api", { desired: "stopped", phase: "stopped", ready: false }));
  note();
  clock.advance(60_000);
  expect(titles()).toEqual(["shop: api failed"]);
  expect(clock.pending).toBe(0);
});

test("after its end it says nothing", () => {
  note(failed("api"));
  alerts.close();
  clock.advance(60_000);
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("an opened alert goes to whoever shows it, and one that nobody could show to the first who comes", () => {
  note(failed("api"));
  clock.advance(1_000);
  const [alert] = told as [Alert];
  alerts.open({ ...alert, id: "earlier" });
  alerts.open(alert);
  const seen: string[] = [];
  const end = alerts.followOpened(({ id }) => seen.push(id));
  expect(seen).toEqual([alert.id]);
  alerts.open({ ...alert, id: "later" });
  expect(seen).toEqual([alert.id, "later"]);
  end();
  const second: string[] = [];
  alerts.followOpened(({ id }) => second.push(id));
  expect(second).toEqual([]);
});
