import { describe, expect, it } from "vitest";
import {
  BATCH_FLUSH_MS,
  BATCH_MAX_ITEMS,
  BATCH_MAX_UNACKNOWLEDGED,
  BATCH_MERGE_BEAT_MS,
  STREAM_MAX_PENDING,
  type Batch,
  type Overflow,
} from "#shared/rpc.ts";
import { Batcher } from "../../../electron/ipc/batcher.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp<Item>(overflow: Overflow<Item>) {
  const clock = new ManualClock();
  const batches: Batch<Item>[] = [];
  let overruns = 0;
  const batcher = new Batcher<Item>({
    clock,
    overflow,
    send: (batch) => batches.push(batch),
    onOverrun: () => (overruns += 1),
  });
  return { clock, batches, batcher, overruns: () => overruns };
}

/** Acknowledges every batch until nothing more comes. */
function drain(parts: ReturnType<typeof setUp<number>>): void {
  let seen = -1;
  while (seen !== parts.batches.length) {
    seen = parts.batches.length;
    for (let index = 0; index < 4; index += 1) parts.batcher.acknowledge();
    parts.clock.advance(BATCH_FLUSH_MS);
  }
}

describe("batcher", () => {
  it("sends what comes within one frame as one batch", () => {
    const { clock, batches, batcher } = setUp<number>({ rule: "drop" });
    batcher.push(1);
    batcher.push(2);
    expect(batches).toEqual([]);
    clock.advance(BATCH_FLUSH_MS);
    expect(batches).toEqual([{ items: [1, 2], dropped: 0 }]);
  });

  it("never puts more than the cap into one batch, and holds after four unacknowledged ones", () => {
    const { clock, batches, batcher } = setUp<number>({ rule: "drop" });
    for (let index = 0; index < 10_000; index += 1) batcher.push(index);
    clock.advance(1_000);
    expect(batches.map((batch) => batch.items.length)).toEqual(Array.from({ length: 4 }, () => BATCH_MAX_ITEMS));
    batcher.acknowledge();
    clock.advance(BATCH_FLUSH_MS);
    expect(batches).toHaveLength(5);
    expect(batches[4]?.items[0]).toBe(4_000);
  });

  it("accounts for every item of a burst: delivered in order, or counted as dropped just before the next one", () => {
    const parts = setUp<number>({ rule: "drop" });
    for (let index = 0; index < 200_000; index += 1) {
      parts.batcher.push(index);
      if (index % 5_000 === 0) parts.clock.advance(BATCH_FLUSH_MS);
    }
    drain(parts);
    let next = 0;
    for (const batch of parts.batches) {
      next += batch.dropped;
      for (const item of batch.items) {
        expect(item).toBe(next);
        next += 1;
      }
    }
    expect(next).toBe(200_000);
    const dropped = parts.batches.reduce((sum, batch) => sum + batch.dropped, 0);
    expect(dropped).toBeGreaterThan(0);
    expect(200_000 - dropped).toBeGreaterThanOrEqual(STREAM_MAX_PENDING);
  });

  it("keeps only the newest of whole states", () => {
    const { clock, batches, batcher } = setUp<number>({ rule: "latest" });
    for (let index = 0; index < 100; index += 1) batcher.push(index);
    clock.advance(BATCH_FLUSH_MS);
    expect(batches).toEqual([{ items: [99], dropped: 0 }]);
  });

  it("joins neighbours that can be joined and loses none", () => {
    const merge = (a: string, b: string) => (a[0] === b[0] ? a + b.slice(1) : null);
    const { clock, batches, batcher } = setUp<string>({ rule: "merge", merge });
    for (const item of ["a1", "a2", "b3", "a4", "a5"]) batcher.push(item);
    clock.advance(BATCH_FLUSH_MS);
    expect(batches).toEqual([{ items: ["a12", "b3", "a45"], dropped: 0 }]);
  });

  it("sends the first item of a merging stream at once after a pause, the next ones a beat later", () => {
    const { clock, batches, batcher } = setUp<string>({ rule: "merge", merge: (a, b) => a + b });
    batcher.push("a");
    batcher.push("b");
    clock.advance(0);
    expect(batches).toEqual([{ items: ["ab"], dropped: 0 }]);
    batcher.push("c");
    clock.advance(BATCH_MERGE_BEAT_MS - 1);
    batcher.push("d");
    expect(batches).toHaveLength(1);
    clock.advance(1);
    expect(batches[1]).toEqual({ items: ["cd"], dropped: 0 });
    clock.advance(BATCH_MERGE_BEAT_MS);
    batcher.push("e");
    clock.advance(0);
    expect(batches[2]).toEqual({ items: ["e"], dropped: 0 });
  });

  it("lets a merging stream wait for its reader too", () => {
    const { clock, batches, batcher } = setUp<number>({ rule: "merge", merge: () => null });
    for (let index = 0; index < 6; index += 1) {
      batcher.push(index);
      clock.advance(BATCH_MERGE_BEAT_MS);
    }
    expect(batches).toHaveLength(BATCH_MAX_UNACKNOWLEDGED);
    batcher.acknowledge();
    clock.advance(0);
    expect(batches[BATCH_MAX_UNACKNOWLEDGED]).toEqual({ items: [4, 5], dropped: 0 });
  });

  it("gives up a merging stream at the bound instead of dropping from it", () => {
    const parts = setUp<number>({ rule: "merge", merge: () => null });
    for (let index = 0; index <= STREAM_MAX_PENDING + 10; index += 1) parts.batcher.push(index);
    expect(parts.overruns()).toBe(1);
    expect(parts.clock.pending).toBe(0);
  });

  it("sends what waits when it is finished, and nothing once it is closed", () => {
    const { clock, batches, batcher } = setUp<number>({ rule: "drop" });
    batcher.push(1);
    batcher.finish();
    batcher.push(2);
    clock.advance(1_000);
    expect(batches).toEqual([{ items: [1], dropped: 0 }]);
    expect(clock.pending).toBe(0);
  });
});
