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

/** Said of a turn whose end nobody saw: the host itself was not there any more. */
const CUT_UNSEEN = "The server ended before the turn was finished.";

/** What is known beside the server's own answer. */
export interface Knowledge {
  /** Our copies of unfinished texts, which the server does not have (yet), by part id. */
  readonly live: ReadonlyMap<string, string>;
  /** Why a turn was cut off, by message id; null: it was continued since. */
  readonly marks: ReadonlyMap<string, string | null>;
  /** Whether the session works: if not, unfinished texts without a word are left-overs of an attempt that broke. */
  readonly busy: boolean;
  /** Older messages exist that were not read. */
  readonly truncated: boolean;
}

type Entry = { info: MessageInfo; readonly parts: Part[] };
type TextPart = Extract<Part, { type: "text" | "reasoning" }>;

/** The text that is being streamed. What came since `part` was put at its place is in `text` alone, until anybody looks. */
type Growing = {
  readonly messageId: string;
  readonly parts: Part[];
  readonly index: number;
  readonly part: TextPart;
  text: string;
};

export class MessageFold {
  #messages = new Map<string, Entry>();
  #truncated = false;
  #marks = new Map<string, string | null>();
  #growing: Growing | null = null;
  /** An error of the turn for which no message has come up yet. */
  #error: { readonly name: string; readonly message: string } | null = null;

  /** Older messages exist that are not in it. */
  get truncated(): boolean {
    return this.#truncated;
  }

  messages(): Message[] {
    this.#settle();
    return Array.from(this.#messages.values(), ({ info, parts }) => ({ ...info, parts: [...parts] }));
  }

  /** Starts over from what the server has. */
  load(messages: readonly Message[], known: Knowledge): void {
    this.#error = null;
    this.#growing = null;
    this.#truncated = known.truncated;
    this.#marks = new Map(known.marks);
    this.#messages = new Map();
    for (const { parts, ...info } of messages) {
      const whole = parts.map((part) => restore(part, known.live)).filter((part) => known.busy || !isEmptyRest(part));
      this.#messages.set(info.id, { info: this.#marked(info), parts: whole });
    }
    const open = known.busy ? null : this.#openAnswer();
    if (open !== null && open.info.error === null && !this.#marks.has(open.info.id)) {
      open.info = { ...open.info, interrupted: CUT_UNSEEN };
    }
    for (const entry of this.#messages.values()) if (entry.info.interrupted !== null) endTools(entry);
  }

  /** The turn was cut off in this message. */
  interrupt(messageId: string, reason: string): SessionEvent[] {
    this.#settle();
    this.#marks.set(messageId, reason);
    const entry = this.#messages.get(messageId);
    if (entry === undefined) return [];
    entry.info = this.#marked(entry.info);
    const ended = endTools(entry);
    return [
      { kind: "message", info: entry.info },
      ...ended.map((part): SessionEvent => ({ kind: "part", messageId, part })),
    ];
  }

  /** The agent was asked to go on: the mark goes, what was written stays. */
  continued(): SessionEvent[] {
    const events: SessionEvent[] = [];
    for (const entry of this.#messages.values()) {
      if (entry.info.interrupted === null) continue;
      this.#marks.set(entry.info.id, null);
      entry.info = { ...entry.info, interrupted: null };
      events.push({ kind: "message", info: entry.info });
    }
    return events;
  }

  apply(change: Change): SessionEvent[] {
    if (change.kind === "delta") return this.#delta(change.messageId, change.partId, change.delta);
    this.#settle();
    switch (change.kind) {
      case "message":
        return this.#message(change.info);
      case "message_ended": {
        const known = this.#messages.get(change.messageId);
        return known === undefined ? [] : this.#message({ ...known.info, ...change.ended });
      }
      case "tool": {
        const tool = this.#messages.get(change.messageId)?.parts.find((part) => part.id === change.partId);
        if (tool?.type !== "tool") return [];
        return this.#part(change.messageId, { ...tool, state: { ...tool.state, ...change.state } });
      }
      case "message_removed":
        if (!this.#messages.delete(change.messageId)) return [];
        return [{ kind: "message_removed", messageId: change.messageId }];
      case "part":
        return this.#part(change.messageId, change.part);
      case "part_removed":
        return this.#remove(change.messageId, (part) => part.id === change.partId);
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

  #message(told: MessageInfo): SessionEvent[] {
    const info = this.#marked(told);
    const known = this.#messages.get(info.id);
    if (known === undefined) {
      this.#messages.set(info.id, { info, parts: [] });
      this.#trim();
    } else known.info = info;
    const events: SessionEvent[] = [{ kind: "message", info }];
    if (info.role !== "assistant") return events;
    if (told.error !== null) this.#error = null;
    return info.completedAt === null ? events : [...events, ...this.#tellError()];
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
    const known = this.#growing;
    const growing = known?.part.id === partId && known.messageId === messageId ? known : this.#grow(messageId, partId);
    if (growing === null) return [];
    growing.text += delta;
    return [{ kind: "delta", messageId, partId, delta }];
  }

  #grow(messageId: string, partId: string): Growing | null {
    this.#settle();
    const parts = this.#messages.get(messageId)?.parts;
    const index = parts?.findLastIndex((known) => known.id === partId) ?? -1;
    const part = parts?.[index];
    if (parts === undefined || part === undefined || (part.type !== "text" && part.type !== "reasoning")) return null;
    // Complete already: the piece is from before the snapshot it is in.
    if (part.done) return null;
    this.#growing = { messageId, parts, index, part, text: part.text };
    return this.#growing;
  }

  /** Puts the text that grew at its place. Before anything else looks at the parts, or moves them. */
  #settle(): void {
    if (this.#growing === null) return;
    const { parts, index, part, text } = this.#growing;
    parts[index] = { ...part, text };
    this.#growing = null;
  }

  /** With why it was cut off. The abort that a stopping server makes of it is then not told as an error as well. */
  #marked(info: MessageInfo): MessageInfo {
    const interrupted = this.#marks.get(info.id) ?? null;
    if (interrupted === null) return info;
    return { ...info, interrupted, error: info.error?.name === "MessageAbortedError" ? null : info.error };
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

/** What ran when the server ended runs no more; OpenCode leaves it as running for ever. Answers the parts it changed. */
function endTools({ parts }: Entry): Part[] {
  const ended: Part[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.type !== "tool" || (part.state.status !== "pending" && part.state.status !== "running")) continue;
    const over: Part = { ...part, state: { ...part.state, status: "error", error: "It was cut off." } };
    parts[index] = over;
    ended.push(over);
  }
  return ended;
}

function isEmptyRest(part: Part): boolean {
  return (part.type === "text" || part.type === "reasoning") && !part.done && part.text === "";
}
