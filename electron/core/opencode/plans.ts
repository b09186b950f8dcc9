import type { ServerPlan } from "#shared/schema/server.ts";

/** Why something is planned. Where several are, the first of these is shown. */
const kinds = ["health", "memory", "idle"] as const;
export type PlanKind = (typeof kinds)[number];

/** What is going to be done with a server by itself, and what a person has called off. */
export class Plans {
  readonly #planned = new Map<PlanKind, ServerPlan>();
  readonly #calledOff = new Set<PlanKind>();

  /** The one that is shown; null where nothing is planned. */
  get current(): ServerPlan | null {
    for (const kind of kinds) {
      const plan = this.#planned.get(kind);
      if (plan !== undefined) return plan;
    }
    return null;
  }

  get(kind: PlanKind): ServerPlan | null {
    return this.#planned.get(kind) ?? null;
  }

  /** Whether a person wants it left alone, for as long as its reason lasts. */
  isCalledOff(kind: PlanKind): boolean {
    return this.#calledOff.has(kind);
  }

  set(kind: PlanKind, plan: ServerPlan): void {
    this.#planned.set(kind, plan);
  }

  /** Its reason is gone; should it come again, it is planned again. Answers whether anything was planned. */
  drop(kind: PlanKind): boolean {
    this.#calledOff.delete(kind);
    return this.#planned.delete(kind);
  }

  /** A person calls off everything planned. Answers what that was. */
  keep(): readonly PlanKind[] {
    const kept = [...this.#planned.keys()];
    for (const kind of kept) this.#calledOff.add(kind);
    this.#planned.clear();
    return kept;
  }

  clear(): void {
    this.#planned.clear();
    this.#calledOff.clear();
  }
}
