import * as fc from "fast-check";
import { expect, test } from "vitest";
import { levelOf } from "../../../shared/log-level.ts";

test.each([
  ["timestamp=2026-11-21T11:00:13.564Z level=INFO run=24683e17 message=loading path=/c/opencode.json", "info"],
  ['timestamp=2026-11-21T11:00:14.442Z level=ERROR run=24683e17 message="Failed to fetch models.dev"', "error"],
  ['level="warn" msg=x', "warn"],
  ["INFO  2026-11-21T11:00:13 +12ms service=server method=GET path=/session request", "info"],
  ["WARN  2026-11-21T11:00:13 +0ms service=config", "warn"],
  ["DEBUG 2026-11-21T11:00:13 +0ms x", "debug"],
  ["2026-11-21T11:00:13.564Z ERROR something broke", "error"],
  ["[12:00:01] error: no", null],
  ["[error] it broke", "error"],
  ["Error: it broke", "error"],
  ["TypeError: x is not a function", "error"],
  ["warning: deprecated", "warn"],
  ["\u001b[31mERROR\u001b[0m red", "error"],
  ['{"time":1,"level":"warn","msg":"x"}', "warn"],
  ['{"level":30,"msg":"error"}', null],
  ["fatal: not a git repository", "error"],
  ["information about errors", null],
  ["no level here, only an error in the middle", null],
  [`${"x".repeat(300)} level=ERROR`, null],
  ["", null],
])("the level of %j is %s", (text, level) => {
  expect(levelOf(text)).toBe(level);
});

test("any text has a level or none, in time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void levelOf(text)),
    { numRuns: 2_000 },
  );
  for (const part of ["-", " ", "1:", "w", "\u001b[", "level="]) {
    const begun = performance.now();
    levelOf(part.repeat(1_000_000));
    expect(performance.now() - begun).toBeLessThan(500);
  }
});
