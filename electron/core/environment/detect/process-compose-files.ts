/** The files of process-compose in a folder: the one that counts, its override, and what they extend. */
import { dirname, join } from "node:path";
import type { ProblemList } from "../config/config-file.ts";
import { errorProblem } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { readYamlFileInTurns, type YamlFile } from "./yaml-document.ts";
import { isYamlMap, type YamlMap, type YamlPath, type YamlValue } from "./yaml-values.ts";

/** In its own order. The first two are compose's, too: `processes:` instead of `services:` tells them apart. */
const baseNames = ["compose.yml", "compose.yaml", "process-compose.yml", "process-compose.yaml"];
const overrideNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "process-compose.override.yml",
  "process-compose.override.yaml",
];
/** Files that extend one another. */
const MAX_FILES = 10;

/** One file that was read, and where it lies. */
export interface Layer {
  readonly file: string;
  readonly yaml: YamlFile;
}

/** The lowest first; none where the folder has no such file. */
export async function readLayers(files: ProjectFiles, problems: ProblemList): Promise<readonly Layer[]> {
  const base = await firstOf(files, baseNames, problems);
  if (base === null) return [];
  const override = await firstOf(files, overrideNames, problems);
  return [...(await withExtended(files, base, problems)), ...(override === null ? [] : [override])];
}

async function firstOf(files: ProjectFiles, names: readonly string[], problems: ProblemList): Promise<Layer | null> {
  for (const name of names) {
    const own = name.startsWith("process-");
    const file = await files.readText(name);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") {
      // What is wrong with a compose file is for its own reader to tell.
      if (own) problems.add(file.problem);
      continue;
    }
    // Not worth parsing twice: most compose files are docker's.
    if (!own && !/^processes\s*:/m.test(file.text)) continue;
    const reading = await readYamlFileInTurns(name, file.text);
    if (!reading.ok) {
      if (own) problems.add(...reading.problems);
      continue;
    }
    if (!own && (!reading.file.root.has("processes") || reading.file.root.has("services"))) continue;
    problems.add(...reading.file.problems);
    return { file: name, yaml: reading.file };
  }
  return null;
}

/** `extends: other.yaml` of a whole file: the lowest layer first. */
async function withExtended(files: ProjectFiles, base: Layer, problems: ProblemList): Promise<Layer[]> {
  const layers = [base];
  for (let current = base; ;) {
    const stated = current.yaml.root.get("extends");
    if (typeof stated !== "string" || stated === "") return layers;
    const name = join(dirname(current.file), stated);
    const place = current.yaml.place(["extends"]);
    if (layers.some((layer) => layer.file === name) || layers.length >= MAX_FILES) {
      problems.add(
        errorProblem(
          "value_invalid",
          place,
          `${current.file} extends ${name}, which leads in a circle. Take one of them out.`,
        ),
      );
      return layers;
    }
    const file = await files.readText(name);
    if (file.kind !== "text") {
      const why = file.kind === "missing" ? "there is no such file" : file.problem.message;
      problems.add(errorProblem("value_invalid", place, `${current.file} extends ${name}: ${why}. Correct the path.`));
      return layers;
    }
    const reading = await readYamlFileInTurns(name, file.text);
    if (!reading.ok) {
      problems.add(...reading.problems);
      return layers;
    }
    problems.add(...reading.file.problems);
    current = { file: name, yaml: reading.file };
    layers.unshift(current);
  }
}

export function hasProcess(yaml: YamlFile, name: string): boolean {
  const processes = yaml.root.get("processes");
  return isYamlMap(processes) && processes.has(name);
}

/** Whether something stands at a path. */
export function reaches(root: YamlMap, path: YamlPath): boolean {
  let value: YamlValue | undefined = root;
  for (const step of path) {
    value = isYamlMap(value) ? value.get(String(step)) : Array.isArray(value) ? value[Number(step)] : undefined;
    if (value === undefined) return false;
  }
  return true;
}

/** Processes of a file in another folder run there. */
export function withFolder(root: YamlMap, folder: string): YamlMap {
  const processes = root.get("processes");
  if (folder === "." || !isYamlMap(processes)) return root;
  const moved = [...processes].map(([name, process]): [string, YamlValue] => {
    if (!isYamlMap(process)) return [name, process];
    const own = process.get("working_dir");
    return [name, new Map([...process, ["working_dir", typeof own === "string" ? join(folder, own) : folder]])];
  });
  return new Map([...root, ["processes", new Map(moved)]]);
}
