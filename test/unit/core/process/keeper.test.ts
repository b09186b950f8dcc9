import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { Scope } from "../../../../electron/core/lib/scope.ts";
import { createProcessKeeper, type Keeper } from "../../../../electron/core/process/keeper.ts";
import { bundleGuardian } from "../../../support/guardian-bundle.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let home: string;
let scope: Scope;
let keeper: Keeper;

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-keeper-"));
  scope = new Scope("test", silentLogger);
  keeper = createProcessKeeper({
    home,
    runId: "run1",
    clock: systemClock,
    logger: silentLogger,
    guardianPath: guardian.path,
    scope,
  });
});
afterEach(async () => {
  await scope.close();
  rmSync(home, { recursive: true, force: true });
});

test("a program's output comes line by line and its exit is told", async () => {
  const lines: string[] = [];
  const owned = await keeper.spawn({
    kind: "task",
    name: "hello",
    workspace: "w",
    argv: [process.execPath, "-e", "console.log('a\\nb'); console.error('c'); process.exit(3)"],
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "" },
    graceMs: 1000,
    ports: [],
    onLine: (stream, text) => lines.push(`${stream}:${text}`),
  });
  expect(keeper.list().map(({ kind }) => kind)).toEqual(["task", "guardian"]);
  expect(readdirSync(join(home, "leases")).sort()).toEqual([`${owned.id}.json`, "run1.run"]);
  expect(await owned.exited).toEqual({ code: 3, signal: null });
  await owned.drained;
  expect(lines.sort()).toEqual(["stderr:c", "stdout:a", "stdout:b"]);
  expect(keeper.list()).toEqual([]);
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
});
