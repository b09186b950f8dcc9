import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceRun } from "#shared/schema/service.ts";
import { RunHistory } from "../../../../electron/core/environment/run-history.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";

let folder: string;
let file: string;
let warnings: string[];
const open = (path: string | null = file) =>
  new RunHistory({ file: path, logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
const life = (generation: number): ServiceRun => ({
  generation,
  startedAt: "2026-11-21T12:00:00.000Z",
  durationMs: 5,
  exit: { code: 0, signal: null },
  outcome: "completed",
  why: null,
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-history-"));
  file = join(folder, "runs", "w.json");
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

test("keeps the latest twenty of each, those of tasks beyond its own life", () => {
  const history = open();
  for (let generation = 1; generation <= 25; generation += 1) {
    history.add("__proto__", life(generation), true);
    history.add("api", life(generation), false);
  }
  expect(history.of("api").map(({ generation }) => generation)).toEqual(Array.from({ length: 20 }, (_, i) => i + 6));
  const next = open();
  expect(next.of("__proto__").at(-1)?.generation).toBe(25);
  expect(next.of("__proto__")).toHaveLength(20);
  expect(next.of("api")).toEqual([]);
  expect(history.of("nobody")).toEqual([]);
  expect(warnings).toEqual([]);
});

test("a file that is damaged, or cannot be written, costs the memory and nothing else", () => {
  open().add("migrate", life(1), true);
  for (const text of ["", "{", "[[1, 2]]", '[["a", [{"generation": "x"}]]]']) {
    writeFileSync(file, text);
    expect(open().of("migrate")).toEqual([]);
  }
  expect(new Set(warnings)).toEqual(new Set(["Kept runs are unreadable"]));
  warnings = [];
  const blocked = open(join(file, "below-a-file.json"));
  blocked.add("migrate", life(2), true);
  expect(blocked.of("migrate")).toHaveLength(1);
  expect(warnings.at(-1)).toBe("The runs of tasks could not be kept");
  expect(readFileSync(file, "utf8")).toContain("generation");
});

test("without a file nothing is written", () => {
  const history = open(null);
  history.add("migrate", life(1), true);
  expect(history.of("migrate")).toHaveLength(1);
});
