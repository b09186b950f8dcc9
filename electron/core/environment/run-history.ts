/**
 * How the lives of the services of an environment came out, the latest of each. Those of tasks are also kept in a file, so
 * that a failed migration is still known as failed when the host is started again.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { serviceRunSchema, type ServiceRun } from "#shared/schema/service.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { errorText, systemCode } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";

/** Kept of one service: enough to see a habit, and nothing that grows. */
const MAX_RUNS = 20;
/** Tasks kept in the file; the one that ran longest ago goes first. */
const MAX_TASKS = 200;

/** Pairs and not an object: names come from strangers, and `__proto__` is one of them. */
const fileSchema = z.array(z.tuple([z.string(), z.array(serviceRunSchema).max(MAX_RUNS)])).max(MAX_TASKS);

export interface RunHistoryDependencies {
  /** Null: nothing is kept beyond the life of the environment. */
  readonly file: string | null;
  readonly logger: Logger;
}

export class RunHistory {
  readonly #dependencies: RunHistoryDependencies;
  /** Of services of every plan there was; the one that ran last stands last. */
  readonly #runs: Map<string, readonly ServiceRun[]>;
  readonly #tasks: Set<string>;

  constructor(dependencies: RunHistoryDependencies) {
    this.#dependencies = dependencies;
    this.#runs = this.#read();
    this.#tasks = new Set(this.#runs.keys());
  }

  /** @param isTask Its runs are kept in the file. */
  add(service: string, run: ServiceRun, isTask: boolean): void {
    const runs = [...this.of(service), run].slice(-MAX_RUNS);
    this.#runs.delete(service);
    this.#runs.set(service, runs);
    if (!isTask) return;
    this.#tasks.add(service);
    this.#write();
  }

  /** Oldest first. */
  of(service: string): readonly ServiceRun[] {
    return this.#runs.get(service) ?? [];
  }

  #write(): void {
    const { file, logger } = this.#dependencies;
    if (file === null) return;
    const kept = [...this.#runs].filter(([name]) => this.#tasks.has(name)).slice(-MAX_TASKS);
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // What a power cut takes is a memory, not the work that the task did.
      writeFileAtomic(file, `${JSON.stringify(kept)}\n`, { untilReboot: true });
    } catch (error) {
      logger.warn("The runs of tasks could not be kept", { file, error: errorText(error) });
    }
  }

  #read(): Map<string, readonly ServiceRun[]> {
    const { file, logger } = this.#dependencies;
    if (file === null) return new Map();
    try {
      return new Map(fileSchema.parse(JSON.parse(readFileSync(file, "utf8"))));
    } catch (error) {
      // Nothing is lost but what is known of earlier runs.
      if (systemCode(error) !== "ENOENT") logger.warn("Kept runs are unreadable", { file, error: errorText(error) });
      return new Map();
    }
  }
}
