import type { Readable } from "node:stream";
import type { Clock } from "../lib/clock.ts";

/**
 * How long one stream may keep the event loop to itself, in ms. libuv reads a pipe that is full up to 32 times (2 MB) before
 * it looks at anything else; handling that many lines took 60 to 110 ms here, in which no window is drawn and no probe
 * answered.
 */
const TURN_MS = 4;

/**
 * Hands over the chunks of a stream. One that writes without end gives way to everything else after a turn; it goes on with
 * the next turn of the event loop, so that the program behind it is held up for microseconds, not by its readers.
 */
export function readInTurns(stream: Readable, clock: Pick<Clock, "monotonic">, onChunk: (chunk: Buffer) => void): void {
  let turnBegan: number | null = null;
  stream.on("data", (chunk: Buffer) => {
    if (turnBegan === null) {
      turnBegan = clock.monotonic();
      setImmediate(() => {
        turnBegan = null;
        if (stream.isPaused()) stream.resume();
      });
    }
    onChunk(chunk);
    if (clock.monotonic() - turnBegan > TURN_MS) stream.pause();
  });
}
