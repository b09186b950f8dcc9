import { interpolate } from "./interpolate.ts";
import { isYamlMap, type YamlValue } from "./yaml-values.ts";

/** Replaces the variables in every text of a value; keys have none. `onBad`: where, and why not. */
export function interpolateValue(
  value: YamlValue,
  variables: ReadonlyMap<string, string>,
  onBad: (path: readonly (string | number)[], reason: string) => void,
  path: readonly (string | number)[] = [],
): YamlValue {
  if (typeof value === "string") {
    if (!value.includes("$")) return value;
    const result = interpolate(value, variables);
    if (result.ok) return result.text;
    onBad(path, result.reason);
    return value;
  }
  if (isYamlMap(value)) {
    return new Map([...value].map(([key, item]) => [key, interpolateValue(item, variables, onBad, [...path, key])]));
  }
  if (Array.isArray(value))
    return value.map((item, index) => interpolateValue(item, variables, onBad, [...path, index]));
  return value;
}
