/** Where each service stands in the picture of the waves, and which lines are drawn. Pure. */
import type { ServiceStatus } from "#shared/schema/service.ts";

/** Sizes of a picture in px: a node, and the room between two columns and two rows. */
export interface Measure {
  readonly width: number;
  readonly height: number;
  readonly columnGap: number;
  readonly rowGap: number;
}
const roomy: Measure = { width: 164, height: 44, columnGap: 44, rowGap: 12 };
/** For many services: a line each. */
const dense: Measure = { width: 148, height: 28, columnGap: 32, rowGap: 8 };
/** So many are drawn with two lines each. */
const MOST_ROOMY = 40;
const EDGE = 16;

export interface Node {
  readonly service: ServiceStatus;
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** An SVG path from the right side of the one to the left side of the other. */
  readonly path: string;
}

export interface Graph {
  readonly measure: Measure;
  readonly columns: readonly (readonly Node[])[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** One column a wave. Inside one, each stands near what it needs, so that few lines cross. */
export function graphOf(services: readonly ServiceStatus[]): Graph {
  const measure = services.length > MOST_ROOMY ? dense : roomy;
  const { width, height, columnGap, rowGap } = measure;
  const xOf = (column: number): number => EDGE + column * (width + columnGap);
  const waves = [...new Set(services.map(({ wave }) => wave))].toSorted((one, other) => one - other);
  const nodes = new Map<string, Node>();
  const columns = waves.map((wave, column) => {
    const ordered = services
      .filter((service) => service.wave === wave)
      .map((service, index) => ({ service, place: middle(service.dependsOn, nodes) ?? index }))
      .toSorted((one, other) => one.place - other.place);
    return ordered.map(({ service }, row) => {
      const node = {
        service,
        column,
        row,
        x: xOf(column),
        y: EDGE + row * (height + rowGap),
      };
      nodes.set(service.name, node);
      return node;
    });
  });
  const needs = directNeeds(services);
  const edges = services.flatMap(({ name }) => {
    const to = nodes.get(name);
    return (needs.get(name) ?? []).flatMap((need) => {
      const from = nodes.get(need);
      return from && to ? [{ from: need, to: name, path: lineBetween(from, to, measure, xOf) }] : [];
    });
  });
  const rows = Math.max(0, ...columns.map(({ length }) => length));
  return {
    measure,
    columns,
    edges,
    width: 2 * EDGE + columns.length * (width + columnGap) - columnGap,
    height: 2 * EDGE + rows * (height + rowGap) - rowGap,
  };
}

/** The middle of the rows of what a service needs; null where it needs nothing that is drawn. */
function middle(names: readonly string[], nodes: ReadonlyMap<string, Node>): number | null {
  const rows = names.flatMap((name) => nodes.get(name)?.row ?? []);
  return rows.length === 0 ? null : rows.reduce((sum, row) => sum + row, 0) / rows.length;
}

/** Through the columns between them it runs in the room between two rows, never behind a node. */
function lineBetween(from: Node, to: Node, measure: Measure, xOf: (column: number) => number): string {
  const { width, height } = measure;
  const [startY, endY] = [from.y + height / 2, to.y + height / 2];
  let [x, y] = [from.x + width, startY];
  let line = `M${x} ${y}`;
  const bendTo = (nextX: number, nextY: number): void => {
    const bend = (nextX - x) / 2;
    line += `C${x + bend} ${y} ${nextX - bend} ${nextY} ${nextX} ${nextY}`;
    [x, y] = [nextX, nextY];
  };
  for (let column = from.column + 1; column < to.column; column += 1) {
    const part = (column - from.column) / (to.column - from.column);
    bendTo(xOf(column), laneNear(startY + (endY - startY) * part, measure));
    x += width;
    line += `H${x}`;
  }
  bendTo(to.x, endY);
  return line;
}

/** The middle of the room between two rows that is nearest to a height. */
function laneNear(y: number, { height, rowGap }: Measure): number {
  const step = height + rowGap;
  const first = EDGE - rowGap / 2;
  return first + Math.max(0, Math.round((y - first) / step)) * step;
}

/** What each service needs, without what follows from the rest: where a needs b and b needs c, a line from c to a says nothing. */
export function directNeeds(services: readonly ServiceStatus[]): ReadonlyMap<string, readonly string[]> {
  const ordered = services.toSorted((one, other) => one.wave - other.wave);
  const behind = new Map<string, ReadonlySet<string>>();
  const direct = new Map<string, readonly string[]>();
  for (const { name, dependsOn } of ordered) {
    const through = new Set(dependsOn.flatMap((need) => [...(behind.get(need) ?? [])]));
    direct.set(
      name,
      dependsOn.filter((need) => !through.has(need)),
    );
    behind.set(name, new Set([...dependsOn, ...through]));
  }
  return direct;
}
