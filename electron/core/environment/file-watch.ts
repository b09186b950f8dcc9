/** Tells when files below the paths of a watch rule have changed and nothing more follows for a while. */
import { relative, resolve, sep } from "node:path";
import { watch, type FSWatcher } from "chokidar";
import picomatch from "picomatch";
import type { Clock } from "../lib/clock.ts";
import { isInside } from "../lib/inside.ts";
import type { WatchRule } from "../service/service-rules.ts";

export interface FileWatchDependencies {
  /** The service's folder; paths and globs of the rule are relative to it. */
  readonly folder: string;
  /** The project's folder; nothing outside of it is watched. */
  readonly root: string;
  readonly rule: WatchRule;
  readonly clock: Clock;
  /** Paths relative to the service's folder, oldest first. */
  readonly onChange: (paths: readonly string[]) => void;
  readonly onTrouble: (error: unknown) => void;
}

/** Changed paths that are remembered until it is quiet; enough to name some. */
const MAX_NAMED = 20;
/** Never looked into: what tools write there by themselves is nobody's edit. */
const NEVER = new Set(["node_modules", ".git"]);

export class FileWatch {
  readonly #dependencies: FileWatchDependencies;
  readonly #watcher: FSWatcher;
  readonly #paths: readonly string[];
  readonly #ignores: (path: string) => boolean;
  readonly #changed = new Set<string>();
  #cancel: (() => void) | null = null;

  constructor(dependencies: FileWatchDependencies) {
    const { folder, root, rule, onTrouble } = dependencies;
    this.#dependencies = dependencies;
    this.#paths = rule.paths.map((path) => resolve(folder, path)).filter((path) => isInside(root, path));
    // A glob without a slash is about names, wherever they are, as in .gitignore.
    const matchers = rule.ignore.map((glob) => picomatch(glob, { dot: true, basename: !glob.includes("/") }));
    this.#ignores = (path) => matchers.some((matches) => matches(path));
    this.#watcher = watch([...this.#paths], {
      ignoreInitial: true,
      followSymlinks: false,
      // A folder is left out where every path in it would be; the files are judged one by one.
      ignored: (path, stats) => this.#isIgnored(path, stats?.isFile() === true),
    });
    this.#watcher.on("all", (event, path) => {
      if (event !== "addDir") this.#note(path);
    });
    this.#watcher.on("error", onTrouble);
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    await this.#watcher.close();
  }

  #isIgnored(path: string, isFile: boolean): boolean {
    const name = path.split(/[/\\]/).at(-1) ?? "";
    if (NEVER.has(name)) return true;
    // Hidden ones are tools' own business, unless the author names them.
    if (name.startsWith(".") && !this.#paths.includes(path)) return true;
    const own = relative(this.#dependencies.folder, path).split(sep).join("/");
    if (own === "") return false;
    return isFile ? this.#ignores(own) : this.#ignores(own) && this.#ignores(`${own}/any`);
  }

  #note(path: string): void {
    const { folder, rule, clock, onChange } = this.#dependencies;
    if (this.#changed.size < MAX_NAMED) this.#changed.add(relative(folder, path) || ".");
    this.#cancel?.();
    this.#cancel = clock.after(rule.debounceMs, () => {
      this.#cancel = null;
      const paths = [...this.#changed];
      this.#changed.clear();
      onChange(paths);
    });
  }
}
