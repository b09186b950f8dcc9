/** The packages of a project beside its own: declared workspaces, and folders its scripts go into. */
import type { Problem } from "#shared/schema/environment.ts";
import { isYamlMap, readComposeDocument } from "./compose-document.ts";
import { warningProblem } from "./detected.ts";
import { globExpression, tidyPath } from "./glob.ts";
import { readNxProjects } from "./nx-projects.ts";
import { readPackageJson, type PackageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Packages that are read; the rest of a larger project stays unseen, and one is told so. */
const MAX_PACKAGES = 300;
/** Folders that are looked into for packages. */
const MAX_FOLDERS = 2_000;
/** How deep `**` goes. */
const MAX_DEPTH = 4;

export interface Packages {
  /** Declared as workspaces, in the order of their folders. */
  readonly workspaces: readonly PackageJson[];
  /** In a folder that is called like a part of an application (`client`, `server`), or that a script goes into. */
  readonly parts: readonly PackageJson[];
  readonly problems: readonly Problem[];
}

/** Names that the two halves of an application go by where nothing declares them as workspaces. */
const partNames = ["server", "backend", "api", "client", "frontend", "web", "app", "ui"];

/** Reads the packages below the project's own. `root`: its package.json, where it has one. */
export async function readPackages(files: ProjectFiles, root: PackageJson | null): Promise<Packages> {
  const globs = [...(root?.workspaces ?? []), ...(await listedGlobs(files))];
  const excluded = globs.filter((glob) => glob.startsWith("!")).map((glob) => globExpression(glob.slice(1)));
  const folders = new Set<string>();
  const budget = { folders: MAX_FOLDERS };
  for (const glob of globs) {
    if (glob.startsWith("!")) continue;
    for (const folder of await expandGlob(files, tidyPath(glob), budget)) folders.add(folder);
  }
  const problems: Problem[] = [];
  const workspaces: PackageJson[] = [];
  for (const folder of [...folders].sort()) {
    if (excluded.some((expression) => expression.test(folder))) continue;
    if (workspaces.length >= MAX_PACKAGES) {
      const text = `More than ${MAX_PACKAGES} packages; those after ${workspaces.at(-1)?.folder} were not read.`;
      problems.push(warningProblem("unsupported", "package.json", text));
      break;
    }
    const reading = await readPackageJson(files, folder);
    problems.push(...reading.problems);
    if (reading.file !== null) workspaces.push(reading.file);
  }
  workspaces.push(...(await readNxProjects(files, workspaces)));
  const parts: PackageJson[] = [];
  for (const folder of new Set([...partNames, ...foldersInScripts(root)])) {
    if (workspaces.some((known) => known.folder === folder)) continue;
    const reading = await readPackageJson(files, folder);
    problems.push(...reading.problems);
    if (reading.file !== null) parts.push(reading.file);
  }
  return { workspaces, parts, problems };
}

/** Globs that stand in files of their own: pnpm's and lerna's. */
async function listedGlobs(files: ProjectFiles): Promise<readonly string[]> {
  const pnpm = await files.readText("pnpm-workspace.yaml");
  if (pnpm.kind === "text") {
    const reading = await readComposeDocument("pnpm-workspace.yaml", pnpm.text);
    const list = reading.ok && isYamlMap(reading.document.root) ? reading.document.root.get("packages") : undefined;
    if (Array.isArray(list)) return list.filter((glob) => typeof glob === "string");
  }
  const lerna = await files.readText("lerna.json");
  const block = lerna.kind === "text" ? /"packages"\s*:\s*\[([^\]]*)\]/.exec(lerna.text)?.[1] : undefined;
  return [...(block ?? "").matchAll(/"([^"\n]+)"/g)].map((match) => match[1] ?? "");
}

async function expandGlob(files: ProjectFiles, glob: string, budget: { folders: number }): Promise<readonly string[]> {
  let found = [""];
  for (const part of glob.split("/")) {
    const next: string[] = [];
    for (const folder of found) {
      if (part === "**") next.push(...(await foldersBelow(files, folder, MAX_DEPTH, budget)));
      else if (part.includes("*")) next.push(...(await foldersIn(files, folder, globExpression(part), budget)));
      else if (part !== "" && part !== "." && part !== "..") next.push(join(folder, part));
    }
    found = [...new Set(next)];
  }
  return found;
}

async function foldersIn(files: ProjectFiles, folder: string, name: RegExp, budget: { folders: number }) {
  if (budget.folders <= 0) return [];
  const names = (await files.list(folder === "" ? "." : folder)).filter(
    (entry) => name.test(entry) && !entry.startsWith(".") && entry !== "node_modules",
  );
  const taken = names.slice(0, budget.folders);
  budget.folders -= taken.length;
  return taken.map((entry) => join(folder, entry));
}

async function foldersBelow(
  files: ProjectFiles,
  folder: string,
  depth: number,
  budget: { folders: number },
): Promise<string[]> {
  const result = [folder];
  if (depth === 0) return result;
  for (const inner of await foldersIn(files, folder, /^[^.]+$/, budget)) {
    result.push(...(await foldersBelow(files, inner, depth - 1, budget)));
  }
  return result;
}

function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Folders that the scripts of the project's own package.json change into. */
function foldersInScripts(root: PackageJson | null): readonly string[] {
  const mention = /(?:\bcd|--prefix|--cwd|--dir|\s-C)[ =]+["']?(\.?[\w@.-][\w@./-]*)/g;
  const found = [...(root?.scripts.values() ?? [])].flatMap((text) =>
    [...text.slice(0, 20_000).matchAll(mention)].map((match) => tidyPath(match[1] ?? "")),
  );
  return found.filter((folder) => folder !== "" && folder !== "." && !folder.startsWith("..")).slice(0, 50);
}
