/** Which package manager a project uses, and how each of them is told to run something. */
import type { ProjectFiles } from "./project-files.ts";
import { isInstalledWrapper } from "./secret-wrappers.ts";

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

const lockFiles: readonly (readonly [string, PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["pnpm-workspace.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["yarn.lock", "yarn"],
  [".yarnrc.yml", "yarn"],
  ["package-lock.json", "npm"],
];

/** The package manager whose files stand in a folder (relative to the project; empty for the project's own), or null. */
export async function lockedManager(files: ProjectFiles, folder = ""): Promise<PackageManager | null> {
  for (const [name, manager] of lockFiles) {
    if (await files.exists(folder === "" ? name : `${folder}/${name}`)) return manager;
  }
  return null;
}

/** What runs a script of the package.json in the current folder. */
export function runScript(manager: PackageManager, script: string): readonly [string, ...string[]] {
  // npm's own header and footer would stand between the lines of the service, and push its last words out of sight.
  return manager === "npm" ? ["npm", "run", "--silent", script] : [manager, "run", script];
}

/**
 * An option behind the run of a script, as it has to stand there to reach the script's last command. npm (and `node --run`) take
 * for their own what has no `--` before it; yarn as of 1.0, pnpm as of 7 and bun hand on all that follows the name, a `--` too.
 */
export function passedOn(runner: string, option: string): string {
  return runner === "npm" || runner === "node" ? `-- ${option}` : option;
}

/** What runs a program that the project has installed; never one that would have to be downloaded first. */
export function runInstalled(manager: PackageManager, words: readonly string[]): readonly [string, ...string[]] {
  if (manager === "pnpm") return ["pnpm", "exec", ...words];
  if (manager === "yarn") return ["yarn", "run", ...words];
  if (manager === "bun") return ["bun", "run", ...words];
  return ["npx", "--no-install", ...words];
}

/** A command in its secret wrapper. One that is installed with the project is found only through the package manager. */
export function runWrapped(
  manager: PackageManager,
  wrapper: readonly string[],
  argv: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const [first, ...rest] = wrapper;
  if (first === undefined) return argv;
  return isInstalledWrapper(wrapper) ? runInstalled(manager, [...wrapper, ...argv]) : [first, ...rest, ...argv];
}
