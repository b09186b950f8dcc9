import { createHash } from "node:crypto";
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

/** A short digest of a whole definition: it differs as soon as anything in it does. */
export function definitionDigest(definition: YamlMap): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(definition)))
    .digest("hex")
    .slice(0, 12);
}

function sorted(value: YamlValue): unknown {
  // Pairs, not an object: a key may be called `__proto__`.
  if (isYamlMap(value))
    return [...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]);
  return Array.isArray(value) ? value.map(sorted) : value;
}
