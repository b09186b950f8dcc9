import { once } from "node:events";
import { PassThrough } from "node:stream";
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
