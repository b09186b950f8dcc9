/** What the readers of a project's packages share, and how a script of one of them is run. */
import { runInstalled, runScript, type PackageManager } from "./package-manager.ts";
import type { ProjectFiles } from "./project-files.ts";
import type { ScriptBook } from "./script-book.ts";

export interface PackageContext {
  readonly files: ProjectFiles;
  readonly book: ScriptBook;
  /** By folder. */
  readonly managers: ReadonlyMap<string, PackageManager>;
  /** By folder, the names of the projects whose scripts are targets of Nx. */
  readonly nxProjects: ReadonlyMap<string, string>;
  /** What a file of the project wants every command to be run in; empty: nothing. */
  readonly wrapper: readonly string[];
}

/** How a script is run, for the system and for people, and where it stands. */
export interface ScriptLaunch {
  readonly manager: PackageManager;
  readonly argv: readonly [string, ...string[]];
  readonly line: string;
  readonly source: string;
}

/** The launch of a script of a folder's package.json, or of a target of its project.json. */
export function scriptLaunch({ managers, nxProjects }: PackageContext, folder: string, script: string): ScriptLaunch {
  const manager = managers.get(folder) ?? "npm";
  const within = folder === "" ? "" : `${folder}/`;
  const project = nxProjects.get(folder);
  if (project !== undefined) {
    const argv = runInstalled(manager, ["nx", "run", `${project}:${script}`]);
    return { manager, argv, line: argv.join(" "), source: `${within}project.json#targets.${script}` };
  }
  return {
    manager,
    argv: runScript(manager, script),
    line: [manager, "run", shown(script)].join(" "),
    source: `${within}package.json#scripts.${script}`,
  };
}

function shown(script: string): string {
  return /^[\w:.@/+-]+$/.test(script) ? script : JSON.stringify(script);
}
