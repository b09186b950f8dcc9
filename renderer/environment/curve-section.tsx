import { useMemo } from "react";
import { formatAgo } from "../ui/format.ts";
import { Curve, extremes, type Point } from "../ui/curve.tsx";

/** A curve with its name, how far back it reaches, and its three figures in words. Nothing where there is no curve yet. */
export function CurveSection({
  name,
  points,
  format,
  group,
}: {
  name: string;
  points: readonly Point[];
  format: (value: number) => string;
  /** Curves of one group show the same moment under the pointer. */
  group: string;
}) {
  const known = useMemo(() => points.filter(({ value }) => value !== null), [points]);
  const first = known[0];
  const last = known.at(-1);
  // One reading is no curve.
  if (!first || last?.value === null || last === undefined || known.length < 2) return null;
  const { low, high } = extremes(known);
  const over = formatAgo(last.at - first.at);
  const figures = `least ${format(low)}, most ${format(high)}, now ${format(last.value)}`;
  return (
    <section className="mt-4" aria-label={`${name} over time`}>
      <h3 className="mb-1 flex justify-between text-sm font-medium text-muted">
        {name} <span className="font-normal text-faint">{over === "now" ? "last minute" : `last ${over}`}</span>
      </h3>
      <div className="overflow-hidden rounded-md bg-sunken inset-ring inset-ring-line">
        <Curve points={points} label={`${name} over time: ${figures}`} format={format} group={group} />
      </div>
      <p className="mt-1 text-xs text-muted tabular-nums" aria-hidden="true">
        {figures}
      </p>
    </section>
  );
}
