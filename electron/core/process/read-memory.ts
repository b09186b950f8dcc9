import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * So much read calls for a collection, in bytes. A pipe is read into a new buffer of 64 KB each time, outside of the heap: V8
 * sees a hundred bytes of it and lets 64 MB and more of them lie. The rings and what waits for the disk hold a buffer for
 * about as long as this takes to come, so that most die young, where collecting them takes less than a millisecond.
 */
const EACH_BYTES = 4 * 1_024 * 1_024;

let readBytes = 0;
let collect: ((options: { readonly type: "minor" }) => void) | null = null;

/** Told of everything that is read from pipes, so that the buffers of a flood do not pile up. */
export function noteRead(bytes: number): void {
  readBytes += bytes;
  if (readBytes < EACH_BYTES) return;
  readBytes = 0;
  collect ??= collector();
  collect({ type: "minor" });
}

/** V8's own, which is there for who asks for it. */
function collector(): (options: { readonly type: "minor" }) => void {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return typeof found === "function" ? (options) => void found(options) : () => undefined;
}
