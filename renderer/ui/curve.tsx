import { useEffect, useRef } from "react";
import UPlot from "uplot";

/** One value at one time (ms since the epoch); null: there was nothing to read, and the curve has a gap. */
export type Point = { readonly at: number; readonly value: number | null };

const HEIGHT = 84;
/** Room for figures at the left edge, of the same width in every curve, so that curves below each other share their times. */
const FIGURES = 56;
/** Times in so much of the width at the left have no room for their text. */
const EDGE_PART = 0.08;
/** Points further apart than so many of the usual distance were not one life. */
const GAP_FACTOR = 4;

/** A curve with its axes; `label` says in words what it shows, since a picture says nothing to who cannot see it. */
export function Curve({
  points,
  label,
  format,
  group,
}: {
  points: readonly Point[];
  label: string;
  format: (value: number) => string;
  /** Curves of one group show the same moment under the pointer. */
  group: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  // What is drawn anew by another theme; a change of it alone only needs new data.
  const newest = useRef({ points, format });

  useEffect(() => {
    newest.current = { points, format };
    plot.current?.setData(columns(points));
  }, [points, format]);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new UPlot(
        options(element, (value) => newest.current.format(value), group),
        columns(newest.current.points),
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    // A canvas does not follow the theme by itself.
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    const chosen = new MutationObserver(draw);
    chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resized.disconnect();
      chosen.disconnect();
      system.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [group]);

  return <div ref={place} role="img" aria-label={label} className="curve overflow-hidden" style={{ height: HEIGHT }} />;
}

/** uPlot wants a column of times in seconds and one of values. */
export function columns(points: readonly Point[]): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const usual = usualDistance(points);
  points.forEach(({ at, value }, index) => {
    const before = points[index - 1];
    if (before && usual > 0 && at - before.at > GAP_FACTOR * usual) {
      times.push((before.at + usual) / 1_000);
      values.push(null);
    }
    times.push(at / 1_000);
    values.push(value);
  });
  return [times, values];
}

function usualDistance(points: readonly Point[]): number {
  const distances = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? at));
  return distances.toSorted((one, other) => one - other)[Math.floor(distances.length / 2)] ?? 0;
}

/** The least and the greatest value. Without spreading: a curve may have more points than a call may have arguments. */
export function extremes(points: readonly Point[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { value } of points) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

function options(element: HTMLElement, format: (value: number) => string, group: string): UPlot.Options {
  const style = getComputedStyle(element);
  // `light-dark()` is resolved where it is used as a colour, not in a custom property.
  const line = resolved(element, "--accent");
  const text = resolved(element, "--faint");
  const grid = resolved(element, "--line");
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: text, font, ticks: { show: false } } as const;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: group }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    // From zero: a curve that fills its height by itself makes every trifle look like a leak.
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.15, Number.MIN_VALUE)] } },
    series: [{}, { stroke: line, width: 1.5, fill: `${line}1f`, spanGaps: false, points: { show: false } }],
    axes: [
      {
        ...axis,
        size: 18,
        gap: 2,
        space: 70,
        grid: { show: false },
        values: ({ scales }, times) => {
          const { min = 0, max = 0 } = scales["x"] ?? {};
          // One at the left edge would stand over the lowest figure of the other axis.
          return times.map((time) => (time - min < EDGE_PART * (max - min) ? "" : clock(time).slice(0, 5)));
        },
      },
      {
        ...axis,
        size: FIGURES,
        gap: 6,
        space: 26,
        grid: { stroke: grid, width: 1 },
        values: (_plot, values) => values.map((value) => format(value)),
      },
    ],
    plugins: [reading(format)],
  };
}

/** Writes the moment and the value under the pointer into the corner. */
function reading(format: (value: number) => string): UPlot.Plugin {
  const text = document.createElement("div");
  text.className = "curve-reading";
  return {
    hooks: {
      ready: (plot) => void plot.over.append(text),
      setCursor: ({ cursor: { idx }, data }) => {
        const value = idx === null || idx === undefined ? null : data[1]?.[idx];
        const at = idx === null || idx === undefined ? undefined : data[0][idx];
        text.textContent = typeof value === "number" && at !== undefined ? `${clock(at)}  ${format(value)}` : "";
      },
    },
  };
}

function clock(seconds: number): string {
  const date = new Date(seconds * 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function resolved(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const parts = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).slice(0, 3);
  probe.remove();
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, "0")).join("")}`;
}
