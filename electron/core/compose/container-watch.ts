/**
 * What docker says of the containers of one project, kept up to date for all who run one.
 *
 * Theory of operation: one `docker events` is followed while there are containers; every event about one of them leads to one
 * `docker inspect` of all, and so does a pulse every ten seconds, in case the engine hangs or an event was missed. So
 * what is known is always what docker says of a whole container, never put together from events, and asking for it
 * costs nothing. When the engine does not answer, that is the one thing known (`trouble`); the containers may well
 * live on, so nobody is told that one has ended until the engine is back and says so.
 */
import type { Failure } from "#shared/failure.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { errorText, isAbort, toFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OwnedProcess } from "../process/owned.ts";

/** What docker says of a container. */
export interface ContainerState {
  readonly running: boolean;
  /** Docker itself is about to start it again. */
  readonly restarting: boolean;
  readonly exitCode: number;
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** How often docker has started it again by its own policy. */
  readonly restarts: number;
}

export interface ContainerWatchDependencies {
  /** States by id; a container that does not exist is left out. @throws AppError where the engine does not answer. */
  readonly inspect: (ids: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, ContainerState>>;
  /** Follows the events of the project's containers until it is stopped; a line for each. */
  readonly follow: (onEvent: () => void) => Promise<OwnedProcess>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One container that is watched. */
export interface WatchedContainer {
  /** Undefined: not known yet. Null: it does not exist any more. */
  readonly state: () => ContainerState | null | undefined;
  readonly end: () => void;
}

const PULSE_MS = 10_000;
/** Between attempts while the engine does not answer. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 5_000;

export class ContainerWatch {
  readonly #dependencies: ContainerWatchDependencies;
  readonly #listeners = new Map<string, () => void>();
  #states = new Map<string, ContainerState>();
  /** Ids of the last look; others are not known yet. */
  #asked = new Set<string>();
  #trouble: Failure | null = null;
  #work: AbortController | null = null;
  #wake: () => void = () => undefined;
  #due = false;

  constructor(dependencies: ContainerWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Why nothing is known of the containers now: the engine does not answer. Null: it does. */
  get trouble(): Failure | null {
    return this.#trouble;
  }

  /** @param onChange Something may be different now: its state, or whether the engine answers. */
  add(id: string, onChange: () => void): WatchedContainer {
    this.#listeners.set(id, onChange);
    // What was known of it when it was watched before may have passed.
    this.#states.delete(id);
    this.#asked.delete(id);
    if (this.#work === null) this.#begin();
    else this.#lookSoon();
    return {
      state: () => this.#states.get(id) ?? (this.#asked.has(id) ? null : undefined),
      end: () => {
        if (this.#listeners.get(id) === onChange) this.#listeners.delete(id);
        if (this.#listeners.size === 0) this.#end();
      },
    };
  }

  #begin(): void {
    const work = new AbortController();
    this.#work = work;
    this.#due = true;
    const failed = (error: unknown) => {
      if (!isAbort(error))
        this.#dependencies.logger.error("Containers are not watched any more", { error: errorText(error) });
    };
    this.#look(work.signal).catch(failed);
    this.#follow(work.signal).catch(failed);
  }

  #end(): void {
    this.#work?.abort();
    this.#work = null;
    this.#trouble = null;
    this.#wake();
  }

  #lookSoon(): void {
    this.#due = true;
    this.#wake();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { inspect, clock, logger } = this.#dependencies;
    let retryMs = RETRY_MS;
    while (!signal.aborted) {
      this.#due = false;
      const ids = [...this.#listeners.keys()];
      let pause = PULSE_MS;
      try {
        const states = await inspect(ids, signal);
        if (signal.aborted) break;
        this.#states = new Map(states);
        this.#asked = new Set(ids);
        if (this.#trouble !== null) logger.info("Docker answers again", { containers: ids.length });
        this.#trouble = null;
        retryMs = RETRY_MS;
      } catch (error) {
        if (signal.aborted) break;
        if (this.#trouble === null) logger.warn("Docker does not answer", { error: errorText(error) });
        this.#trouble = toFailure(error);
        pause = retryMs;
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
        this.#due = false;
      }
      for (const listener of Array.from(this.#listeners.values())) listener();
      if (!this.#due) await this.#pause(pause, clock, signal);
    }
  }

  /** Until the time is over or somebody has a reason to look. */
  async #pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (signal.aborted) this.#wake();
    });
    this.#wake = () => undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { follow, clock } = this.#dependencies;
    while (!signal.aborted) {
      try {
        const owned = await follow(() => this.#lookSoon());
        const end = () => void owned.stop();
        signal.addEventListener("abort", end, { once: true });
        if (signal.aborted) end();
        // What happened before it listened is not among its events.
        this.#lookSoon();
        await owned.exited;
        signal.removeEventListener("abort", end);
        await owned.stop();
      } catch (error) {
        // It could not even be started: the look that follows says why.
        this.#dependencies.logger.debug("The events of docker cannot be followed", { error: errorText(error) });
      }
      if (signal.aborted) return;
      // It ends with the engine; that is the first sign of it.
      this.#lookSoon();
      await sleep(clock, RETRY_MS, signal);
    }
  }
}
