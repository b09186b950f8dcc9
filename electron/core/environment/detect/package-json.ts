/** What detection takes from a package.json: scripts, workspaces, the package manager, and which packages it uses. */
import { z } from "zod";
import type { Problem } from "#shared/schema/environment.ts";
import { errorText } from "../../lib/error.ts";
import { errorProblem, isUsableName, warningProblem } from "./detected.ts";
import type { PackageManager } from "./package-manager.ts";
import type { ProjectFiles } from "./project-files.ts";

export interface PackageJson {
  /** Of the folder it stands in, relative to the project; empty for the project's own. */
  readonly folder: string;
  readonly name: string | null;
  readonly scripts: ReadonlyMap<string, string>;
  /** The one that `packageManager` names. */
  readonly packageManager: PackageManager | null;
  /** Globs of the folders of its workspaces. */
  readonly workspaces: readonly string[];
  /** Names of all packages it depends on, in whichever way. */
  readonly dependencies: ReadonlySet<string>;
  /** The command of `prisma.seed`. */
  readonly prismaSeed: string | null;
  /** It is a project of an Nx workspace of this name, and its scripts are targets of it, which only Nx can run. */
  readonly nxProject: string | null;
}

export interface PackageReading {
  /** Null where there is none, or it cannot be read; then there is a problem. */
  readonly file: PackageJson | null;
  readonly problems: readonly Problem[];
}

/** Reads the package.json of a folder, given relative to the project; empty for the project's own. */
export async function readPackageJson(files: ProjectFiles, folder: string): Promise<PackageReading> {
  const path = folder === "" ? "package.json" : `${folder}/package.json`;
  const file = await files.readText(path);
  if (file.kind === "missing") return { file: null, problems: [] };
  if (file.kind === "problem") return { file: null, problems: [file.problem] };
  return parsePackage(path, folder, file.text);
}

const objectSchema = z.record(z.string(), z.unknown());

function parsePackage(path: string, folder: string, text: string): PackageReading {
  const refuse = (problem: Problem): PackageReading => ({ file: null, problems: [problem] });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = jsonErrorPlace(text, errorText(error));
    const reason = errorText(error).replace(/ in JSON at position.*$/, "");
    return refuse(errorProblem("file_invalid", `${path}${place}`, `${path} is not valid JSON: ${reason}. Correct it.`));
  }
  if (!isObject(value)) return refuse(errorProblem("file_invalid", path, `${path} holds no object. Correct it.`));
  const problems: Problem[] = [];
  const name = ownValue(value, "name");
  const prisma = ownValue(value, "prisma");
  const seed = isObject(prisma) ? ownValue(prisma, "seed") : undefined;
  const file: PackageJson = {
    folder,
    name: typeof name === "string" ? name : null,
    scripts: scriptsOf(path, ownValue(value, "scripts"), problems),
    packageManager: managerOf(ownValue(value, "packageManager")),
    workspaces: workspacesOf(ownValue(value, "workspaces")),
    dependencies: new Set(
      ["dependencies", "devDependencies", "optionalDependencies"].flatMap((key) => {
        const entry = ownValue(value, key);
        return isObject(entry) ? Object.keys(entry) : [];
      }),
    ),
    prismaSeed: typeof seed === "string" ? seed : null,
    nxProject: null,
  };
  return { file, problems };
}

function scriptsOf(path: string, entry: unknown, problems: Problem[]): ReadonlyMap<string, string> {
  const scripts = new Map<string, string>();
  if (entry !== undefined && !isObject(entry)) {
    problems.push(errorProblem("value_invalid", path, `\`scripts\` of ${path} is no object of names and commands.`));
  }
  for (const [name, command] of isObject(entry) ? Object.entries(entry) : []) {
    const source = `${path}#scripts.${name}`;
    if (!isUsableName(name)) {
      const shown = JSON.stringify(name).slice(0, 80);
      problems.push(warningProblem("value_invalid", path, `A script with the name ${shown} was left out. Rename it.`));
    } else if (typeof command !== "string") {
      problems.push(warningProblem("value_invalid", source, `The script ${name} is no text and was left out.`));
    } else if (command.includes("\0")) {
      problems.push(
        warningProblem("value_invalid", source, `The script ${name} holds a NUL character and was left out.`),
      );
    } else {
      scripts.set(name, command);
    }
  }
  return scripts;
}

function managerOf(value: unknown): PackageManager | null {
  const named = typeof value === "string" ? /^(npm|pnpm|yarn|bun)(?:@|$)/.exec(value)?.[1] : undefined;
  return (named as PackageManager | undefined) ?? null;
}

/** A list, or yarn's older `{ packages: [] }`. */
function workspacesOf(value: unknown): readonly string[] {
  const list = isObject(value) ? ownValue(value, "packages") : value;
  return Array.isArray(list) ? list.filter((glob) => typeof glob === "string") : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return objectSchema.safeParse(value).success;
}

function ownValue(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** `:line:column` of the place V8 names in its message; empty where it names none. */
function jsonErrorPlace(text: string, message: string): string {
  const found = /at position (\d+)/.exec(message)?.[1];
  const position = found === undefined ? (message.includes("end of JSON") ? text.length : null) : Number(found);
  if (position === null) return "";
  const before = text.slice(0, position).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
