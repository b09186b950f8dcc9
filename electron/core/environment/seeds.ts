/**
 * Seed data is put into a database once: a seed that has succeeded is not run again as part of a start as long as its database is the
 * same one. Where a person names it, it is run; so it is where the database is new, or nobody can tell.
 *
 * What can be told is of the containers that a seed needs: their volumes, with the time they were made. Whether somebody emptied a
 * database by hand cannot.
 */
import type { ServiceRun } from "#shared/schema/service.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Service } from "../service/service.ts";

export interface SeedsDependencies {
  readonly find: (service: string) => Service | undefined;
  /** Oldest first. */
  readonly history: (service: string) => readonly ServiceRun[];
  /** Stands for the data of these services of the compose file; null: it cannot be told. */
  readonly dataOf: (composeServices: readonly string[]) => Promise<string | null>;
  /** What was to be found out about a seed is known. */
  readonly onKnown: (service: string) => void;
  readonly logger: Logger;
}

export type SeedVerdict =
  | { readonly kind: "run" }
  /** It is being found out. */
  | { readonly kind: "wait" }
  /** `why` for people. */
  | { readonly kind: "done"; readonly why: string };

/** Undefined: it is being asked. */
type Data = string | null | undefined;

export class Seeds {
  readonly #dependencies: SeedsDependencies;
  /** By seed, since it was last wanted. */
  readonly #data = new Map<string, Data>();
  readonly #named = new Set<string>();

  constructor(dependencies: SeedsDependencies) {
    this.#dependencies = dependencies;
  }

  /** These are wanted anew, some of them by their names. */
  wanted(services: Iterable<string>, named: ReadonlySet<string>): void {
    for (const service of services) {
      this.#data.delete(service);
      if (named.has(service)) this.#named.add(service);
      else this.#named.delete(service);
    }
  }

  /** What becomes of a service whose turn it is. */
  verdict(service: Service): SeedVerdict {
    const { name, detected } = service;
    const databases = detected.role === "seed" ? this.#databasesOf(service) : [];
    if (databases.length === 0) return { kind: "run" };
    if (!this.#data.has(name)) void this.#ask(name, databases);
    const data = this.#data.get(name);
    if (data === undefined) return { kind: "wait" };
    if (data === null || this.#named.has(name)) return { kind: "run" };
    const filled = this.#dependencies.history(name).findLast((run) => run.outcome === "completed" && run.data === data);
    if (filled === undefined) return { kind: "run" };
    const when = filled.startedAt.slice(0, 16).replace("T", " ");
    const why = `It filled this database on ${when} (UTC) and is not run again by itself. Restart ${name} to run it once more.`;
    return { kind: "done", why };
  }

  /** A run of it, with the data that it worked on. */
  marked(service: string, run: ServiceRun): ServiceRun {
    const data = this.#data.get(service) ?? null;
    return data === null ? run : { ...run, data };
  }

  async #ask(name: string, databases: readonly string[]): Promise<void> {
    this.#data.set(name, undefined);
    const { dataOf, logger, onKnown } = this.#dependencies;
    const data = await dataOf(databases).catch((error: unknown) => {
      // Then it is run, as it would be by hand.
      logger.warn("The database of a seed could not be told", { service: name, error: errorText(error) });
      return null;
    });
    // It may have been wanted anew meanwhile, and then this was about another start.
    if (!this.#data.has(name)) return;
    this.#data.set(name, data);
    onKnown(name);
  }

  /** The databases among all that it needs, by their names in the compose file. */
  #databasesOf(service: Service): string[] {
    const found = new Set<string>();
    const seen = new Set<string>();
    const queue = [...service.detected.dependencies.keys()];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const detected = seen.has(next) ? undefined : this.#dependencies.find(next)?.detected;
      seen.add(next);
      if (detected === undefined) continue;
      if (detected.run.kind === "compose" && detected.role === "infrastructure") found.add(detected.run.service);
      queue.push(...detected.dependencies.keys());
    }
    return [...found];
  }
}
