/**
 * Which OpenCode is run: the one the settings name; else the first on the PATH that works; else the one that came with us.
 * What was passed over, and why, is told.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText, systemCode } from "../lib/error.ts";
import { isInside } from "../lib/inside.ts";
import { silentLogger } from "../lib/logger.ts";
import { bundledBinaries, packagedVersion, thisMachine } from "./bundled.ts";
import { KnownVersions } from "./known-versions.ts";
import { askVersion, isRecentEnough, OLDEST_VERSION } from "./version.ts";

export interface FoundBinary {
  readonly path: string;
  readonly source: "setting" | "path" | "bundled";
  readonly version: string;
  /** What was found earlier and not taken, one sentence each. */
  readonly skipped: readonly string[];
}

export interface BinarySearch {
  /** The path the settings name; null: search. */
  readonly setting: string | null;
  /** Of the login shell: its PATH is searched, and the binary is asked for its version in it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Real path of the workspace's folder: nothing inside of it is run because a PATH leads there. */
  readonly workspace: string;
  readonly signal?: AbortSignal;
}

export interface BinaryFinderOptions {
  readonly clock: Clock;
  /** Tests put others in place of the bundled ones. */
  readonly bundled?: () => readonly string[];
  /** Default: remembered as long as this finder lives. */
  readonly versions?: KnownVersions;
}

export class BinaryFinder {
  readonly #clock: Clock;
  readonly #bundled: () => readonly string[];
  readonly #versions: KnownVersions;

  constructor(options: BinaryFinderOptions) {
    this.#clock = options.clock;
    this.#bundled = options.bundled ?? (() => bundledBinaries(thisMachine()));
    this.#versions = options.versions ?? new KnownVersions({ file: null, logger: silentLogger });
  }

  /**
   * Rejects with `opencode_missing`, `opencode_not_executable` or `opencode_too_old`. A binary the settings name is taken or
   * refused, never replaced: whoever named it wants that one.
   */
  async find(search: BinarySearch): Promise<FoundBinary> {
    if (search.setting !== null) {
      return { ...(await this.#named(search.setting, search)), source: "setting", skipped: [] };
    }
    const skipped: string[] = [];
    let refused: AppError | null = null;
    const bundled = this.#bundled();
    const candidates = [
      ...searchPath(search.environment["PATH"] ?? "", search.workspace).map((path) => ({
        path,
        source: "path" as const,
      })),
      ...bundled.map((path) => ({ path, source: "bundled" as const })),
    ];
    for (const { path, source } of candidates) {
      try {
        // Where another one of ours could take its place, asking also shows that it runs on this machine at all.
        const packaged = source === "bundled" && path === bundled.at(-1) ? packagedVersion(path) : null;
        return { path, source, version: await this.#check(path, search, packaged), skipped };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        refused = error;
        skipped.push(error.message);
      }
    }
    // One that cannot be used says more than "there is none".
    if (refused !== null) {
      throw new AppError(refused.code, refused.message, {
        ...(refused.next === null ? {} : { next: refused.next }),
        details: { ...refused.details, skipped },
        cause: refused,
      });
    }
    throw new AppError("opencode_missing", "No OpenCode was found: not on the PATH, and not beside this app.", {
      next: "Install it (npm install -g opencode-ai), or name its path in the settings.",
      details: { path: search.environment["PATH"] ?? "" },
    });
  }

  async #named(path: string, search: BinarySearch): Promise<{ path: string; version: string }> {
    const next = "Correct the path in the settings, or leave it empty to use the one on the PATH or the bundled one.";
    const refuse = (reason: string) =>
      new AppError("opencode_missing", `The settings name ${path} as OpenCode's binary, but ${reason}.`, {
        next,
        details: { path },
      });
    if (!isAbsolute(path)) throw refuse("that is not an absolute path");
    try {
      if (!statSync(path).isFile()) throw refuse("that is not a file");
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw refuse(
        systemCode(error) === "ENOENT" ? "there is no such file" : `it cannot be read (${errorText(error)})`,
      );
    }
    return { path, version: await this.#check(path, search, null) };
  }

  /**
   * The version of a file that exists.
   *
   * @param packaged What its own package says; null: it is asked.
   */
  async #check(path: string, search: BinarySearch, packaged: string | null): Promise<string> {
    if (!isExecutable(path)) {
      throw new AppError("opencode_not_executable", `${path} may not be run: it is not executable for this user.`, {
        next: `Make it executable (chmod +x), or name another in the settings.`,
        details: { path },
      });
    }
    const stats = statSync(path);
    let version = this.#versions.of(path, stats) ?? packaged;
    if (version === null) {
      version = await askVersion(path, search.environment, this.#clock, search.signal);
      this.#versions.add(path, stats, version);
    }
    if (isRecentEnough(version)) return version;
    throw new AppError(
      "opencode_too_old",
      `${path} is OpenCode ${version}; the oldest supported version is ${OLDEST_VERSION}.`,
      {
        next: "Update it (opencode upgrade), or leave the setting empty to use the bundled one.",
        details: { path, version, oldest: OLDEST_VERSION },
      },
    );
  }
}

/**
 * Every file named `opencode` on a PATH, in order. Relative entries and everything inside the workspace are left out, also
 * where a link leads inside: a folder must not choose the program that is trusted to work on it.
 */
export function searchPath(path: string, workspace: string): string[] {
  const program = process.platform === "win32" ? "opencode.exe" : "opencode";
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder) && !leadsInto(workspace, folder));
  const files = folders.map((folder) => join(folder, program));
  return Array.from(new Set(files)).filter((file) => isFile(file) && !leadsInto(workspace, file));
}

function leadsInto(folder: string, path: string): boolean {
  return [path, realPath(path)].some((form) => isInside(folder, form));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It does not exist (any more); the caller finds that out by itself.
    return path;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Most folders of a PATH hold no opencode.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
