import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Node hides it behind a flag that can be set at any time. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
