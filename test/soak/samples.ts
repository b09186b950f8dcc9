import { median, printFigure, round, slope } from "../bench/figures.ts";

/** One look at the host and its server. */
export interface Sample {
  readonly minute: number;
  readonly hostMb: number;
  readonly heapMb: number;
  readonly externalMb: number;
  /** Open file descriptors of the host. */
  readonly fds: number;
  readonly serverMb: number;
  /** CPU time of the host since its start. */
  readonly cpuMs: number;
  /** Since the start. */
  readonly turns: number;
  readonly snapshots: number;
}

/** MB in an hour, by least squares over what comes after the warm-up. */
const SLOPE_MAX = 2;
/** Medians over this many samples at both ends: keep-alive connections come and go. */
const ENDS = 12;

export function summarizeSoak(
  samples: readonly Sample[],
  /** What was measured begins here. */
  warmUpMinutes: number,
  counts: { readonly turns: number; readonly failed: number; readonly cuts: number; readonly resyncs: number },
): void {
  const minutes = (samples.at(-1)?.minute ?? 0) - warmUpMinutes;
  const steady = samples.filter((sample) => sample.minute >= warmUpMinutes);
  const perHour = (pick: (sample: Sample) => number) =>
    round(slope(steady.map((sample) => ({ x: sample.minute / 60, y: pick(sample) }))), 2);
  const rise = perHour((sample) => sample.hostMb);
  const ends = Math.min(ENDS, Math.floor(steady.length / 3));
  const fds = {
    first: median(steady.slice(0, ends).map((sample) => sample.fds)),
    last: median(steady.slice(-ends).map((sample) => sample.fds)),
  };
  const base = {
    bench: "soak",
    minutes: round(minutes, 1),
    warmUpMinutes: round(warmUpMinutes, 1),
    samples: steady.length,
  };
  printFigure({
    ...base,
    name: "memory of the host",
    unit: "MB/h",
    slope: rise,
    heapSlope: perHour((sample) => sample.heapMb),
    firstMb: round(steady[0]?.hostMb ?? 0, 1),
    lastMb: round(steady.at(-1)?.hostMb ?? 0, 1),
    target: `<= ${SLOPE_MAX} MB/h`,
    met: rise <= SLOPE_MAX,
  });
  printFigure({
    ...base,
    name: "file descriptors of the host",
    ...fds,
    target: "no growth",
    met: fds.last <= fds.first,
  });
  printFigure({
    ...base,
    name: "turns",
    ...counts,
    target: "none fails, each cut is followed by a resync",
    met: counts.failed === 0 && counts.resyncs >= counts.cuts,
  });
  printFigure({ ...base, name: "memory of the server", unit: "MB/h", slope: perHour((sample) => sample.serverMb) });
  const cpu = (steady.at(-1)?.cpuMs ?? 0) - (steady[0]?.cpuMs ?? 0);
  const span = ((steady.at(-1)?.minute ?? 0) - (steady[0]?.minute ?? 0)) * 60_000;
  printFigure({
    ...base,
    name: "CPU of the host, collections included",
    unit: "% of a core",
    value: round((100 * cpu) / span, 2),
  });
}
