import type { Readable } from "node:stream";
import type { Clock } from "../lib/clock.ts";
import type { Intake } from "../lib/intake.ts";
import { noteRead } from "./read-memory.ts";

/**
 * How long one stream may keep the event loop to itself, in ms. libuv reads a pipe that is full up to 32 times (2 MB) before
 * it looks at anything else; handling that many lines took 60 to 110 ms here, in which no window is drawn and no probe
 * answered.
 */
const TURN_MS = 4;

/**
 * Hands over the chunks of a stream. One that writes without end gives way to everything else after a turn; it goes on with
 * the next turn of the event loop, so that the program behind it is held up for microseconds, not by its readers. Only where
 * `onChunk` answers with a promise is nothing more read until that resolves.
 *
 * @returns Ends the holding back, for good: what is left is read as it comes.
 */
export function readInTurns(
  stream: Readable,
  clock: Pick<Clock, "monotonic">,
  onChunk: (chunk: Buffer) => Intake,
): () => void {
  let turnBegan: number | null = null;
  let isFree = false;
  /** What it waits for now: a newer one takes the place of an older. */
  let wait: Intake;
  const goOn = () => {
    if (wait === undefined && stream.isPaused()) stream.resume();
  };
  stream.on("data", (chunk: Buffer) => {
    if (turnBegan === null) {
      turnBegan = clock.monotonic();
      setImmediate(() => {
        turnBegan = null;
        goOn();
      });
    }
    noteRead(chunk.length);
    const answer = onChunk(chunk);
    if (answer !== undefined && !isFree) {
      wait = answer;
      void answer.then(() => {
        if (wait === answer) wait = undefined;
        goOn();
      });
    }
    if (wait !== undefined || clock.monotonic() - turnBegan > TURN_MS) stream.pause();
  });
  return () => {
    isFree = true;
    wait = undefined;
    goOn();
  };
}
