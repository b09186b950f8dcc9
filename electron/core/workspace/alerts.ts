/**
 * Decides what a person should hear of without looking: a service that is given up on or stays unhealthy, and that all is well
 * again. Decided once for every window, page and desktop. Consequences (skipped services) are not told, a restart that helps is
 * not told, and what goes wrong together is one alert.
 */
import type { Alert } from "#shared/schema/alert.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";

/** Trouble waits for company for so long, ms. */
const GATHER_MS = 1_000;
/** A service must be unhealthy, or well again, for so long without a break: what goes up and down is not told each time. ms */
const LASTING_MS = 5_000;
/** Services that a title names. */
const MAX_NAMED = 3;
const MAX_TEXT = 300;

export interface AlertsDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Watched {
  project: string;
  /** Those in trouble now, and since when. */
  readonly troubled: Map<string, { readonly since: number; readonly service: ServiceStatus }>;
  /** Those that were told of, and have not been told to be well. */
  readonly told: Set<string>;
  /** Since when all of `told` are well; null: they are not. */
  wellSince: number | null;
  cancel: (() => void) | null;
}

export class Alerts {
  readonly #dependencies: AlertsDependencies;
  readonly #emitter: Emitter<Alert>;
  readonly #opened: Emitter<Alert>;
  /** Opened while nobody was there to show it. */
  #unseen: Alert | null = null;
  readonly #watched = new Map<WorkspaceId, Watched>();
  #count = 0;

  constructor(dependencies: AlertsDependencies) {
    this.#dependencies = dependencies;
    const onError = (error: unknown): void =>
      dependencies.logger.error("A listener of alerts failed", { error: errorText(error) });
    this.#emitter = new Emitter(onError);
    this.#opened = new Emitter(onError);
  }

  /** Calls with each alert from now on. */
  follow(listener: (alert: Alert) => void): () => void {
    return this.#emitter.on(listener);
  }

  /** A person wants to see what an alert is about. With nobody to show it, the latest is kept for who comes first. */
  open(alert: Alert): void {
    this.#unseen = this.#opened.listenerCount === 0 ? alert : null;
    this.#opened.emit(alert);
  }

  /** Calls with each alert that is opened from now on, and with one that nobody has shown yet. */
  followOpened(listener: (alert: Alert) => void): () => void {
    const unseen = this.#unseen;
    this.#unseen = null;
    const end = this.#opened.on(listener);
    if (unseen !== null) listener(unseen);
    return end;
  }

  /** What is known of a workspace now; as often as one likes. @param project What people call it. */
  note(status: EnvironmentStatus, project: string): void {
    const known = this.#watched.get(status.workspace);
    if (known === undefined && !status.services.some(isTroubled)) return;
    const watched = known ?? { project, troubled: new Map(), told: new Set(), wellSince: null, cancel: null };
    watched.project = project;
    this.#watched.set(status.workspace, watched);
    const now = this.#dependencies.clock.monotonic();
    const services = new Map(status.services.map((service) => [service.name, service]));
    for (const [name, service] of services) {
      if (!isTroubled(service)) watched.troubled.delete(name);
      else watched.troubled.set(name, { since: watched.troubled.get(name)?.since ?? now, service });
    }
    for (const name of watched.troubled.keys()) if (!services.has(name)) watched.troubled.delete(name);
    // What nobody wants any more has not recovered; there is only nothing more to say of it.
    for (const name of watched.told) if (services.get(name)?.desired !== "running") watched.told.delete(name);
    const areWell = watched.told.size > 0 && [...watched.told].every((name) => services.get(name)?.ready === true);
    watched.wellSince = areWell ? (watched.wellSince ?? now) : null;
    this.#look(status.workspace, watched);
  }

  close(): void {
    for (const { cancel } of this.#watched.values()) cancel?.();
    this.#watched.clear();
  }

  #look(workspace: WorkspaceId, watched: Watched): void {
    watched.cancel?.();
    watched.cancel = null;
    const now = this.#dependencies.clock.monotonic();
    const fresh = [...watched.troubled].filter(([name]) => !watched.told.has(name));
    const dues = fresh.map(([, { since, service }]) => since + (isGivenUp(service) ? GATHER_MS : LASTING_MS));
    const due = Math.min(...dues, watched.wellSince === null ? Infinity : watched.wellSince + LASTING_MS);
    if (due > now) {
      if (due === Infinity) {
        if (watched.troubled.size === 0 && watched.told.size === 0) this.#watched.delete(workspace);
        return;
      }
      watched.cancel = this.#dependencies.clock.after(due - now, () => {
        watched.cancel = null;
        this.#look(workspace, watched);
      });
      return;
    }
    if (dues.some((each) => each <= now)) {
      // Whoever is in trouble by then is told in one.
      const services = fresh.map(([, { service }]) => service);
      for (const { name } of services) watched.told.add(name);
      watched.wellSince = null;
      this.#tell(workspace, "failure", failureText(watched.project, services), services);
    } else {
      const names = [...watched.told];
      watched.told.clear();
      watched.wellSince = null;
      const title = `${watched.project}: ${listed(names)} ${names.length === 1 ? "is" : "are"} well again`;
      this.#tell(
        workspace,
        "recovery",
        { title, body: "" },
        names.map((name) => ({ name })),
      );
    }
    this.#look(workspace, watched);
  }

  #tell(
    workspace: WorkspaceId,
    kind: Alert["kind"],
    { title, body }: Pick<Alert, "title" | "body">,
    services: readonly { readonly name: string }[],
  ): void {
    this.#count += 1;
    const at = this.#dependencies.clock.now();
    this.#emitter.emit({
      id: `alert_${at}_${this.#count}`,
      at: new Date(at).toISOString(),
      workspace,
      kind,
      title: cut(title),
      body: cut(body),
      services: services.map(({ name }) => name),
    });
  }
}

/** No policy will bring it back by itself. */
function isGivenUp({ phase }: ServiceStatus): boolean {
  return phase === "failed" || phase === "crash_loop" || phase === "blocked";
}

function isTroubled(service: ServiceStatus): boolean {
  return service.desired === "running" && (isGivenUp(service) || service.health === "unhealthy");
}

const words: Partial<Record<ServiceStatus["phase"], string>> = {
  failed: "failed",
  crash_loop: "keeps crashing",
  blocked: "is blocked",
};

function failureText(project: string, services: readonly ServiceStatus[]): Pick<Alert, "title" | "body"> {
  const [first] = services;
  const word = services.length === 1 && first !== undefined ? (words[first.phase] ?? "is unhealthy") : "are in trouble";
  const because = first?.failure ?? null;
  return {
    title: `${project}: ${listed(services.map(({ name }) => name))} ${word}`,
    body: [because?.message ?? first?.why ?? "", because?.next ?? ""].filter((text) => text !== "").join(" "),
  };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED);
  if (names.length > MAX_NAMED) return `${shown.join(", ")} and ${names.length - MAX_NAMED} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** Native notifications show a few lines. */
function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
