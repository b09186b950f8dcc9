/**
 * All scripts of a project under one key each: the scripts of its own package.json under their names, those of the packages
 * below it under their folder and name. So whoever follows scripts that run scripts can do so across packages.
 */
import type { PackageJson } from "./package-json.ts";

/** A script's key. Names hold no control characters, so that no name can pass for the key of another package's script. */
export function scriptKey(folder: string, name: string): string {
  return folder === "" ? name : `\0${folder}\0${name}`;
}

/** The folder and the name that a key stands for. */
export function keyParts(key: string): { readonly folder: string; readonly name: string } {
  const [, folder, name] = key.split("\0");
  return folder === undefined || name === undefined ? { folder: "", name: key } : { folder, name };
}

export interface ScriptBook {
  /** Scripts of the project's own package.json. */
  readonly own: ReadonlyMap<string, string>;
  /** Every script by its key. */
  readonly texts: ReadonlyMap<string, string>;
  readonly packages: readonly PackageJson[];
  /** The folder that a path means from a folder; null outside the project. */
  folderAt(from: string, path: string): string | null;
  /** The folder of a package, by its name, its folder, or its name without the scope; else null. */
  folderOf(name: string): string | null;
}

export function scriptBook(root: PackageJson | null, packages: readonly PackageJson[]): ScriptBook {
  const own = root?.scripts ?? new Map<string, string>();
  const texts = new Map(own);
  const byFolder = new Set<string>();
  const byName = new Map<string, string>();
  for (const one of packages) {
    byFolder.add(one.folder);
    if (one.name !== null) byName.set(one.name, one.folder);
    for (const [name, text] of one.scripts) texts.set(scriptKey(one.folder, name), text);
  }
  const folderAt = (from: string, path: string) => {
    const parts = from === "" ? [] : from.split("/");
    for (const part of path.split("/")) {
      if (part === "" || part === ".") continue;
      if (part !== "..") parts.push(part);
      else if (parts.pop() === undefined) return null;
    }
    const folder = parts.join("/");
    return path.startsWith("/") ? null : folder;
  };
  return {
    own,
    texts,
    packages,
    folderAt,
    folderOf(name) {
      const known = byName.get(name) ?? folderAt("", name.replace(/^\{(.*)\}$/, "$1"));
      if (known !== null && byFolder.has(known)) return known;
      const unscoped = [...byName].filter(([full]) => full.endsWith(`/${name}`));
      return unscoped.length === 1 ? (unscoped[0]?.[1] ?? null) : null;
    },
  };
}
