import { formatTook } from "../ui/format.ts";

/** Round times from 0 up to `span`, about `count` of them. In ms. */
export function ticksOf(span: number, count: number): readonly number[] {
  const rough = span / count;
  const step = steps.find((each) => each >= rough) ?? Math.ceil(rough / 3_600_000) * 3_600_000;
  // One at the very end would stand over the figures beside the axis.
  return Array.from({ length: Math.floor((span * 0.97) / step) + 1 }, (_, index) => index * step);
}

/** A round time as it stands at an axis: `500 ms`, `2 s`, `1m 30s`. */
export function tickText(ms: number): string {
  return ms >= second && ms < minute ? `${ms / second} s` : ms === 0 ? "0" : formatTook(ms);
}

const second = 1_000;
const minute = 60 * second;
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30].map((seconds) => seconds * second),
  [1, 2, 5, 10, 15, 30, 60].map((minutes) => minutes * minute),
);
