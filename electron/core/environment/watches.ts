/** The file watches of an environment: one for each wanted service whose author asks for it. */
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Service } from "../service/service.ts";
import { FileWatch } from "./file-watch.ts";

export interface WatchesDependencies {
  /** The project's folder. */
  readonly root: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly note: (text: string) => void;
  /** Files of a service have changed; `reason` for people. */
  readonly onChange: (service: Service, reason: string) => void;
}

/** Restarts by changes within `STORM_MS` after which a service is believed to cause them itself. */
const STORM_RESTARTS = 10;
const STORM_MS = 60_000;
/** Paths that a reason names. */
const NAMED = 3;

interface Watch {
  readonly service: Service;
  readonly files: FileWatch;
  /** Monotonic times of the restarts it caused. */
  times: number[];
}

export class Watches {
  readonly #dependencies: WatchesDependencies;
  readonly #watches = new Map<string, Watch>();
  /** Services that seem to restart themselves, until they are stopped. */
  readonly #paused = new Set<string>();
  #ending: Promise<unknown> = Promise.resolve();

  constructor(dependencies: WatchesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Watches for those that are wanted, and for no others. */
  settle(services: Iterable<Service>): void {
    const wanted = new Map<string, Service>();
    for (const service of services) {
      if (service.detected.rules.watch === null) continue;
      if (service.state.desired === "running") wanted.set(service.name, service);
      else this.#paused.delete(service.name);
    }
    for (const [name, { service }] of this.#watches) if (wanted.get(name) !== service) this.#end(name);
    for (const service of wanted.values()) this.#begin(service);
  }

  async close(): Promise<void> {
    for (const name of this.#watches.keys()) this.#end(name);
    await this.#ending;
  }

  #begin(service: Service): void {
    const { name, detected } = service;
    const { watch: rule } = detected.rules;
    if (rule === null || this.#watches.has(name) || this.#paused.has(name)) return;
    const { root, clock, logger, note } = this.#dependencies;
    const files = new FileWatch({
      folder: detected.plan.workingDirectory,
      root,
      rule,
      clock,
      onChange: (paths) => this.#changed(name, paths),
      onTrouble: (error) => {
        logger.warn("files of a service cannot be watched", { service: name, error: errorText(error) });
        note(`some files of ${name} are not watched: ${errorText(error)}`);
      },
    });
    this.#watches.set(name, { service, files, times: [] });
  }

  #changed(name: string, paths: readonly string[]): void {
    const watch = this.#watches.get(name);
    if (watch === undefined) return;
    const { clock, note, onChange } = this.#dependencies;
    const now = clock.monotonic();
    watch.times = [...watch.times.filter((time) => now - time < STORM_MS), now];
    if (watch.times.length > STORM_RESTARTS) {
      this.#paused.add(name);
      this.#end(name);
      note(
        `${name} seems to change its own files (${listed(paths)}): they are not watched any more until it is stopped`,
      );
      return;
    }
    onChange(watch.service, `${listed(paths)} changed`);
  }

  #end(name: string): void {
    const watch = this.#watches.get(name);
    if (watch === undefined) return;
    this.#watches.delete(name);
    this.#ending = Promise.all([this.#ending, watch.files.close()]);
  }
}

function listed(paths: readonly string[]): string {
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return `${paths.slice(0, NAMED).join(", ")}${more}`;
}
