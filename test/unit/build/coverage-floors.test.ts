import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

interface Floor {
  folder: string;
  lines: number;
  branches: number;
}
const { floors, judgeCoverage } = await importBuildScript<{
  floors: Floor[];
  judgeCoverage(top: string, summaryFile: string): { line: string; ok: boolean }[];
}>("coverage-floors.mjs");

const figures = (total: number, covered: number) => ({ total, covered, skipped: 0, pct: (100 * covered) / total });
const file = (lines: [number, number], branches: [number, number]) => ({
  lines: figures(...lines),
  branches: figures(...branches),
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-coverage-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is said of the folders, each file of which has these figures. */
function judged(files: Record<string, ReturnType<typeof file>>): Map<string, { line: string; ok: boolean }> {
  const summary = join(folder, "summary.json");
  const entries = Object.entries(files).map(([path, of]) => [join("/top", path), of] as const);
  writeFileSync(summary, JSON.stringify({ total: file([1, 0], [1, 0]), ...Object.fromEntries(entries) }));
  const said = judgeCoverage("/top", summary);
  return new Map(said.map((one, index) => [floors[index]?.folder ?? "", one]));
}

describe("the coverage of the folders that have a floor", () => {
  it("is one figure a folder, its subfolders included and folders of a like name not", () => {
    const said = judged({
      "electron/core/environment/run.ts": file([100, 100], [10, 10]),
      "electron/core/environment/detect/go.ts": file([100, 90], [10, 9]),
      "electron/core/environment-other/x.ts": file([1_000, 0], [1_000, 0]),
    });
    const environment = said.get("electron/core/environment");
    expect(environment?.ok).toBe(true);
    expect(environment?.line).toMatch(/^✓ coverage of electron\/core\/environment: lines 95\.00 % \(at least 95\)/);
    expect(environment?.line).toContain("branches 95.00 %");
    expect(environment?.line).toContain("2 files");
  });

  it("below the floor is a failure that names the weakest files, those that miss most first", () => {
    const said = judged({
      "electron/core/compose/strong.ts": file([100, 100], [10, 10]),
      "electron/core/compose/weak.ts": file([100, 80], [10, 10]),
      "electron/core/compose/weaker.ts": file([100, 70], [10, 5]),
    }).get("electron/core/compose");
    expect(said?.ok).toBe(false);
    const lines = said?.line.split("\n") ?? [];
    expect(lines[0]).toMatch(/^✗ coverage of electron\/core\/compose: lines 83\.33 %/);
    expect(lines[1]).toContain("electron/core/compose/weaker.ts: lines 70 %, branches 50 %");
    expect(lines[2]).toContain("electron/core/compose/weak.ts: lines 80 %");
  });

  it("of a folder that no file was measured in is a failure: it was moved, or nothing ran", () => {
    expect([...judged({}).values()].map(({ ok }) => ok)).toEqual(floors.map(() => false));
  });

  it("has a floor of at least 95 % of the lines wherever it has one", () => {
    for (const { folder: name, lines } of floors) expect(lines, name).toBeGreaterThanOrEqual(95);
    expect(floors.map(({ folder: name }) => name)).toEqual(
      expect.arrayContaining(
        ["environment", "compose", "service", "process", "log", "opencode"].map((name) => `electron/core/${name}`),
      ),
    );
  });
});
