import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Queued, type WriteBudget, WriteQueue } from "../../../../electron/core/log/write-queue.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const item = (last: number, weight: number): Queued => ({ lines: 1, last, weight });

/** A disk whose writes are ended by hand. */
function world(options: { maxBytes?: number; budget?: WriteBudget } = {}) {
  const clock = new ManualClock();
  const writes: { last: number[]; lost: number; done: () => void; fail: () => void }[] = [];
  const budget = options.budget ?? { maxBytes: options.maxBytes ?? 1_000, usedBytes: 0 };
  const queue = new WriteQueue<Queued>({
    store: (items, lost) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error("no disk"));
        writes.push({ last: items.map(({ last }) => last), lost: lost.lines, done: resolve, fail });
      }),
    batchBytes: 200,
    budget,
    clock,
    onTrouble: () => undefined,
    onWritten: () => undefined,
  });
  /** Ends the write that is under way. */
  const end = async (how: "done" | "fail") => {
    await turn();
    writes.at(-1)?.[how]();
    await turn();
  };
  /** Fills it until it asks to wait. */
  const fill = () => {
    for (let last = 1; last <= 20; last += 1) {
      const wait = queue.append(item(last, 100));
      if (wait !== undefined) return { wait, appended: last };
    }
    throw new Error("it never asked to wait");
  };
  return { clock, writes, budget, queue, end, fill };
}

const isOver = async (wait: Promise<void>) => {
  let over = false;
  void wait.then(() => (over = true));
  await turn();
  return over;
};

test("who appends is asked to wait while half of the budget waits for the disk, until a quarter is left; nothing is lost", async () => {
  const { queue, end, fill, writes, budget, clock } = world();
  const { wait, appended } = fill();
  expect(appended).toBe(6);
  expect(queue.append(item(7, 100))).toBe(wait);
  for (const left of [500, 300]) {
    await end("done");
    expect(budget.usedBytes).toBe(left);
    expect(await isOver(wait)).toBe(false);
  }
  await end("done");
  expect(await isOver(wait)).toBe(true);
  // Nothing is left that would keep the program alive.
  expect(clock.pending).toBe(0);
  await end("done");
  expect(writes.flatMap(({ last }) => last)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect([queue.dropped, budget.usedBytes]).toEqual([0, 0]);
});

test("nobody waits for what only others have to write", async () => {
  const budget = { maxBytes: 1_000, usedBytes: 900 };
  const { queue, end } = world({ budget });
  expect(queue.append(item(1, 10))).toBeUndefined();
  const wait = queue.append(item(2, 10));
  expect(wait).toBeInstanceOf(Promise);
  await end("done");
  await wait;
  expect(budget.usedBytes).toBe(900);
});

test("nobody waits for a disk that fails: the oldest are given up and counted, and the next write is told", async () => {
  const { queue, end, fill, clock, writes } = world();
  const { wait, appended } = fill();
  await end("fail");
  await wait;
  for (let last = appended + 1; last <= 30; last += 1) expect(queue.append(item(last, 100))).toBeUndefined();
  expect(queue.dropped).toBeGreaterThan(15);
  clock.advance(5_000);
  expect(queue.append(item(31, 100))).toBeUndefined();
  await end("done");
  expect(writes.at(-2)?.lost ?? writes.at(-1)?.lost).toBe(queue.dropped);
  for (let left = 10; left > 0; left -= 1) await end("done");
  const written = new Set(writes.slice(1).flatMap(({ last }) => last));
  expect(written.size + queue.dropped).toBe(31);
});

test("nobody waits for a disk that hangs; one that takes a little now and then is waited for", async () => {
  const { queue, end, fill, clock } = world();
  const { wait, appended } = fill();
  clock.advance(4_000);
  await end("done");
  clock.advance(4_000);
  expect(await isOver(wait)).toBe(false);
  clock.advance(1_500);
  expect(await isOver(wait)).toBe(false);
  clock.advance(5_000);
  expect(await isOver(wait)).toBe(true);
  // It still hangs: nobody is asked again before it has taken something.
  let last = appended;
  while (queue.dropped === 0) expect(queue.append(item((last += 1), 100))).toBeUndefined();
  await end("done");
  let again: Promise<void> | undefined;
  while (again === undefined) again = queue.append(item((last += 1), 100));
  for (let left = 10; left > 0; left -= 1) await end("done");
  await again;
  expect(clock.pending).toBe(0);
});

test("work between two writes that fails hinders no later write", async () => {
  const { queue, end, writes } = world();
  await expect(queue.exclusively(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
  queue.append(item(1, 10));
  const flushed = queue.flush();
  await end("done");
  await flushed;
  expect(writes.map(({ last }) => last)).toEqual([[1]]);
});
