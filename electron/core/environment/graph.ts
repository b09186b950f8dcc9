/**
 * The dependency graph of an environment: waves in which services can start, and everything that makes an order
 * impossible. Names come from strangers (`__proto__` is one), so they are only ever keys of maps.
 */
import type { Problem } from "#shared/schema/environment.ts";
import type { DependencyCondition } from "#shared/schema/service.ts";

export interface GraphNode {
  readonly name: string;
  readonly dependencies: ReadonlyMap<string, { readonly condition: DependencyCondition; readonly required: boolean }>;
  /** It can become healthy: it has a probe. */
  readonly hasProbe: boolean;
  /** It can show the line that others wait for. Absent: nobody has looked. */
  readonly hasReadyLine?: boolean;
  /** The file it is from, for problems. */
  readonly source: string;
  /** `file:line:column` of its dependencies, where known. */
  readonly places?: ReadonlyMap<string, string>;
}

export interface Order {
  /** Services whose dependencies all stand in earlier waves. What hangs on a cycle stands in none. */
  readonly waves: readonly (readonly string[])[];
  readonly problems: readonly Problem[];
}

/** Cycles told of; a tangle of hundreds is not made clearer by all of them. */
const MAX_CYCLES = 10;
/** Names of a cycle that are printed. */
const MAX_PATH = 50;

/** Orders the services. Linear in services and dependencies. */
export function planOrder(nodes: readonly GraphNode[]): Order {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const problems = nodes.flatMap((node) => edgeProblems(node, byName));

  const waitsFor = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const node of nodes) {
    const known = knownDependencies(node, byName);
    waitsFor.set(node.name, known.length);
    for (const other of known) {
      const list = dependents.get(other);
      if (list === undefined) dependents.set(other, [node.name]);
      else list.push(node.name);
    }
  }

  const waves: string[][] = [];
  let wave = nodes.filter((node) => waitsFor.get(node.name) === 0).map((node) => node.name);
  while (wave.length > 0) {
    waves.push(wave);
    const next: string[] = [];
    for (const name of wave) {
      waitsFor.delete(name);
      for (const dependent of dependents.get(name) ?? []) {
        const left = (waitsFor.get(dependent) ?? 0) - 1;
        waitsFor.set(dependent, left);
        if (left === 0) next.push(dependent);
      }
    }
    wave = next;
  }
  for (const cycle of findCycles(new Set(waitsFor.keys()), byName)) {
    const shown = cycle.length > MAX_PATH ? [...cycle.slice(0, MAX_PATH), "…", cycle.at(-1)] : cycle;
    problems.push({
      code: "dependency_cycle",
      severity: "error",
      message: `These services wait for each other: ${shown.join(" → ")}. Take one of the dependencies out.`,
      source: placeOfCycle(cycle, byName),
    });
  }
  return { waves, problems };
}

/** Of the step that closes it. */
function placeOfCycle(cycle: readonly string[], byName: ReadonlyMap<string, GraphNode>): string {
  const [first = "", second = ""] = cycle;
  const node = byName.get(first);
  return node?.places?.get(second) ?? node?.source ?? "";
}

function knownDependencies(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): string[] {
  return [...node.dependencies.keys()].filter((other) => other !== node.name && byName.has(other));
}

function edgeProblems(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): Problem[] {
  const problems: Problem[] = [];
  for (const [other, { condition, required }] of node.dependencies) {
    const dependency = byName.get(other);
    const severity = required ? "error" : "warning";
    const source = node.places?.get(other) ?? node.source;
    if (other === node.name) {
      const message = `${node.name} waits for itself. Take the dependency out.`;
      problems.push({ code: "self_dependency", severity: "error", message, source });
    } else if (dependency === undefined) {
      const message = `${node.name} needs ${other}, and no service of this profile has that name. Correct the name, or add the service.`;
      problems.push({ code: "unknown_dependency", severity, message, source });
    } else if (condition === "service_healthy" && !dependency.hasProbe) {
      const message = `${node.name} waits until ${other} is healthy, but ${other} has no health check. Give it one, or wait for its start only.`;
      problems.push({ code: "healthy_without_probe", severity, message, source });
    } else if (condition === "service_log_ready" && dependency.hasReadyLine === false) {
      const message = `${node.name} waits for a line of ${other}'s log, but nobody says which. Name the line, or wait for its start only.`;
      problems.push({ code: "healthy_without_probe", severity, message, source });
    }
  }
  return problems;
}

/** One cycle for each knot, as a path that ends where it began. Iterative: a cycle may be 10,000 long. */
function findCycles(candidates: ReadonlySet<string>, byName: ReadonlyMap<string, GraphNode>): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const start of candidates) {
    if (done.has(start) || cycles.length >= MAX_CYCLES) continue;
    const path: string[] = [];
    const position = new Map<string, number>();
    const stack: { name: string; next: string[] }[] = [];
    const enter = (name: string) => {
      position.set(name, path.length);
      path.push(name);
      const node = byName.get(name);
      const next = node === undefined ? [] : knownDependencies(node, byName).filter((other) => candidates.has(other));
      stack.push({ name, next: next.reverse() });
    };
    enter(start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const other = top?.next.pop();
      if (other === undefined) {
        stack.pop();
        const left = path.pop();
        if (left !== undefined) {
          position.delete(left);
          done.add(left);
        }
      } else if (position.has(other)) {
        cycles.push([...path.slice(position.get(other)), other]);
        // One path is enough for a knot; the rest of it is reported, where it is a cycle of its own, once this one is gone.
        for (const name of path) done.add(name);
        break;
      } else if (!done.has(other)) {
        enter(other);
      }
    }
  }
  return cycles;
}

/** The services named and everything they need, directly or not. Optional dependencies come along where they exist. */
export function withDependencies(nodes: ReadonlyMap<string, GraphNode>, names: Iterable<string>): Set<string> {
  const wanted = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const node = nodes.get(name);
    if (node === undefined || wanted.has(name)) continue;
    wanted.add(name);
    queue.push(...node.dependencies.keys());
  }
  return wanted;
}
