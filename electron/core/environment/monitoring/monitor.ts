/** Watches one environment while it exists: readings for its curves, and what its past suggests. Changes nothing. */
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceHistory, Suggestion } from "#shared/schema/monitoring.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import type { Clock } from "../../lib/clock.ts";
import { Emitter } from "../../lib/emitter.ts";
import { errorText } from "../../lib/error.ts";
import type { Logger } from "../../lib/logger.ts";
import { SAMPLE_MS, ServiceHistories } from "./service-history.ts";
import { suggest, type Edit } from "./suggestions.ts";

/** How far back a suggestion looks, in ms: what happened yesterday was another day's work. */
const LOOK_BACK_MS = 12 * 60 * 60_000;
/** Entries and edits looked at. */
const MAX_ENTRIES = 2_000;
const MAX_EDITS = 500;

export interface MonitorDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: () => readonly ServiceStatus[];
  /** The newest `limit` entries of this environment since a time (ISO 8601), oldest first. */
  readonly audit: (query: { readonly since: string; readonly limit: number }) => readonly AuditEntry[];
}

export class Monitor {
  readonly #dependencies: MonitorDependencies;
  readonly #histories: ServiceHistories;
  readonly #edits: Edit[] = [];
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(dependencies: MonitorDependencies) {
    this.#dependencies = dependencies;
    this.#histories = new ServiceHistories(
      new Emitter((error) => dependencies.logger.error("A listener of readings failed", { error: errorText(error) })),
    );
  }

  /** Something changed: where anything runs, it is read from now on. Costs nothing while nothing runs. */
  wake(): void {
    if (this.#closed || this.#cancel !== null) return;
    const services = this.#dependencies.services();
    if (!services.some(({ phase }) => phase === "running")) return;
    this.#histories.take(services, this.#dependencies.clock.now());
    this.#cancel = this.#dependencies.clock.after(SAMPLE_MS, () => {
      this.#cancel = null;
      this.wake();
    });
  }

  /** A file of the project was edited. @param path Relative to the folder. */
  noteEdit(path: string): void {
    this.#edits.push({ path, at: this.#dependencies.clock.now() });
    if (this.#edits.length > MAX_EDITS) this.#edits.shift();
  }

  /** Calls at once with what is kept of each service, then with each new reading. */
  watch(listener: (history: ServiceHistory) => void): () => void {
    return this.#histories.watch(listener);
  }

  suggestions(): Suggestion[] {
    const { clock, services, audit } = this.#dependencies;
    const since = new Date(clock.now() - LOOK_BACK_MS).toISOString();
    return suggest({
      services: services(),
      audit: audit({ since, limit: MAX_ENTRIES }),
      samples: (service) => this.#histories.of(service),
      edits: this.#edits,
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = null;
  }
}
