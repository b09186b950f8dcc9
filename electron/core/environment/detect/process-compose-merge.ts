/** How process-compose lays one definition over another: override files, `extends` of a file, `extends` of a process. */
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

/** Lists that are joined; others are replaced. */
const appended = new Set(["entrypoint", "args"]);

/** The definition of one process over another: by key, the upper one wins. */
export function overProcess(below: YamlMap, above: YamlMap): YamlMap {
  const result = new Map(below);
  for (const [key, value] of above) {
    const old = result.get(key);
    if (value === null) continue;
    if (key === "environment") result.set(key, new Map([...variablesOf(old), ...variablesOf(value)]));
    else if (key === "depends_on") result.set(key, new Map([...namesOf(old), ...namesOf(value)]));
    else if (appended.has(key) && Array.isArray(old) && Array.isArray(value)) result.set(key, [...old, ...value]);
    else if (isYamlMap(old) && isYamlMap(value)) result.set(key, overProcess(old, value));
    else result.set(key, value);
  }
  return result;
}

/** A whole file over another. */
export function overProject(below: YamlMap, above: YamlMap): YamlMap {
  const result = new Map(below);
  for (const [key, value] of above) {
    const old = result.get(key);
    if (key !== "processes" || !isYamlMap(old) || !isYamlMap(value)) {
      result.set(
        key,
        key === "environment" && old !== undefined
          ? (overProcess(new Map([[key, old]]), new Map([[key, value]])).get(key) ?? value)
          : value,
      );
      continue;
    }
    const processes = new Map(old);
    for (const [name, process] of value) {
      const base = processes.get(name);
      processes.set(name, isYamlMap(base) && isYamlMap(process) ? overProcess(base, process) : process);
    }
    result.set(key, processes);
  }
  return result;
}

export type Extended =
  | { readonly ok: true; readonly definition: YamlMap }
  /** Why it cannot be; names the path. */
  | { readonly ok: false; readonly reason: string };

/** A chain of twenty processes, each made of the next, was written by nobody. */
const MAX_CHAIN = 20;

/** A process with everything it extends. */
export function extended(name: string, processes: YamlMap): Extended {
  const chain: YamlMap[] = [];
  const path = [name];
  for (let current: string = name; ;) {
    const definition = processes.get(current);
    if (!isYamlMap(definition)) {
      const text =
        chain.length === 0 ? `${name} is no map` : `${path.at(-2)} extends ${current}, which is no process here`;
      return { ok: false, reason: text };
    }
    chain.push(definition);
    const parent = definition.get("extends");
    if (parent === undefined || parent === null || parent === "") break;
    current = String(parent);
    if (path.includes(current))
      return { ok: false, reason: `these extend each other: ${[...path, current].join(" → ")}` };
    if (path.length >= MAX_CHAIN)
      return { ok: false, reason: `${name} extends a chain of more than ${MAX_CHAIN} processes` };
    path.push(current);
  }
  return { ok: true, definition: chain.reduceRight((below, above) => overProcess(below, above)) };
}

function variablesOf(value: YamlValue | undefined): [string, YamlValue][] {
  if (isYamlMap(value)) return [...value];
  if (!Array.isArray(value)) return [];
  return value.map((line) => {
    const written = String(line);
    const equals = written.indexOf("=");
    return equals < 0 ? [written, null] : [written.slice(0, equals), written.slice(equals + 1)];
  });
}

function namesOf(value: YamlValue | undefined): [string, YamlValue][] {
  if (isYamlMap(value)) return [...value];
  return Array.isArray(value) ? value.map((name) => [String(name), null]) : [];
}
