import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { waitedForCore } from "./core-wait.ts";

let spentMs = 0;

/** Node hides it behind a flag that can be set at any time. */
export function collectGarbage(): void {
  const began = performance.now();
  const waited = waitedForCore();
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  spentMs += Math.max(0, performance.now() - began - (waitedForCore() - waited));
}

/** What all these collections took of this thread so far, in ms, the wait for a core aside: a test asked for them, not what it tests. */
export function spentCollecting(): number {
  return spentMs;
}
