/** What an environment says of itself: notes in its log, and what somebody asked of it in the audit. */
import type { AuditEntry } from "#shared/schema/host.ts";
import type { EnvironmentPhase } from "#shared/schema/environment.ts";
import type { Actor, ServiceChange } from "../service/service-record.ts";
import { auditEntryOf } from "./audit-entry.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";

/** Source of the notes about the environment as a whole. */
const NOTES = "deckhand";

export class Journal {
  readonly #dependencies: Pick<EnvironmentDependencies, "book" | "audit" | "clock" | "workspaceId">;

  constructor(dependencies: Pick<EnvironmentDependencies, "book" | "audit" | "clock" | "workspaceId">) {
    this.#dependencies = dependencies;
  }

  note(text: string): void {
    this.#dependencies.book.append(NOTES, { stream: "note", text, generation: 0, cut: false });
  }

  /** Somebody asked something of the environment as a whole. `reason`: the services it is about; null: all. */
  asked(action: AuditEntry["action"], actor: Actor, reason: string | null, phase: EnvironmentPhase): void {
    const { audit, clock, workspaceId } = this.#dependencies;
    audit({
      at: new Date(clock.now()).toISOString(),
      actor,
      action,
      workspace: workspaceId,
      service: null,
      generation: null,
      from: phase,
      to: null,
      reason,
    });
  }

  /** Something happened to a service; what is no event is left out. */
  changed(service: string, change: ServiceChange): void {
    const { audit, clock, workspaceId } = this.#dependencies;
    const entry = auditEntryOf(service, change, workspaceId, clock.now());
    if (entry !== null) audit(entry);
  }
}
