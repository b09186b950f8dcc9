/** A time series as SVG: panels below each other with one axis of time. Drawn in 40 plain lines, so that nothing is needed. */

export interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly number[];
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly Curve[];
}

const WIDTH = 900;
const HEIGHT = 190;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 26;

/** @param minutes Of each sample, ascending; every curve has as many values. */
export function plot(heading: string, minutes: readonly number[], panels: readonly Panel[]): string {
  const last = minutes.at(-1) ?? 1;
  const x = (minute: number) => LEFT + ((WIDTH - LEFT - RIGHT) * minute) / Math.max(last, 1e-9);
  const drawn = panels.map((panel, index) => drawPanel(panel, minutes, x, 40 + index * HEIGHT));
  const height = 40 + panels.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/><text x="${LEFT}" y="24" font-size="15">${heading}</text>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function drawPanel(panel: Panel, minutes: readonly number[], x: (minute: number) => number, top: number): string {
  const all = panel.curves.flatMap((curve) => curve.values);
  const highest = Math.max(...all, 1) * 1.1;
  const bottom = top + HEIGHT - BOTTOM;
  const y = (value: number) => bottom - ((HEIGHT - TOP - BOTTOM) * value) / highest;
  const grid = [0, 0.5, 1].map((share) => {
    const value = highest * share;
    const at = y(value).toFixed(1);
    return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#ddd"/><text x="${LEFT - 6}" y="${at}" text-anchor="end" fill="#555">${value.toFixed(0)}</text>`;
  });
  const last = minutes.at(-1) ?? 0;
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const minute = last * share;
    return `<text x="${x(minute).toFixed(1)}" y="${bottom + 16}" text-anchor="middle" fill="#555">${minute.toFixed(0)} min</text>`;
  });
  const curves = panel.curves.map((curve, index) => {
    const points = curve.values
      .map((value, at) => `${x(minutes[at] ?? 0).toFixed(1)},${y(value).toFixed(1)}`)
      .join(" ");
    const label = `<text x="${LEFT + 190 + index * 170}" y="${top + 20}" fill="${curve.colour}">${curve.label}</text>`;
    return `<polyline points="${points}" fill="none" stroke="${curve.colour}" stroke-width="1.5"/>${label}`;
  });
  const title = `<text x="${LEFT}" y="${top + 20}" font-weight="600">${panel.title} (${panel.unit})</text>`;
  return [title, ...grid, ...times, ...curves].join("\n");
}
