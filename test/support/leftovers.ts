/**
 * Runs around every test file: when its tests are over, no child process, listening port or timer of it may be left.
 * What a file starts in the background must therefore end with it, or the file fails.
 */
import { afterAll, beforeAll, expect } from "vitest";

const kinds = ["ProcessWrap", "TCPServerWrap", "PipeServerWrap", "Timeout"] as const;

function held(): Record<string, number> {
  const count: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) count[kind] = (count[kind] ?? 0) + 1;
  return Object.fromEntries(kinds.map((kind) => [kind, count[kind] ?? 0]));
}

let before: Record<string, number> = {};

beforeAll(() => {
  before = held();
});

afterAll(async () => {
  // The end of a child reaches us an instant after the await that saw it; two seconds is far beyond that.
  let left: string[] = [];
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const now = held();
    left = kinds.filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0));
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(left, "left behind when the file ended").toEqual([]);
});
