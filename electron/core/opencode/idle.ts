/** When a server that nobody uses is stopped. Pure. */

/** So long before its end the stop is announced, and can be called off. */
const ANNOUNCED_MS = 60_000;

export type IdleVerdict =
  | { readonly kind: "used" }
  /** It is stopped in `inMs` unless it is used before. */
  | { readonly kind: "soon"; readonly inMs: number }
  | { readonly kind: "due" };

/**
 * @param idleMs Since anything was last asked of it.
 * @param limitMs Null: it is never stopped for that.
 * @param isBusy A turn runs, or a permission or question waits for a person.
 */
export function judgeIdle(idleMs: number, limitMs: number | null, isBusy: boolean): IdleVerdict {
  if (limitMs === null || isBusy) return { kind: "used" };
  const inMs = limitMs - idleMs;
  if (inMs <= 0) return { kind: "due" };
  return inMs <= ANNOUNCED_MS ? { kind: "soon", inMs } : { kind: "used" };
}
