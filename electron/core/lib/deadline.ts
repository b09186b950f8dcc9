import { abortError, type Clock } from "./clock.ts";
import { AppError } from "./error.ts";

/**
 * Waits for `work` for at most `ms`. After that, or when `signal` aborts, it rejects (`timeout`, or an AbortError) and
 * aborts the signal handed to `work`, which must then end by itself.
 *
 * @param what Names the work in the error: `the health check of api`.
 */
export async function withDeadline<Value>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  if (signal?.aborted) throw abortError();
  let cancel: () => void = () => undefined;
  let onAbort: () => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      reject(new AppError("timeout", `Waited ${formatDuration(ms)} for ${what}, in vain.`));
      controller.abort();
    });
    onAbort = () => {
      reject(abortError());
      controller.abort();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** A duration for people: `250 ms`, `3 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
