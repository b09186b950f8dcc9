import { expect, test } from "vitest";
import { stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { liveLine, serverFacts, turningPoint } from "../../../electron/cli/server-text.ts";

const now = Date.parse("2026-01-01T00:00:00.000Z");
const running: ServerStatus = {
  ...stoppedServer,
  state: "running",
  url: "http://127.0.0.1:4096",
  pid: 7,
  uptimeMs: 61_000,
  memoryBytes: 300 * 1024 * 1024,
  cpuPercent: 1.26,
  events: 12,
  eventsPerSecond: 0.5,
  lastEventAt: "2025-12-31T23:59:56.000Z",
};

test("what is not known is left out, and trouble comes first", () => {
  expect(serverFacts(stoppedServer, now)).toEqual([
    ["state", "○ stopped"],
    ["owner", "Deckhand"],
    ["restarts", "0"],
    ["generation", "0"],
  ]);
  const failure = { code: "opencode_exited", message: "It ended.", next: "Start it.", details: {} } as const;
  expect(serverFacts({ ...stoppedServer, state: "gave_up", failure }, now).slice(0, 3)).toEqual([
    ["state", "▲ gave up"],
    ["why", "It ended."],
    ["next", "Start it."],
  ]);
});

test("a plan says what, when and why", () => {
  const plan = (change: Partial<NonNullable<ServerStatus["plan"]>>, state: ServerStatus["state"] = "running") => {
    const whole = { action: "restart", reason: "It is large.", at: null, ...change } as const;
    return Object.fromEntries(serverFacts({ ...running, state, plan: whole }, now))["plan"];
  };
  expect(plan({})).toBe("restarts as soon as no turn runs: It is large.");
  expect(plan({ at: "2026-01-01T00:00:42.000Z" })).toBe("restarts in 42 s: It is large.");
  expect(plan({ action: "stop", at: "2025-12-31T00:00:00.000Z" })).toBe("stops now: It is large.");
  expect(plan({}, "crashed")).toMatch(/^starts again/);
});

test("the live line has the figures; only a change that is more than one makes a turning point", () => {
  expect(liveLine(running, now)).toBe("● running  pid 7  up 1 min 1 s  300 MB  1.3 %  12 events (0.5/s, last 4 s ago)");
  expect(turningPoint({ ...running, events: 13, memoryBytes: 1, uptimeMs: 2 })).toBe(turningPoint(running));
  expect(turningPoint({ ...running, state: "degraded" })).not.toBe(turningPoint(running));
  expect(turningPoint({ ...running, pid: 8 })).not.toBe(turningPoint(running));
});
