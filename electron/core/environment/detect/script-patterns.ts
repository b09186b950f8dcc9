/** The scripts that names and patterns stand for: `npm:dev:*` of concurrently, `run-p "dev:*"`. */
import { keyParts, scriptKey, type ScriptBook } from "./script-book.ts";

/** A script that is run, and the secret wrapper it is run in; empty: none. */
export interface ScriptRun {
  readonly key: string;
  readonly wrapper: readonly string[];
}

export function plainRun(key: string): ScriptRun {
  return { key, wrapper: [] };
}

/** Stars in a pattern of names; each of them multiplies the time that matching may take. */
const MAX_STARS = 4;

const patterns = new WeakMap<ScriptBook, Map<string, readonly ScriptRun[] | null>>();

/** The scripts that a name or a pattern means: `*` stands for anything but a colon, `**` for anything. */
export function matching(pattern: string, book: ScriptBook, folder: string): readonly ScriptRun[] | null {
  const known = patterns.get(book) ?? new Map<string, readonly ScriptRun[] | null>();
  patterns.set(book, known);
  const key = scriptKey(folder, pattern);
  const found = known.get(key);
  if (found !== undefined) return found;
  const matched = book.texts.has(key) ? [plainRun(key)] : matchingPattern(pattern, book, folder);
  known.set(key, matched);
  return matched;
}

function matchingPattern(pattern: string, book: ScriptBook, folder: string): readonly ScriptRun[] | null {
  if (!/^[\w:.@/*-]{1,200}$/.test(pattern) || !pattern.includes("*")) return null;
  if (pattern.split("*").length - 1 > MAX_STARS) return null;
  const expression = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^:]*" : part.replaceAll(/[.\\]/g, "\\$&")))
    .join("");
  const names = new RegExp(`^${expression}$`);
  const keys = [...book.texts.keys()].filter((key) => {
    const parts = keyParts(key);
    return parts.folder === folder && parts.name.length <= 200 && names.test(parts.name);
  });
  return keys.length === 0 ? null : keys.map(plainRun);
}
