import { expect, test } from "vitest";
import type { LogLine } from "../../../../shared/schema/log.ts";
import { type Clock, systemClock } from "../../../../electron/core/lib/clock.ts";
import { LineSearch } from "../../../../electron/core/log/search.ts";

async function* linesOf(count: number, text: (seq: number) => string): AsyncGenerator<LogLine> {
  for (let seq = 1; seq <= count; seq += 1) {
    yield { seq, at: 1, source: "web", stream: "stdout", text: text(seq), generation: 1, cut: false };
    if (seq % 1_000 === 0) await Promise.resolve();
  }
}

async function search(
  expression: RegExp,
  lines: AsyncIterable<LogLine>,
  clock: Clock = systemClock,
): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of new LineSearch(expression, clock).matching(lines)) found.push(seq);
  return found;
}

test("lines that match are found in order, over many slices", async () => {
  const found = await search(
    /7$/g,
    linesOf(5_000, (seq) => `line ${seq}`),
  );
  expect(found).toEqual(Array.from({ length: 500 }, (_, index) => 7 + index * 10));
});

test("an expression that would run for years is given up, and the event loop goes on meanwhile", async () => {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const hostile = linesOf(10, () => `${"a".repeat(60)}!`);
  await expect(search(/^(a+)+$/, hostile)).rejects.toMatchObject({
    code: "timeout",
    next: expect.stringMatching(/simpler/),
  });
  clearInterval(timer);
  // Each try takes 50 ms; the rest is what a busy machine needs to give us a core again.
  expect(longest).toBeLessThan(1_000);
});

test("a search that takes longer than its deadline in all is given up", async () => {
  let time = 0;
  const slow: Clock = { ...systemClock, monotonic: () => (time += 3_000) };
  await expect(
    search(
      /x/,
      linesOf(5_000, () => "y"),
      slow,
    ),
  ).rejects.toMatchObject({ code: "timeout" });
});

test("what an expression throws is not hidden", async () => {
  const broken = Object.assign(/x/, {}) as RegExp;
  const lines = (async function* () {
    yield* linesOf(1, () => "x");
    throw new Error("the disk is gone");
  })();
  await expect(search(broken, lines)).rejects.toThrow("the disk is gone");
});
