/** What is known of one service, and the only way to change its state: through the table, with every change told. */
import type { Failure } from "#shared/failure.ts";
import type { Logger } from "../lib/logger.ts";
import { plainText } from "../log/sanitize.ts";
import type { LogBook } from "../log/types.ts";
import { INITIAL_STATE, transition, type ServiceEvent, type ServiceState } from "./service-states.ts";

/** Who caused a change, for the audit. */
export type Actor = "user" | "agent" | "watch" | "probe" | "policy" | "system";

/** One change of phase or health. */
export interface ServiceChange {
  readonly actor: Actor;
  /** `exceed`: a limit is exceeded, and the author wants no more than to be told; nothing else changes. */
  readonly action: ServiceEvent["kind"] | "exceed";
  readonly from: ServiceState;
  readonly to: ServiceState;
  readonly reason: string | null;
}

export interface ServiceRecordDependencies {
  readonly name: string;
  readonly book: LogBook;
  readonly logger: Logger;
  /** Where the counting of generations goes on, for a service that replaces another of its name. */
  readonly generation: number;
  /** Shown, and started only when it is named. */
  readonly disabled: boolean;
  /** After every change; null where only the reasons changed. */
  readonly onChange: (change: ServiceChange | null) => void;
}

/** Lines of output that go with a failure. */
const TAIL_LINES = 20;

export class ServiceRecord {
  readonly #dependencies: ServiceRecordDependencies;
  #state: ServiceState;
  #why: string | null = null;
  #failure: Failure | null = null;

  constructor(dependencies: ServiceRecordDependencies) {
    this.#dependencies = dependencies;
    const { disabled, generation } = dependencies;
    this.#state = { ...INITIAL_STATE, generation, phase: disabled ? "disabled" : "stopped" };
  }

  get state(): ServiceState {
    return this.#state;
  }

  get why(): string | null {
    return this.#why;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** An event of an earlier generation is dropped; one that cannot be is logged, and changes nothing. */
  move(event: ServiceEvent, actor: Actor, reason: string | null): void {
    const { name, logger, onChange } = this.#dependencies;
    const from = this.#state;
    const result = transition(from, event);
    if (result.kind === "stale") return;
    if (result.kind === "illegal") {
      logger.error("A service was told something that cannot be", {
        service: name,
        phase: from.phase,
        event: event.kind,
      });
      return;
    }
    this.#state = result.state;
    onChange({ actor, action: event.kind, from, to: result.state, reason });
  }

  /** Something worth the audit that changes no state. */
  tell(action: "exceed", actor: Actor, reason: string): void {
    this.#dependencies.onChange({ actor, action, from: this.#state, to: this.#state, reason });
  }

  /** For people, and where it is trouble, as data. Told with the next change. */
  explain(why: string | null, failure: Failure | null): void {
    this.#why = why;
    this.#failure = failure;
  }

  /** Trouble, explained by its own message and noted in the log. */
  blame(failure: Failure): void {
    this.explain(failure.message, failure);
    this.note(failure.message);
  }

  /** A note of ours between the lines of the service. */
  note(text: string): void {
    const { name, book } = this.#dependencies;
    book.append(name, { stream: "note", text, generation: this.#state.generation, cut: false });
  }

  /** The last lines of this generation's own output, without colours. */
  tail(): string[] {
    const { name, book } = this.#dependencies;
    return book
      .tail(name, TAIL_LINES * 2)
      .filter((line) => line.stream !== "note" && line.generation === this.#state.generation)
      .map((line) => plainText(line.text))
      .slice(-TAIL_LINES);
  }
}
