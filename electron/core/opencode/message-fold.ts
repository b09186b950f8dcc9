/**
 * The messages of one session, folded from a snapshot and the changes after it. Pure: each change answers with what a viewer
 * of the session has to be told.
 */
import type { Message, MessageInfo, Part, SessionEvent } from "#shared/schema/chat.ts";
import type { Change } from "./changes.ts";

/** Messages read for a snapshot. Measured: 200 are 400 kB and take 20 ms. */
export const MESSAGES_SHOWN = 200;
/** At twice that many the older half is let go; who watches keeps what was sent, a new viewer gets the newer half. */
const MESSAGES_MAX = 2 * MESSAGES_SHOWN;

type Entry = { info: MessageInfo; readonly parts: Part[] };

export class MessageFold {
  #messages = new Map<string, Entry>();
  #truncated = false;
  /** An error of the turn for which no message has come up yet. */
  #error: { readonly name: string; readonly message: string } | null = null;

  /** Older messages exist that are not in it. */
  get truncated(): boolean {
    return this.#truncated;
  }

  messages(): Message[] {
    return Array.from(this.#messages.values(), ({ info, parts }) => ({ ...info, parts: [...parts] }));
  }

  /**
   * Starts over from what the server has.
   *
   * @param live Our copies of unfinished texts, which the server does not have yet.
   * @param busy Whether the session works: if not, unfinished texts without a word are left-overs of an attempt that broke.
   */
  load(messages: readonly Message[], live: ReadonlyMap<string, string>, busy: boolean, truncated: boolean): void {
    this.#error = null;
    this.#truncated = truncated;
    this.#messages = new Map();
    for (const { parts, ...info } of messages) {
      const whole = parts.map((part) => restore(part, live)).filter((part) => busy || !isEmptyRest(part));
      this.#messages.set(info.id, { info, parts: whole });
    }
  }

  apply(change: Change): SessionEvent[] {
    switch (change.kind) {
      case "message":
        return this.#message(change.info);
      case "message_removed":
        if (!this.#messages.delete(change.messageId)) return [];
        return [{ kind: "message_removed", messageId: change.messageId }];
      case "part":
        return this.#part(change.messageId, change.part);
      case "part_removed":
        return this.#remove(change.messageId, (part) => part.id === change.partId);
      case "delta":
        return this.#delta(change.messageId, change.partId, change.delta);
      case "error":
        this.#error = { name: change.name, message: change.message };
        return [];
      case "status":
        if (change.status.type === "retry") return this.#dropUnfinished();
        if (change.status.type === "busy") return [];
        // Idle may come before the message's own last update, which then tells the error.
        return this.#openAnswer() === null ? this.#tellError() : [];
      default:
        return [];
    }
  }

  #message(info: MessageInfo): SessionEvent[] {
    const known = this.#messages.get(info.id);
    if (known === undefined) {
      this.#messages.set(info.id, { info, parts: [] });
      this.#trim();
    } else known.info = info;
    const told: SessionEvent[] = [{ kind: "message", info }];
    if (info.role !== "assistant") return told;
    if (info.error !== null) this.#error = null;
    return info.completedAt === null ? told : [...told, ...this.#tellError()];
  }

  #part(messageId: string, part: Part): SessionEvent[] {
    const parts = this.#messages.get(messageId)?.parts;
    // Of a message that was let go.
    if (parts === undefined) return [];
    const index = parts.findLastIndex((known) => known.id === part.id);
    if (index === -1) parts.push(part);
    else parts[index] = part;
    return [{ kind: "part", messageId, part }];
  }

  #delta(messageId: string, partId: string, delta: string): SessionEvent[] {
    const parts = this.#messages.get(messageId)?.parts;
    const index = parts?.findLastIndex((known) => known.id === partId) ?? -1;
    const part = parts?.[index];
    if (parts === undefined || part === undefined || (part.type !== "text" && part.type !== "reasoning")) return [];
    // Complete already: the piece is from before the snapshot it is in.
    if (part.done) return [];
    parts[index] = { ...part, text: part.text + delta };
    return [{ kind: "delta", messageId, partId, delta }];
  }

  /**
   * The model's answer broke off and is asked for again. OpenCode leaves what was streamed of it without a correction; the
   * next attempt adds new parts to the same message.
   */
  #dropUnfinished(): SessionEvent[] {
    const id = this.#lastAnswer()?.info.id;
    return id === undefined
      ? []
      : this.#remove(id, (part) => (part.type === "text" || part.type === "reasoning") && !part.done);
  }

  #remove(messageId: string, which: (part: Part) => boolean): SessionEvent[] {
    const parts = this.#messages.get(messageId)?.parts;
    if (parts === undefined) return [];
    const gone = parts.filter((part) => which(part));
    for (const part of gone) parts.splice(parts.indexOf(part), 1);
    return gone.map((part) => ({ kind: "part_removed", messageId, partId: part.id }));
  }

  #tellError(): SessionEvent[] {
    const error = this.#error;
    this.#error = null;
    return error === null ? [] : [{ kind: "error", ...error }];
  }

  #lastAnswer(): Entry | null {
    const last = Array.from(this.#messages.values()).at(-1);
    return last?.info.role === "assistant" ? last : null;
  }

  #openAnswer(): Entry | null {
    const answer = this.#lastAnswer();
    return answer !== null && answer.info.completedAt === null ? answer : null;
  }

  #trim(): void {
    if (this.#messages.size <= MESSAGES_MAX) return;
    this.#truncated = true;
    for (const id of Array.from(this.#messages.keys()).slice(0, -MESSAGES_SHOWN)) this.#messages.delete(id);
  }
}

function restore(part: Part, live: ReadonlyMap<string, string>): Part {
  if ((part.type !== "text" && part.type !== "reasoning") || part.done) return part;
  const own = live.get(part.id) ?? "";
  return own.length > part.text.length ? { ...part, text: own } : part;
}

function isEmptyRest(part: Part): boolean {
  return (part.type === "text" || part.type === "reasoning") && !part.done && part.text === "";
}
