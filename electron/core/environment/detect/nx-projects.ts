/** The projects of an Nx workspace that have a project.json and no scripts: their targets, told as scripts. */
import { parse } from "jsonc-parser";
import { z } from "zod";
import { isUsableName } from "./detected.ts";
import type { PackageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Folders that Nx's own generators put projects into. */
const homes = ["apps", "packages"];
const MAX_PROJECTS = 200;

/** What the dev servers of Nx's plugins run, in the words of who would run the same by hand. */
const executors: readonly (readonly [RegExp, string])[] = [
  [/^@(?:nx|nrwl)\/vite:dev-server$/, "vite"],
  [/^@(?:nx|nrwl)\/next:server$/, "next dev"],
  [
    /^@(?:nx|nrwl)\/(?:angular|rspack):dev-server$|^@angular.*:dev-server$|^@(?:nx|nrwl)\/(?:webpack|web):dev-server$/,
    "ng serve",
  ],
  [/^@(?:nx|nrwl)\/(?:js|node):(?:node|execute)$/, "node"],
];

const projectSchema = z.object({
  name: z.string().optional(),
  targets: z.record(
    z.string(),
    z.object({
      executor: z.string().optional(),
      command: z.string().optional(),
      options: z.looseObject({ port: z.number().int().optional(), command: z.string().optional() }).optional(),
    }),
  ),
});

/** Reads them; none without an `nx.json`. `known`: packages that were read already and keep their scripts. */
export async function readNxProjects(
  files: ProjectFiles,
  known: readonly PackageJson[],
): Promise<readonly PackageJson[]> {
  if (!(await files.exists("nx.json"))) return [];
  const projects: PackageJson[] = [];
  for (const home of homes) {
    for (const entry of (await files.list(home)).slice(0, MAX_PROJECTS)) {
      const folder = `${home}/${entry}`;
      if (known.some((one) => one.folder === folder && one.scripts.size > 0)) continue;
      const file = await files.readText(`${folder}/project.json`);
      const parsed = projectSchema.safeParse(file.kind === "text" ? readJson(file.text) : null);
      if (!parsed.success) continue;
      const project = parsed.data.name ?? entry;
      if (!/^[\w@.][\w@./-]{0,200}$/.test(project)) continue;
      const scripts = new Map<string, string>();
      for (const [name, { executor = "", command, options }] of Object.entries(parsed.data.targets)) {
        const text = command ?? options?.command ?? executors.find(([pattern]) => pattern.test(executor))?.[1];
        if (text === undefined || !isUsableName(name)) continue;
        scripts.set(name, options?.port === undefined ? text : `${text} --port ${options.port}`);
      }
      projects.push({
        folder,
        name: project,
        scripts,
        packageManager: null,
        workspaces: [],
        dependencies: new Set(),
        prismaSeed: null,
        nxProject: project,
      });
    }
  }
  return projects;
}

/** Nothing where the file nests deeper than the parser can follow. */
function readJson(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // Such a file is no project.json; whoever has one of those hears of it from Nx.
    return null;
  }
}
