/** Reads compose YAML into plain maps and lists, safely: bounded in size, depth and aliases, with places for messages. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import { errorText } from "../../lib/error.ts";
import { errorProblem } from "./detected.ts";

/** Deeper than any real compose file by far. */
const MAX_DEPTH = 64;
/** How often aliases may be expanded; against files of a few bytes that stand for gigabytes. */
const MAX_ALIASES = 100;

/** A YAML value with maps as maps: keys come from strangers. */
export type YamlValue = string | number | boolean | null | YamlMap | readonly YamlValue[];
export type YamlMap = ReadonlyMap<string, YamlValue>;

export interface ComposeDocument {
  readonly root: YamlMap;
  /** `file:line:column` of what stands at a path, or of the nearest thing above it. */
  place(path: readonly (string | number)[]): string;
}

export type ComposeReading =
  | { readonly ok: true; readonly document: ComposeDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses one compose file. Never throws: whatever is wrong is a problem with its line and column. */
export function readComposeDocument(file: string, text: string): ComposeReading {
  const refuse = (source: string, message: string): ComposeReading => ({
    ok: false,
    problems: [errorProblem("file_invalid", source, message)],
  });
  try {
    if (nestsTooDeep(text))
      return refuse(file, `${file} is nested more than ${MAX_DEPTH} levels deep and was not read.`);
    const lines = new LineCounter();
    const parsed = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: true });
    if (parsed.errors.length > 0) {
      return {
        ok: false,
        problems: parsed.errors.slice(0, 10).map((error) => {
          const { line, col } = lines.linePos(error.pos[0]);
          const reason = error.code === "DUPLICATE_KEY" ? "a key stands twice in one map" : firstLine(error.message);
          return errorProblem(
            "file_invalid",
            `${file}:${line}:${col}`,
            `${file} is not valid YAML: ${reason}. Correct line ${line}.`,
          );
        }),
      };
    }
    const root = plain(parsed.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }), 0);
    if (!isYamlMap(root)) return refuse(`${file}:1:1`, `${file} holds no map with \`services\`. Correct it.`);
    return { ok: true, document: { root, place: (path) => placeOf(file, parsed, lines, path) } };
  } catch (error) {
    // The parser recurses, and gives up on too many aliases, by throwing: RangeError, ReferenceError and others.
    return refuse(file, `${file} could not be read as YAML: ${firstLine(errorText(error))}. Simplify or correct it.`);
  }
}

export function isYamlMap(value: unknown): value is YamlMap {
  return value instanceof Map;
}

/** Whether brackets or indentation go deeper than allowed; looked at before the parser, which recurses, gets to see it. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === "[" || char === "{") depth += 1;
    else if (char === "]" || char === "}") depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH * 4) return true;
  }
  return false;
}

function plain(value: unknown, depth: number): YamlValue {
  if (depth > MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [keyText(key), plain(item, depth + 1)]));
  }
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value === null || value === undefined ? null : String(value);
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : typeof key === "object" ? JSON.stringify(key) : String(key);
}

function placeOf(file: string, document: Document, lines: LineCounter, path: readonly (string | number)[]): string {
  let node: unknown = document.contents;
  let start = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? String(item.key.value) : "") === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key) && pair.key.range) start = pair.key.range[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isScalar(node) || isMap(node) || isSeq(node)) start = node.range?.[0] ?? start;
    } else break;
  }
  const { line, col } = lines.linePos(start);
  return `${file}:${line}:${col}`;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/[.:]?\s*$/, "");
}
