/** Which ports services get. One registry serves all environments of a host, so that two of them never get the same. */
import { createHash } from "node:crypto";
import type { PortClaims, PortOwner } from "./port-claims.ts";
import type { PortMemory, RememberedPort } from "./port-memory.ts";
import { portState } from "../process/port-state.ts";

/** Ports looked at above the wanted one. Someone with more than a hundred in a row taken has another problem. */
const MAX_STEPS = 100;

export interface PortRegistryDependencies {
  /** Shared with the other hosts of this machine; null: with none. */
  readonly claims: PortClaims | null;
  /** Null: nothing is remembered beyond the life of the registry. */
  readonly memory: PortMemory | null;
}

/** How a wanted port turned out. */
export type Taking =
  | { readonly kind: "taken" }
  /** Another service of ours has been given it, here or by another host. */
  | { readonly kind: "ours"; readonly owner: PortOwner }
  /** Something listens on it, or it may not be bound. */
  | { readonly kind: "stranger" };

/** Ports given out and not returned. */
export class PortRegistry {
  readonly #owners = new Map<number, string>();
  readonly #claims: PortClaims | null;
  readonly #memory: PortMemory | null;

  constructor({ claims, memory }: PortRegistryDependencies = { claims: null, memory: null }) {
    this.#claims = claims;
    this.#memory = memory;
  }

  /**
   * The wanted port if it is free and nobody of ours has it, else one of the hundred above. Where the search begins there
   * is decided by the workspace, so that all its services move by the same distance and mostly to where they were before.
   * Null where none is found.
   *
   * @param owner Whoever gets it, as `WORKSPACE/SERVICE`; asking again for what one has already is fine.
   * @param avoid Ports that other services of the environment insist on.
   */
  async allocate(prefer: number, owner: string, avoid: ReadonlySet<number>): Promise<number | null> {
    if ((await this.take(prefer, owner)).kind === "taken") return prefer;
    return this.#above(prefer, owner, avoid);
  }

  async #above(prefer: number, owner: string, avoid: ReadonlySet<number>): Promise<number | null> {
    const slot = slotOf(partsOf(owner).workspace);
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const port = prefer + 1 + ((slot + step) % MAX_STEPS);
      if (port > 65_535 || avoid.has(port)) continue;
      if ((await this.take(port, owner)).kind === "taken") return port;
    }
    return null;
  }

  /** The one above the wanted one that `allocate` would find, which stays free. Null where none is. */
  async suggest(wanted: number, owner: string, avoid: ReadonlySet<number>): Promise<number | null> {
    const port = await this.#above(wanted, owner, new Set([...avoid, ...this.#owners.keys(), wanted]));
    if (port !== null) this.#return(port);
    return port;
  }

  /** Exactly this one, if nobody of ours has it. @param unseen Without a look at whether somebody listens on it. */
  async take(port: number, owner: string, unseen = false): Promise<Taking> {
    const holder = this.#owners.get(port);
    if (holder !== undefined && holder !== owner) return { kind: "ours", owner: partsOf(holder) };
    // Claimed before the test, which takes a moment: another environment may be looking at the same one.
    this.#owners.set(port, owner);
    const claim = this.#claims?.claim(port, partsOf(owner)) ?? null;
    if (claim !== null) {
      this.#owners.delete(port);
      return { kind: "ours", owner: { workspace: claim.workspace, service: claim.service } };
    }
    if (unseen || (await portState(port)) === "free") return { kind: "taken" };
    if (holder === undefined) this.#return(port);
    return { kind: "stranger" };
  }

  /** What a service was given for `wanted` before; null where nothing is remembered. */
  recall(owner: string, wanted: number): number | null {
    const { workspace, service } = partsOf(owner);
    return this.#memory?.recall(workspace, service, wanted) ?? null;
  }

  /** Keeps for the next host what a service was given, once `saveMemory` is called. */
  remember(owner: string, ports: readonly RememberedPort[]): void {
    const { workspace, service } = partsOf(owner);
    this.#memory?.remember(workspace, service, ports);
  }

  saveMemory(): void {
    this.#memory?.save();
  }

  release(owner: string): void {
    for (const [port, holder] of this.#owners) if (holder === owner) this.#return(port);
  }

  #return(port: number): void {
    this.#owners.delete(port);
    this.#claims?.release(port);
  }
}

/** From 0 to 99, always the same for one workspace. */
export function slotOf(workspace: string): number {
  return createHash("sha256").update(workspace).digest().readUInt32BE(0) % MAX_STEPS;
}

function partsOf(owner: string): PortOwner {
  const [workspace = "", ...service] = owner.split("/");
  return { workspace, service: service.join("/") };
}
