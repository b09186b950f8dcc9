/**
 * The ports each service of each workspace was given, kept in the home folder, so that addresses stay what they were when
 * the host is started again.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { errorText, systemCode } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";

/** Workspaces remembered; the one that was given ports longest ago is forgotten first. */
const MAX_WORKSPACES = 500;
/** Services remembered of one workspace. */
const MAX_SERVICES = 200;

const port = z.number().int().min(1).max(65_535);
/** Pairs and not objects: names come from strangers, and `__proto__` is one of them. */
const fileSchema = z.array(
  z.tuple([z.string(), z.array(z.tuple([z.string(), z.array(z.object({ wanted: port, given: port }))]))]),
);

/** One port: what its service wanted, and what it was given. */
export interface RememberedPort {
  readonly wanted: number;
  readonly given: number;
}

export interface PortMemoryDependencies {
  readonly file: string;
  readonly logger: Logger;
}

export class PortMemory {
  readonly #dependencies: PortMemoryDependencies;
  /** Workspace → service → its ports; the workspace last written stands last. */
  readonly #known: Map<string, Map<string, readonly RememberedPort[]>>;
  #changed = false;

  constructor(dependencies: PortMemoryDependencies) {
    this.#dependencies = dependencies;
    this.#known = this.#read();
  }

  /** What was given for `wanted`; null where nothing was, or the service has wanted another one since. */
  recall(workspace: string, service: string, wanted: number): number | null {
    const ports = this.#known.get(workspace)?.get(service);
    return ports?.find((one) => one.wanted === wanted)?.given ?? null;
  }

  /** Replaces what is known of one service; `save` puts it on disk. */
  remember(workspace: string, service: string, ports: readonly RememberedPort[]): void {
    const services = this.#known.get(workspace) ?? new Map<string, readonly RememberedPort[]>();
    if (JSON.stringify(services.get(service) ?? []) === JSON.stringify(ports)) return;
    services.delete(service);
    if (ports.length > 0) services.set(service, ports);
    for (const oldest of services.keys()) if (services.size > MAX_SERVICES) services.delete(oldest);
    this.#known.delete(workspace);
    this.#known.set(workspace, services);
    for (const oldest of this.#known.keys()) if (this.#known.size > MAX_WORKSPACES) this.#known.delete(oldest);
    this.#changed = true;
  }

  /** Writes what has changed since it was last written: once for all services of a start. */
  save(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const { file, logger } = this.#dependencies;
    const content = [...this.#known].map(([workspace, services]) => [workspace, [...services]]);
    try {
      writeFileAtomic(file, `${JSON.stringify(content)}\n`, { untilReboot: true });
    } catch (error) {
      logger.warn("Ports could not be remembered", { file, error: errorText(error) });
    }
  }

  #read(): Map<string, Map<string, readonly RememberedPort[]>> {
    const { file, logger } = this.#dependencies;
    try {
      const parsed = fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      return new Map(parsed.map(([workspace, services]) => [workspace, new Map(services)]));
    } catch (error) {
      // Nothing is lost but the addresses of before: every service still gets a port.
      if (systemCode(error) !== "ENOENT")
        logger.warn("Remembered ports are unreadable", { file, error: errorText(error) });
      return new Map();
    }
  }
}
