/**
 * Where programs are on a machine whose login shell cannot be asked: the folders that version managers and Homebrew put on
 * the PATH, found by looking for them. None of these managers is run.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const systemFolders = [
  "/opt/homebrew/bin",
  "/home/linuxbrew/.linuxbrew/bin",
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
];
const homeFolders = [".local/bin", ".opencode/bin", ".bun/bin", ".cargo/bin"];
/** An alias of nvm may name another one; a longer chain is a circle. */
const ALIASES_MAX = 8;

/** Folders that exist, those of version managers first. @param variables What is known of the person's environment. */
export function toolFolders(variables: Readonly<Record<string, string>>): string[] {
  const home = variables["HOME"] ?? "";
  if (!isAbsolute(home)) return systemFolders.filter(isFolder);
  const of = (variable: string, usual: string) => {
    const set = variables[variable];
    return set !== undefined && isAbsolute(set) ? set : join(home, usual);
  };
  const nvm = nvmDefault(of("NVM_DIR", ".nvm"));
  const folders = [
    join(of("MISE_DATA_DIR", ".local/share/mise"), "shims"),
    join(of("ASDF_DATA_DIR", ".asdf"), "shims"),
    join(of("VOLTA_HOME", ".volta"), "bin"),
    ...(nvm === null ? [] : [nvm]),
    ...homeFolders.map((folder) => join(home, folder)),
    ...systemFolders,
  ];
  return folders.filter(isFolder);
}

/** The folder of the version that nvm gives to a new shell: what its alias `default` names, else the newest one. */
function nvmDefault(nvm: string): string | null {
  const versions = list(join(nvm, "versions/node")).filter((name) => /^v\d+\.\d+\.\d+$/.test(name));
  versions.sort((a, b) => compareVersions(b, a));
  let wanted = readAlias(nvm, "default");
  for (let left = ALIASES_MAX; left > 0 && wanted !== null && !/^v?\d/.test(wanted); left -= 1) {
    // `node` and `stable` mean the newest one and have no file.
    wanted = readAlias(nvm, wanted);
  }
  const digits = wanted?.replace(/^v/, "") ?? "";
  const chosen = versions.find((name) => name === `v${digits}` || name.startsWith(`v${digits}.`)) ?? versions[0];
  return chosen === undefined ? null : join(nvm, "versions/node", chosen, "bin");
}

function readAlias(nvm: string, name: string): string | null {
  // It becomes a path below `alias`, so it must not lead out of it.
  if (!/^[\w*.-]+(\/[\w*.-]+)?$/.test(name) || name.includes("..")) return null;
  try {
    return readFileSync(join(nvm, "alias", name), "utf8").trim();
  } catch {
    // No such alias.
    return null;
  }
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not installed here.
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
