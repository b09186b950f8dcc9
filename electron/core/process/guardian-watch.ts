import type { Readable } from "node:stream";
import type { Clock } from "../lib/clock.ts";
import { finishRun, type GuardianOrders, ownerIsGone } from "./guardian-duty.ts";
import type { ProcessSource } from "./process-table.ts";

/** The word on the pipe that lets the guardian go without doing anything. */
export const farewell = "done";

/** What a guardian's exit code says. */
export const guardianExit = {
  /** Nothing was left to do, or all of it was done. */
  done: 0,
  /** Something could not be ended; its lease is left for the next start. */
  survivors: 1,
  /** The owner lives after all: what it owns is its own. */
  ownerLives: 2,
} as const;

export interface Watch {
  /** The reading end of the owner's pipe. */
  readonly pipe: Readable;
  readonly orders: GuardianOrders;
  readonly source: ProcessSource;
  readonly clock: Clock;
}

/** Waits for the end of the pipe, does what then is to be done, and answers the exit code (`guardianExit`). */
export async function watchOwner({ pipe, orders, source, clock }: Watch): Promise<number> {
  if ((await lastWord(pipe)) === farewell) return guardianExit.done;
  if (!(await ownerIsGone(orders, source, clock))) return guardianExit.ownerLives;
  const report = await finishRun(orders, source, clock);
  return report.empty ? guardianExit.done : guardianExit.survivors;
}

/** All that was said until the pipe closed; of more than the word can be, its beginning. */
function lastWord(pipe: Readable): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (text: string) => (heard = (heard + text).slice(0, 16)));
    // A pipe that breaks is at its end.
    pipe.on("error", () => undefined);
    pipe.once("close", () => resolve(heard.trim()));
  });
}
