/** One value at one time (ms since the epoch). */
export type Point = { readonly at: number; readonly value: number };

const WIDTH = 300;
const HEIGHT = 36;
/** Room for the stroke above and below, in the units of the picture. */
const EDGE = 2;

/** Corners of the curve as an SVG `points` list. A value that never changes is a line in the middle. */
export function curve(points: readonly Point[]): string {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return "";
  const { low, high } = extremes(points);
  const span = Math.max(1, last.at - first.at);
  return points
    .map(({ at, value }) => {
      const x = ((at - first.at) / span) * WIDTH;
      const part = high === low ? 0.5 : (value - low) / (high - low);
      return `${x.toFixed(1)},${(HEIGHT - EDGE - part * (HEIGHT - 2 * EDGE)).toFixed(1)}`;
    })
    .join(" ");
}

/** Without spreading: a curve may have more points than a call may have arguments. */
export function extremes(points: readonly Point[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { value } of points) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/** A small curve without axes; `label` says in words what it shows, with its least, greatest and latest value. */
export function Sparkline({ points, label }: { points: readonly Point[]; label: string }) {
  const corners = curve(points);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="block h-9 w-full text-accent"
    >
      <polygon points={`0,${HEIGHT} ${corners} ${WIDTH},${HEIGHT}`} fill="currentColor" opacity="0.12" />
      <polyline
        points={corners}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
