/** What benchmarks print and how they sum up: one JSON line a figure, with its target and whether it is met. */

export interface Summary {
  readonly rounds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which the share `q` (0 to 1) of the samples lies, by the nearest rank. NaN for no samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function summarize(samples: readonly number[], digits = 0): Summary {
  return {
    rounds: samples.length,
    median: round(median(samples), digits),
    min: round(Math.min(...samples), digits),
    max: round(Math.max(...samples), digits),
  };
}

export function round(value: number, digits = 0): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** The line through points that lies closest to them (least squares): its rise for each step of one in x. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map((point) => point.x));
  const y = mean(points.map((point) => point.y));
  const rise = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  const run = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return run === 0 ? 0 : rise / run;
}

/** One line on stdout. Figures without a target (a peer's, a part of another) are there to compare with. */
export function printFigure(figure: {
  readonly bench: string;
  readonly name: string;
  readonly [key: string]: unknown;
}): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** What goes wrong on the way, or is left out: for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
