/**
 * Reads a YAML file of strangers into plain maps and lists: bounded in depth, aliases and nodes, linear in time, and with the
 * place of everything, for messages. Maps are maps: a key may be called `__proto__`.
 */
import {
  Composer,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type Pair,
  type YAMLMap,
} from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import { errorText } from "../../lib/error.ts";
import { errorProblem } from "./detected.ts";

/** Deeper than any real file of this kind by far. The parser recurses; what is deeper it never gets to see. */
const MAX_DEPTH = 64;
/** Nodes that aliases may stand for, all together; against files of a few bytes that stand for gigabytes. */
const MAX_EXPANDED = 100_000;
/** Words, marks and line ends of one file: ten thousand services have some 250,000, and the library needs 3 µs for each (measured). */
const MAX_LEXEMES = 400_000;
/** Faults of one file that are told. */
const MAX_FAULTS = 10;

/** A YAML value with maps as maps: keys come from strangers. */
export type YamlValue = string | number | boolean | null | YamlMap | readonly YamlValue[];
export type YamlMap = ReadonlyMap<string, YamlValue>;
export type YamlPath = readonly (string | number)[];

export interface YamlFile {
  readonly root: YamlMap;
  /** Keys that stand twice, and the like: the rest of the file counts all the same. */
  readonly problems: readonly Problem[];
  /** `file:line:column` of what stands at a path, or of the nearest thing above it. */
  place(path: YamlPath): string;
  /** The tag that was written before the value at a path (`!reset`), if one of its own was. */
  tag(path: YamlPath): string | null;
}

export type YamlReading =
  | { readonly ok: true; readonly file: YamlFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function isYamlMap(value: unknown): value is YamlMap {
  return value instanceof Map;
}

/**
 * Parses one file. Never throws: whatever is wrong is a problem with its line and column. Of a key that stands twice in a map
 * the first counts, and a problem says so. An empty file is an empty map.
 *
 * @param file Its path as people should see it, relative to the project.
 */
export function readYamlFile(file: string, text: string): YamlReading {
  const refuse = (source: string, message: string): YamlReading => ({
    ok: false,
    problems: [errorProblem("file_invalid", source, message)],
  });
  try {
    const deep = tooDeepAt(text);
    if (deep !== null) {
      const message = `${file} is nested more than ${MAX_DEPTH} levels deep and was not read. Make it flatter.`;
      return refuse(`${file}:${deep}:1`, message);
    }
    const lines = new LineCounter();
    const parsed = parse(text, lines);
    if (parsed.errors.length > 0) {
      const problems = parsed.errors.slice(0, MAX_FAULTS).map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        const message = `${file} is not valid YAML: ${firstLine(error.message)}. Correct line ${line}.`;
        return errorProblem("file_invalid", `${file}:${line}:${col}`, message);
      });
      return { ok: false, problems };
    }
    const plain = new Plain(file, parsed, lines);
    const root = plain.value(parsed.contents, 0);
    if (root !== null && !isYamlMap(root)) {
      return refuse(`${file}:1:1`, `${file} is no map of keys and values. Begin it with \`services:\`.`);
    }
    return {
      ok: true,
      file: {
        root: root ?? new Map(),
        problems: plain.problems,
        place: (path) => plain.place(path),
        tag: (path) => plain.tag(path),
      },
    };
  } catch (error) {
    // The parser recurses, and gives up by throwing: RangeError and others.
    return refuse(
      `${file}:1:1`,
      `${file} could not be read as YAML: ${firstLine(errorText(error))}. Simplify or correct it.`,
    );
  }
}

/** What the library's own `parseDocument` does, with an end to it. */
function parse(text: string, lines: LineCounter): Document {
  // It would compare every key of a map with every other: minutes for ten thousand services. `Plain` does that instead.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false });
  const [document, second] = composer.compose(tokens(text, lines), true, text.length);
  if (document === undefined) throw new Error("it holds no document");
  if (second !== undefined) throw new Error("it holds more than one document");
  return document;
}

function* tokens(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if ((count += 1) > MAX_LEXEMES) throw new RangeError("it has more parts than any real file of its kind");
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

/** Turns nodes into values, and remembers where they stood. */
class Plain {
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

  constructor(file: string, document: Document, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
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

  value(node: unknown, depth: number): YamlValue {
    if (depth > MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (this.#inAlias > 0 && (this.#expanded += 1) > MAX_EXPANDED) {
      throw new RangeError("its aliases stand for more than a hundred thousand values");
    }
    if (isAlias(node)) {
      this.#inAlias += 1;
      const value = this.value(this.#anchors.get(node.source), depth + 1);
      this.#inAlias -= 1;
      return value;
    }
    if (isScalar(node)) return scalarOf(node.value);
    if (isSeq(node)) return node.items.map((item) => this.value(item, depth + 1));
    if (!isMap(node)) return null;
    const map = new Map<string, YamlValue>();
    for (const [key, pair] of this.#pairsOf(node)) {
      if (key === "<<") continue;
      map.set(key, this.value(pair.value, depth + 1));
    }
    this.#merge(map, this.#pairsOf(node).get("<<")?.value, depth);
    return map;
  }

  /** `<<: *base`: what the map does not say itself. */
  #merge(map: Map<string, YamlValue>, node: unknown, depth: number): void {
    if (node === undefined) return;
    const merged = this.value(node, depth + 1);
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

/** The line on which brackets or indentation get too deep for a real file; null: nowhere. */
function tooDeepAt(text: string): number | null {
  let brackets = 0;
  for (const [index, line] of text.split("\n").entries()) {
    // `- - - -` and `? ? ? ?` open a level with every mark; so may every column of indentation.
    const marks = /^[ \t]*((?:[-?][ \t]+)*)/.exec(line);
    const opened = (marks?.[1] ?? "").replaceAll(/[ \t]/g, "").length;
    for (const char of line) {
      if (char === "[" || char === "{") brackets += 1;
      else if (char === "]" || char === "}") brackets = Math.max(0, brackets - 1);
      // Brackets inside texts are counted too, so the bound is a generous one.
      if (brackets > MAX_DEPTH * 4) return index + 1;
    }
    if (opened > MAX_DEPTH) return index + 1;
  }
  return null;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/[.:]?\s*$/, "");
}
