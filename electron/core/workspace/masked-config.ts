/** The text of a deckhand.yaml as a person may see it on any screen: without the values of variables that look like secrets. Pure. */
import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit, type Document } from "yaml";
import { keyOf } from "../environment/detect/yaml-values.ts";
import { looksSecret } from "./plan-view.ts";

const MASK = "••••••••";
/** So that a difference is seen although neither value is. */
const NEW_MASK = `${MASK} (new)`;
/** Keys below which names stand with values that may be secrets. */
const valueKeys = new Set(["environment", "env", "headers", "http_headers", "httpHeaders"]);
/** Shorter ones stand everywhere by chance. */
const MIN_SECRET = 4;

/** One value in a text: from where to where, what it is, and the keys that lead to it. */
interface Hidden {
  readonly start: number;
  readonly end: number;
  readonly value: string;
  readonly path: string;
  /** What stands in front of the value in the same word: `NAME=`. */
  readonly prefix: string;
}

/** Both texts, with the same mask where nothing changed and another one where a secret is new. */
export function maskedTexts(texts: { readonly existing: string | null; readonly text: string }): {
  existing: string | null;
  text: string;
} {
  const before = texts.existing === null ? null : hiddenIn(texts.existing);
  const known = new Map((before ?? []).map(({ path, value }) => [path, value]));
  return {
    existing: texts.existing === null ? null : masked(texts.existing, before ?? [], () => MASK),
    text: masked(texts.text, hiddenIn(texts.text), ({ path, value }) =>
      before === null || known.get(path) === value ? MASK : NEW_MASK,
    ),
  };
}

function masked(text: string, hidden: readonly Hidden[], maskOf: (one: Hidden) => string): string {
  let result = "";
  let at = 0;
  for (const one of hidden) {
    // Block texts reach to the end of their last line.
    const tail = /\s*$/.exec(text.slice(one.start, one.end))?.[0] ?? "";
    result += `${text.slice(at, one.start)}${one.prefix}${maskOf(one)}${tail}`;
    at = one.end;
  }
  return result + text.slice(at);
}

function hiddenIn(text: string): readonly Hidden[] {
  const document: Document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  const found = new Map<number, Hidden>();
  const rest: { readonly node: unknown; readonly path: string }[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key") return;
      const keys = ancestors.filter(isPair).map((pair) => keyOf(pair.key));
      const path = JSON.stringify([...keys, key]);
      const above = keys.findLastIndex((one) => valueKeys.has(one));
      const isValue = above >= 0 && above === keys.length - 2;
      const hidden = isValue
        ? secretValue(node, keys.at(-1) ?? "", path)
        : above >= 0 && above === keys.length - 1
          ? secretItem(node, path)
          : null;
      if (hidden === null) rest.push({ node, path });
      else found.set(hidden.start, hidden);
    },
  });
  // The same text elsewhere, as behind an anchor, is the same secret.
  const secrets = new Set([...found.values()].map(({ value }) => value).filter(({ length }) => length >= MIN_SECRET));
  for (const alias of aliasedSecrets(document)) if (alias.length >= MIN_SECRET) secrets.add(alias);
  for (const { node, path } of rest) {
    const place = placeOf(node);
    if (place === null || !isScalar(node) || !secrets.has(String(node.value))) continue;
    found.set(place.start, { ...place, value: String(node.value), path, prefix: "" });
  }
  return [...found.values()].sort((a, b) => a.start - b.start);
}

function secretValue(node: unknown, name: string, path: string): Hidden | null {
  const place = placeOf(node);
  if (place === null || !isScalar(node) || node.value === null) return null;
  const value = String(node.value);
  return looksSecret(name, value) ? { ...place, value, path, prefix: "" } : null;
}

/** `NAME=value` of a list. */
function secretItem(node: unknown, path: string): Hidden | null {
  const place = placeOf(node);
  if (place === null || !isScalar(node)) return null;
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(String(node.value)) ?? [];
  if (name === undefined || value === undefined || !looksSecret(name, value)) return null;
  return { ...place, value, path: `${path} ${name}`, prefix: `${name}=` };
}

/** What names of variables mean by an alias. */
function aliasedSecrets(document: Document): string[] {
  const values: string[] = [];
  visit(document, {
    Alias(_key, node, ancestors) {
      const pair = ancestors.findLast(isPair);
      const target = node.resolve(document);
      if (pair === undefined || isMap(target) || isSeq(target) || isAlias(target) || !isScalar(target)) return;
      const value = String(target.value);
      if (looksSecret(keyOf(pair.key), value)) values.push(value);
    },
  });
  return values;
}

function placeOf(node: unknown): { readonly start: number; readonly end: number } | null {
  if (!isScalar(node) || !node.range) return null;
  const [start, end] = node.range;
  return end > start ? { start, end } : null;
}
