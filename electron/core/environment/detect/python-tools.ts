/** How a Python project's programs are run: with the tool whose lock file stands there, or in its virtual environment. */
import type { FrameworkFolder } from "./framework.ts";

export interface PythonTools {
  readonly python: readonly [string, ...string[]];
  /** A program that one of its packages installs. */
  tool(name: string): readonly [string, ...string[]];
  /** Everything in which its packages are named. */
  readonly packages: string;
}

const managers: readonly (readonly [string, string])[] = [
  ["uv.lock", "uv"],
  ["poetry.lock", "poetry"],
  ["pdm.lock", "pdm"],
  ["Pipfile", "pipenv"],
];

export async function pythonTools(folder: FrameworkFolder): Promise<PythonTools> {
  const packages = await folder.texts(
    "pyproject.toml",
    "requirements.txt",
    "requirements/base.txt",
    "requirements/local.txt",
    "requirements/dev.txt",
    "requirements-dev.txt",
    "Pipfile",
    "setup.cfg",
  );
  for (const [file, manager] of managers) {
    if (!(await folder.has(file))) continue;
    return { python: [manager, "run", "python"], tool: (name) => [manager, "run", name], packages };
  }
  for (const place of [".venv", "venv"]) {
    // The interpreter in it is a link out of the folder; this file is not.
    if (!(await folder.has(`${place}/pyvenv.cfg`))) continue;
    return { python: [`${place}/bin/python`], tool: (name) => [`${place}/bin/${name}`], packages };
  }
  return { python: ["python3"], tool: (name) => ["python3", "-m", name], packages };
}

/** Whether the packages of a project name this one. */
export function usesPackage(packages: string, name: string): boolean {
  return new RegExp(`(?:^|["'\\s])${name}(?:$|["'\\s\\[<>=~!;,])`, "im").test(packages);
}
