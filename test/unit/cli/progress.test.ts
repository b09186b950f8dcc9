import { expect, test } from "vitest";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { progressPrinter } from "../../../electron/cli/progress-printer.ts";
import { changeLine, progressTable, stepText } from "../../../electron/cli/progress.ts";
import { statusLines } from "../../../electron/cli/status-table.ts";
import { serviceStatus as service } from "../../support/service-status.ts";

const start = "2026-01-01T00:00:00.000Z";
const now = Date.parse(start) + 4_000;

function environment(services: ServiceStatus[], more: Partial<EnvironmentStatus> = {}): EnvironmentStatus {
  return {
    directory: "/shop",
    workspace: workspaceIdSchema.parse("wsp_00000000000000aa"),
    profile: "dev",
    phase: "starting",
    since: start,
    services,
    server: null,
    problems: [],
    ...more,
  };
}

const waits = service("web", {
  phase: "waiting",
  ready: false,
  why: "Waits for api (health starting).",
  steps: [{ step: "waiting", startedAt: start, ms: null }],
});
const up = service("api", {
  url: "http://127.0.0.1:3000",
  steps: [
    { step: "waiting", startedAt: start, ms: 1_200 },
    { step: "starting", startedAt: start, ms: 10 },
    { step: "becoming_ready", startedAt: start, ms: 2_040 },
  ],
});

test("a start says how long each step took or takes, and what is waited for", () => {
  expect(stepText(up, now)).toBe("waited 1.2 s, ready after 2.0 s");
  expect(progressTable(environment([up, waits]), now, { columns: 120, rows: 24 })).toEqual([
    "/shop · dev · starting · 1 of 2 ready · 4.0 s",
    "api  ● ready    waited 1.2 s, ready after 2.0 s  http://127.0.0.1:3000",
    "web  ◌ waiting  waits 4.0 s                                             Waits for api (health starting).",
  ]);
});

test("a hundred services fit a terminal: trouble and what is on its way are shown, the rest is counted", () => {
  const many = Array.from({ length: 100 }, (_, index) => service(`service-${index}`));
  many[97] = service("last", { phase: "crash_loop", ready: false, why: "x".repeat(500) });
  many[98] = { ...waits, name: "late" };
  const lines = progressTable(environment(many), now, { columns: 60, rows: 20 });
  expect(lines.length).toBeLessThan(20);
  expect(lines.every((line) => line.length < 60)).toBe(true);
  expect(lines.join("\n")).toContain("last");
  expect(lines.join("\n")).toContain("late");
  expect(lines.at(-1)).toBe("… and 85 ● ready");
});

test("what nobody asked for is not part of the table", () => {
  const off = service("debug", { desired: "stopped", phase: "disabled", ready: false });
  expect(progressTable(environment([off, up]), now, { columns: 100, rows: 24 }).join("\n")).not.toContain("debug");
  expect(changeLine(off, now)).toBe(null);
});

test("without a terminal each change is one line, and nothing is said twice", () => {
  const notes: string[] = [];
  const output = {
    document: () => undefined,
    line: () => undefined,
    write: () => undefined,
    note: (text: string) => notes.push(text),
    colour: false,
    live: false,
  };
  const printer = progressPrinter(output, false);
  printer.show(environment([service("api", { phase: "pending", ready: false }), waits]));
  printer.show(environment([up, waits]));
  printer.show(environment([{ ...up, memoryBytes: 5, uptimeMs: 9 }, waits]));
  printer.end();
  expect(notes).toEqual([
    "web  waiting  Waits for api (health starting).",
    "api  ready  waited 1.2 s, ready after 2.0 s  http://127.0.0.1:3000",
  ]);
});

test("in a terminal the table is drawn over itself", () => {
  let text = "";
  const output = {
    document: () => undefined,
    line: () => undefined,
    write: (more: string) => void (text += more),
    note: () => undefined,
    colour: false,
    live: true,
  };
  const printer = progressPrinter(output, false);
  printer.show(environment([waits]));
  printer.show(environment([up, waits]));
  printer.end();
  const [first = "", second = "", third = ""] = text.split("\u001B[J");
  expect(first).toContain("\u001B[2F");
  expect(second).toContain("\u001B[3F");
  expect(third.split("\n").slice(0, -1)).toHaveLength(3);
});

test("a status stands in waves, and says what changed in the files and what ended everything", () => {
  const lines = statusLines(
    environment([service("web", { wave: 1 }), service("db"), service("api")], {
      run: { id: "run_1", outcome: "failed", endedBy: { service: "api", exit: { code: 42, signal: null } } },
      filesChanged: {
        files: ["deckhand.yaml"],
        difference: {
          from: "dev",
          profile: "dev",
          start: ["new"],
          stop: ["old"],
          restart: [{ name: "web", changed: ["its command", "its ports"] }],
          unchanged: [],
          problems: [],
        },
      },
    }),
  );
  expect(lines).toEqual([
    "/shop · dev · starting",
    "wave 1",
    "  db   ● running  1 s",
    "  api  ● running  1 s",
    "wave 2",
    "  web  ● running  1 s",
    "deckhand.yaml changed since this was started. To take it over: deckhand apply",
    "  stop     old",
    "  restart  web  (its command, its ports)",
    "  start    new",
    "api has ended with code 42, and everything else with it.",
  ]);
});
