/** Tells when files of a folder have changed, or came to be, and nothing more follows for a while. */
import { watch, type FSWatcher } from "node:fs";
import { realpathSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import { isInside } from "../lib/inside.ts";
import type { Logger } from "../lib/logger.ts";

export interface FolderWatchDependencies {
  /** A real path. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Relative paths, in the order in which they changed first. */
  readonly onChange: (paths: readonly string[]) => void;
}

/** Editors write a file in several steps, and git many files; ms. */
const QUIET_MS = 300;
/** Folders watched at most: each costs a handle of the system. */
const MAX_FOLDERS = 200;
/** Changed paths that are named. */
const MAX_NAMED = 20;

export class FolderWatch {
  readonly #dependencies: FolderWatchDependencies;
  #files: ReadonlySet<string> = new Set();
  /** By folder, relative. */
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(dependencies: FolderWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** From now on these, and no others; those that are not there yet, too. */
  settle(files: readonly string[]): void {
    if (this.#closed) return;
    this.#files = new Set(files.map((path) => normalize(path)));
    const folders = new Set([...this.#files].map((path) => dirname(path)));
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#end(folder);
    for (const folder of folders) {
      if (this.#watchers.size >= MAX_FOLDERS) break;
      if (!this.#watchers.has(folder)) this.#begin(folder);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const folder of this.#watchers.keys()) this.#end(folder);
  }

  #begin(folder: string): void {
    const { directory, logger } = this.#dependencies;
    try {
      const real = realpathSync(join(directory, folder));
      if (!isInside(directory, real)) return;
      const watcher = watch(real, { persistent: false }, (_, name) => this.#note(folder, name));
      watcher.on("error", (error) => {
        logger.info("A folder is watched no more", { folder: real, error: errorText(error) });
        this.#end(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      // Not there, or the system has no more watches: a change there is seen at the next look at the folder.
      logger.debug("A folder is not watched", { folder, error: errorText(error) });
    }
  }

  #end(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #note(folder: string, name: string | null): void {
    // The system does not always say which; then it may be any of them.
    const path = name === null ? null : normalize(join(folder, name));
    if (path !== null && !this.#files.has(path)) return;
    if (path !== null && this.#changed.size < MAX_NAMED) this.#changed.add(path);
    this.#cancel?.();
    this.#cancel = this.#dependencies.clock.after(QUIET_MS, () => {
      this.#cancel = null;
      const paths = [...this.#changed];
      this.#changed.clear();
      this.#dependencies.onChange(paths);
    });
  }
}
