/**
 * One session as the page knows it: a fold of its events, readable part by part. A delta touches one part only, so a
 * streaming answer re-renders one paragraph and nothing around it.
 */
import type { MessageInfo, Part, Session, SessionEvent } from "#shared/schema/chat.ts";

/** A message with the ids of its parts. The object is the same as long as none comes or goes. */
export type MessageRef = {
  readonly id: string;
  readonly role: MessageInfo["role"];
  readonly partIds: readonly string[];
};
export type TurnError = { readonly name: string; readonly message: string };

const none: readonly MessageRef[] = [];

export class SessionStore {
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #parts = new Map<string, Part>();
  readonly #infos = new Map<string, MessageInfo>();
  #messages: readonly MessageRef[] = none;
  #session: Session | null = null;
  #truncated = false;
  #error: TurnError | null = null;
  #loaded = false;

  /** False until the first snapshot came. */
  loaded = (): boolean => this.#loaded;
  session = (): Session | null => this.#session;
  messages = (): readonly MessageRef[] => this.#messages;
  truncated = (): boolean => this.#truncated;
  /** Why the last turn ended, where that belongs to no message. */
  error = (): TurnError | null => this.#error;
  part = (id: string): Part | undefined => this.#parts.get(id);
  info = (id: string): MessageInfo | undefined => this.#infos.get(id);

  /** Hears of changes to `list` (messages and their parts), `session`, `info:<message>` or `part:<part>`. */
  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }

  /** Takes over events in order; listeners hear once for all of them. */
  apply(events: readonly SessionEvent[]): void {
    const changed = new Set<string>();
    for (const event of events) this.#fold(event, changed);
    for (const key of changed) for (const listener of this.#listeners.get(key) ?? []) listener();
  }

  #fold(event: SessionEvent, changed: Set<string>): void {
    switch (event.kind) {
      case "snapshot": {
        for (const id of this.#parts.keys()) changed.add(`part:${id}`);
        for (const id of this.#infos.keys()) changed.add(`info:${id}`);
        this.#parts.clear();
        this.#infos.clear();
        this.#session = event.session;
        this.#truncated = event.truncated;
        this.#loaded = true;
        this.#messages = event.messages.map(({ parts, ...info }) => {
          this.#infos.set(info.id, info);
          changed.add(`info:${info.id}`);
          for (const part of parts) {
            this.#parts.set(part.id, part);
            changed.add(`part:${part.id}`);
          }
          return { id: info.id, role: info.role, partIds: parts.map((part) => part.id) };
        });
        changed.add("list").add("session");
        return;
      }
      case "session":
        // A new turn makes the error of the last one history.
        if (event.session.status.type === "busy" && this.#session?.status.type === "idle") this.#error = null;
        this.#session = event.session;
        changed.add("session");
        return;
      case "message":
        this.#infos.set(event.info.id, event.info);
        changed.add(`info:${event.info.id}`);
        if (!this.#messages.some((message) => message.id === event.info.id)) {
          this.#messages = insert(
            this.#messages,
            { id: event.info.id, role: event.info.role, partIds: [] },
            this.#infos,
          );
          changed.add("list");
        }
        return;
      case "message_removed":
        for (const id of this.#messages.find((message) => message.id === event.messageId)?.partIds ?? [])
          this.#parts.delete(id);
        this.#infos.delete(event.messageId);
        this.#messages = this.#messages.filter((message) => message.id !== event.messageId);
        changed.add("list");
        return;
      case "part": {
        const known = this.#parts.has(event.part.id);
        this.#parts.set(event.part.id, event.part);
        changed.add(`part:${event.part.id}`);
        if (known) return;
        this.#messages = this.#messages.map((message) =>
          message.id === event.messageId ? { ...message, partIds: [...message.partIds, event.part.id] } : message,
        );
        changed.add("list");
        return;
      }
      case "part_removed":
        this.#parts.delete(event.partId);
        this.#messages = this.#messages.map((message) =>
          message.id === event.messageId
            ? { ...message, partIds: message.partIds.filter((id) => id !== event.partId) }
            : message,
        );
        changed.add("list").add(`part:${event.partId}`);
        return;
      case "delta": {
        const part = this.#parts.get(event.partId);
        // The host sends the part before its text; a delta without one belongs to a part that is already gone.
        if (part?.type !== "text" && part?.type !== "reasoning") return;
        this.#parts.set(event.partId, { ...part, text: part.text + event.delta });
        changed.add(`part:${event.partId}`);
        return;
      }
      case "error":
        this.#error = { name: event.name, message: event.message };
        changed.add("session");
        return;
    }
  }
}

/** Puts a message where its time says; nearly always that is the end. */
function insert(
  messages: readonly MessageRef[],
  added: MessageRef,
  infos: ReadonlyMap<string, MessageInfo>,
): readonly MessageRef[] {
  const at = infos.get(added.id)?.createdAt ?? Number.POSITIVE_INFINITY;
  const before = messages.findLastIndex((message) => (infos.get(message.id)?.createdAt ?? 0) <= at);
  return messages.toSpliced(before + 1, 0, added);
}
