/**
 * Lays one service definition over another, as docker compose does for override files and for `extends`: maps key by key, lists
 * one behind the other, and the exceptions of the compose specification ("Merge"). `!reset` takes away, `!override` replaces.
 */
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

type Path = readonly string[];
/** The tag that stands before a value of the upper definition, by its path below the service. */
export type TagOf = (path: Path) => string | null;

/** Written as a list of `NAME=value` or as a map; both mean the same and are merged as maps. */
const pairs = new Set([
  "environment",
  "labels",
  "annotations",
  "sysctls",
  "extra_hosts",
  "args",
  "additional_contexts",
]);
/** Written as a list of names or as a map of them. */
const named = new Set(["depends_on", "networks"]);
/** A shorter form stands for this key of the longer one. */
const shortForms = new Map([["build", "context"]]);
/** A text may stand for a list of one. */
const texts = new Set(["env_file", "dns", "dns_search", "tmpfs"]);
/** What replaces and is never appended to. */
const replaced = new Set(["command", "entrypoint", "test"]);
/** What makes an entry the same as another one, which it then replaces. */
const identity = new Map<string, (entry: YamlValue) => string>([
  ["volumes", (entry) => (isYamlMap(entry) ? textOf(entry.get("target")) : volumeTarget(textOf(entry)))],
  ["secrets", namedEntry],
  ["configs", namedEntry],
  ["devices", (entry) => JSON.stringify(plain(entry))],
]);

/** @param tags Of `above`. */
export function mergeDefinitions(below: YamlMap, above: YamlMap, tags: TagOf = () => null, path: Path = []): YamlMap {
  const result = new Map(below);
  for (const [key, value] of above) {
    const here = [...path, key];
    const tag = tags(here);
    if (tag === "!reset") result.delete(key);
    else if (tag === "!override" || !below.has(key)) result.set(key, value);
    else result.set(key, mergeValues(key, below.get(key) ?? null, value, tags, here));
  }
  return result;
}

function mergeValues(key: string, below: YamlValue, above: YamlValue, tags: TagOf, path: Path): YamlValue {
  if (replaced.has(key)) return above;
  const [old, next] = [normal(key, below), normal(key, above)];
  if (isYamlMap(old) && isYamlMap(next)) return mergeDefinitions(old, next, tags, path);
  if (Array.isArray(old) && Array.isArray(next)) return mergeLists(key, old, next);
  return next ?? old;
}

function mergeLists(key: string, below: readonly YamlValue[], above: readonly YamlValue[]): YamlValue[] {
  const same = identity.get(key) ?? ((entry: YamlValue) => JSON.stringify(plain(entry)));
  const result = new Map<string, YamlValue>();
  for (const entry of [...below, ...above]) result.set(same(entry), entry);
  return [...result.values()];
}

/** The long form of what has a short one. */
function normal(key: string, value: YamlValue): YamlValue {
  if (pairs.has(key) && Array.isArray(value)) {
    return new Map(value.map((entry) => splitPair(textOf(entry), key === "extra_hosts" ? /[=:]/ : /=/)));
  }
  if (named.has(key) && Array.isArray(value)) return new Map(value.map((name) => [textOf(name), new Map()]));
  const short = shortForms.get(key);
  if (short !== undefined && typeof value === "string") return new Map([[short, value]]);
  return texts.has(key) && typeof value === "string" ? [value] : value;
}

function splitPair(text: string, separator: RegExp): [string, YamlValue] {
  const at = text.search(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function namedEntry(entry: YamlValue): string {
  return isYamlMap(entry) ? textOf(entry.get("target") ?? entry.get("source") ?? null) : textOf(entry);
}

/** `./data:/var/lib:ro` mounts at `/var/lib`. */
function volumeTarget(volume: string): string {
  const parts = volume.split(":");
  return parts.length > 1 ? (parts[1] ?? "") : volume;
}

function textOf(value: YamlValue | undefined): string {
  return value === undefined || value === null || typeof value === "object" ? "" : String(value);
}

/** Something JSON can show in full: maps are pairs. */
function plain(value: YamlValue): unknown {
  if (isYamlMap(value)) return [...value].map(([key, item]) => [key, plain(item)]);
  return Array.isArray(value) ? value.map(plain) : value;
}
