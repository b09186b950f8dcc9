/** What is wrong with a text that was made from what somebody typed, told where it was typed. Pure. */
import type { Problem } from "#shared/schema/environment.ts";
import type { FieldProblem } from "#shared/schema/service-edit.ts";
import { readYamlFile } from "../detect/yaml-document.ts";
import { isYamlMap, type YamlPath, type YamlValue } from "../detect/yaml-values.ts";

/** Fields lie no deeper below their service. */
const MAX_DEPTH = 4;

/** Those that stand below one of the services. A warning counts only where a variable was typed that means nothing. */
export function placedProblems(
  problems: readonly Problem[],
  about: { readonly file: string; readonly text: string; readonly services: readonly string[] },
): FieldProblem[] {
  const { file, text, services } = about;
  const reading = problems.length === 0 ? null : readYamlFile(file, text);
  if (reading === null || !reading.ok) return [];
  const all = reading.file.root.get("services");
  const places = new Map<string, YamlPath>();
  for (const service of services) {
    for (const path of pathsBelow(isYamlMap(all) ? all.get(service) : undefined)) {
      const place = reading.file.place(["services", service, ...path]);
      if (!places.has(place)) places.set(place, path);
    }
  }
  return problems.flatMap(({ severity, source, message }) => {
    const path = places.get(source);
    if (path === undefined || path.length === 0) return [];
    return severity === "error" || path[0] === "environment" ? [{ path: [...path], message }] : [];
  });
}

/** The nearest first. */
function pathsBelow(value: YamlValue | undefined): YamlPath[] {
  const paths: YamlPath[] = [[]];
  let level: { readonly value: YamlValue | undefined; readonly path: YamlPath }[] = [{ value, path: [] }];
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    level = level.flatMap(({ value: one, path }) => {
      const below = isYamlMap(one) ? [...one] : Array.isArray(one) ? [...(one as readonly YamlValue[]).entries()] : [];
      return below.map(([step, next]) => ({ value: next, path: [...path, step] }));
    });
    paths.push(...level.map(({ path }) => path));
  }
  return paths;
}
