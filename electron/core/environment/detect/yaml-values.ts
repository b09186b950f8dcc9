/**
 * The nodes of a YAML document as plain values, each with its place: bounded in depth and in what aliases stand for. Maps are maps: a
 * key may be called `__proto__`.
 */
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  visit,
  type Document,
  type LineCounter,
  type Pair,
  type YAMLMap,
} from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import { errorProblem } from "./detected.ts";

/** Deeper than any real file of this kind by far. */
export const MAX_DEPTH = 64;
/** Nodes that aliases may stand for, all together; against files of a few bytes that stand for gigabytes. */
const MAX_EXPANDED = 100_000;
/** Faults of one file that are told. */
export const MAX_FAULTS = 10;
/** Maps of so many levels may be long, `services` and what stands beside it; and entries of them that are read at a time. */
const LONG_LEVELS = 2;
const VALUES_AT_A_TIME = 200;

/** A YAML value with maps as maps: keys come from strangers. */
export type YamlValue = string | number | boolean | null | YamlMap | readonly YamlValue[];
export type YamlMap = ReadonlyMap<string, YamlValue>;
export type YamlPath = readonly (string | number)[];

export function isYamlMap(value: unknown): value is YamlMap {
  return value instanceof Map;
}

/** Turns nodes into values, and remembers where they stood. */
export class YamlValues {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #pairs = new WeakMap<YAMLMap, Map<string, Pair>>();
  readonly #anchors = new Map<string, unknown>();
  /** By path, as JSON. */
  readonly #tags = new Map<string, string>();
  /** Nodes made for aliases so far. */
  #expanded = 0;
  #inAlias = 0;

  /** @param isMarked Whether anchors or tags can be in it at all: looking for them takes long in a long file. */
  constructor(file: string, document: Document, lines: LineCounter, isMarked: boolean) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
    if (!isMarked) return;
    // Once for all of them: the library would look through the whole file for each.
    visit(document, {
      Node: (key, node, ancestors) => {
        if (node.tag?.startsWith("!") === true && !node.tag.startsWith("!!")) {
          this.#tags.set(pathOf(key, ancestors), node.tag);
        }
        if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, node);
      },
    });
  }

  /** The value of the whole document. Maps near its top may be long ones: it stops in them again and again. */
  *root(): Generator<void, YamlValue> {
    return yield* this.#long(this.#document.contents, 0);
  }

  *#long(node: unknown, depth: number): Generator<void, YamlValue> {
    if (!isMap(node) || depth >= LONG_LEVELS) return this.#value(node, depth);
    const map = new Map<string, YamlValue>();
    let count = 0;
    for (const [key, pair] of this.#pairsOf(node)) {
      if ((count += 1) % VALUES_AT_A_TIME === 0) yield;
      if (key !== "<<") map.set(key, yield* this.#long(pair.value, depth + 1));
    }
    this.#merge(map, this.#pairsOf(node).get("<<")?.value, depth);
    return map;
  }

  #value(node: unknown, depth: number): YamlValue {
    if (depth > MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (this.#inAlias > 0 && (this.#expanded += 1) > MAX_EXPANDED) {
      throw new RangeError("its aliases stand for more than a hundred thousand values");
    }
    if (isAlias(node)) {
      this.#inAlias += 1;
      const value = this.#value(this.#anchors.get(node.source), depth + 1);
      this.#inAlias -= 1;
      return value;
    }
    if (isScalar(node)) return scalarOf(node.value);
    if (isSeq(node)) return node.items.map((item) => this.#value(item, depth + 1));
    if (!isMap(node)) return null;
    const map = new Map<string, YamlValue>();
    for (const [key, pair] of this.#pairsOf(node)) {
      if (key === "<<") continue;
      map.set(key, this.#value(pair.value, depth + 1));
    }
    this.#merge(map, this.#pairsOf(node).get("<<")?.value, depth);
    return map;
  }

  /** `<<: *base`: what the map does not say itself. */
  #merge(map: Map<string, YamlValue>, node: unknown, depth: number): void {
    if (node === undefined) return;
    const merged = this.#value(node, depth + 1);
    for (const below of Array.isArray(merged) ? merged : [merged]) {
      if (!isYamlMap(below)) continue;
      for (const [key, item] of below) if (!map.has(key)) map.set(key, item);
    }
  }

  #pairsOf(node: YAMLMap): Map<string, Pair> {
    const known = this.#pairs.get(node);
    if (known !== undefined) return known;
    const pairs = new Map<string, Pair>();
    this.#pairs.set(node, pairs);
    for (const pair of node.items) {
      const key = keyOf(pair.key);
      if (!pairs.has(key)) pairs.set(key, pair);
      else if (this.problems.length < MAX_FAULTS) {
        const shown = JSON.stringify(key).slice(0, 80);
        const message = `${shown} stands twice in one map; the first counts. Remove one of them.`;
        this.problems.push(errorProblem("file_invalid", this.#placeOf(startOf(pair.key) ?? 0), message));
      }
    }
    return pairs;
  }

  tag(path: YamlPath): string | null {
    return this.#tags.get(JSON.stringify(path.map(String))) ?? null;
  }

  place(path: YamlPath): string {
    let node: unknown = this.#document.contents;
    let start = 0;
    for (const step of path) {
      if (isAlias(node)) node = this.#anchors.get(node.source);
      if (isMap(node)) {
        const pairs = this.#pairsOf(node);
        const pair = pairs.get(String(step)) ?? this.#merged(pairs.get("<<")?.value, String(step));
        if (pair === undefined) break;
        start = startOf(pair.key) ?? start;
        node = pair.value;
      } else if (isSeq(node)) {
        // `[db, cache]` says by value what `{ db: …, cache: … }` says by key.
        node =
          typeof step === "number"
            ? node.items[step]
            : node.items.find((item) => isScalar(item) && String(item.value) === step);
        start = startOf(node) ?? start;
      } else break;
    }
    return this.#placeOf(start);
  }

  #merged(node: unknown, key: string): Pair | undefined {
    for (const one of isSeq(node) ? node.items : [node]) {
      const below = isAlias(one) ? this.#anchors.get(one.source) : one;
      const found = isMap(below) ? this.#pairsOf(below).get(key) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }
}

/** As `tag` is asked: the keys and indexes on the way to a node. */
function pathOf(key: unknown, ancestors: readonly unknown[]): string {
  const path: string[] = [];
  for (const [index, node] of ancestors.entries()) {
    if (isPair(node)) path.push(keyOf(node.key));
    // What follows in a list is the item, which is looked for by what it is.
    else if (isSeq(node))
      path.push(String(index + 1 < ancestors.length ? node.items.indexOf(ancestors[index + 1]) : key));
  }
  return JSON.stringify(path);
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** A key as everybody names it, whatever YAML takes it for: `1`, `no`. */
export function keyOf(key: unknown): string {
  if (isScalar(key)) return String(key.value);
  return isAlias(key) ? `*${key.source}` : String(key).slice(0, 200);
}

function scalarOf(value: unknown): YamlValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value === null || value === undefined ? null : String(value);
}
