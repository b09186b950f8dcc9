import type { Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { runRelease } from "./guardian-duty.ts";
import type { HoldLease } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { Hold, HoldRequest } from "./owned.ts";
import type { RunIdentity } from "./run-identity.ts";

export interface HoldsOptions {
  readonly store: LeaseStore;
  readonly identity: RunIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDropped: () => void;
}

/** What a run of the host holds outside of its process tree, each with the command that lets go of it. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #leases = new Map<string, HoldLease>();

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#leases.size;
  }

  list(): HoldLease[] {
    return [...this.#leases.values()];
  }

  /** @throws AppError `state_unwritable`: what nobody could find again is not held at all. */
  add({ kind, name, workspace, release }: HoldRequest): Hold {
    const { store, identity, clock } = this.#options;
    const { id, marker } = identity.newLease();
    const startedAt = clock.now();
    const lease: HoldLease = { version: 1, id, kind, name, workspace, ...identity.owner, marker, startedAt, release };
    try {
      store.writeLease(lease);
    } catch (error) {
      throw new AppError("state_unwritable", `The record of ${name} could not be written: ${errorText(error)}`, {
        next: "Free some space on the disk of the home folder.",
        cause: error,
      });
    }
    this.#leases.set(id, lease);
    return { id, drop: () => this.#drop(id) };
  }

  /** Lets go of everything. What fails stays on disk, for the next start. */
  async release(): Promise<void> {
    await Promise.all(
      this.list().map(async ({ id, release }) => {
        if (await runRelease(release, this.#options.clock)) this.#drop(id);
      }),
    );
  }

  #drop(id: string): void {
    if (!this.#leases.delete(id)) return;
    const { store, logger, onDropped } = this.#options;
    try {
      store.removeLease(id);
    } catch (error) {
      logger.error("removing a lease failed", { error: errorText(error) });
    }
    onDropped();
  }
}
