import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { readInTurns } from "../../../../electron/core/process/read-in-turns.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

it("gives way after a turn, goes on with the next one, and hands over every chunk in order", async () => {
  const stream = new PassThrough();
  const clock = new ManualClock();
  const seen: string[] = [];
  let others = 0;
  readInTurns(stream, clock, (chunk) => {
    seen.push(String(chunk));
    clock.advance(5);
    // What else the program has to do gets its turn while the stream still has much to say.
    setImmediate(() => (others += seen.length < 50 ? 1 : 0));
  });
  for (let index = 0; index < 50; index += 1) stream.write(String(index));
  stream.end();
  await once(stream, "close");
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  expect(others).toBeGreaterThan(20);
});

it("never pauses a stream whose chunks take no time", async () => {
  const stream = new PassThrough();
  let paused = 0;
  stream.on("pause", () => (paused += 1));
  readInTurns(stream, new ManualClock(), () => undefined);
  for (let index = 0; index < 50; index += 1) stream.write("x");
  stream.end();
  await once(stream, "close");
  expect(paused).toBe(0);
});

it("reads nothing more until the answer to a chunk has resolved, and the newest answer counts", async () => {
  const stream = new PassThrough();
  const seen: string[] = [];
  const goOn: (() => void)[] = [];
  const closed = once(stream, "close");
  readInTurns(stream, new ManualClock(), (chunk) => {
    seen.push(String(chunk));
    return new Promise((resolve) => goOn.push(resolve));
  });
  for (const text of ["a", "b", "c"]) stream.write(text);
  stream.end();
  for (const expected of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    for (let count = 0; count < 5; count += 1) await turn();
    expect(seen).toEqual(expected);
    goOn.at(-1)?.();
  }
  await closed;
});

it("reads on, and waits for no later answer, once there is nobody to hold back", async () => {
  const stream = new PassThrough();
  const seen: string[] = [];
  const free = readInTurns(stream, new ManualClock(), (chunk) => {
    seen.push(String(chunk));
    return new Promise(() => undefined);
  });
  for (const text of ["a", "b", "c"]) stream.write(text);
  for (let count = 0; count < 5; count += 1) await turn();
  expect(seen).toEqual(["a"]);
  free();
  stream.end();
  await once(stream, "close");
  expect(seen).toEqual(["a", "b", "c"]);
});
