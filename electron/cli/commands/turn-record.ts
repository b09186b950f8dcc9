import type { Message, Part, PermissionReply, PermissionRequest, SessionEvent } from "#shared/schema/chat.ts";
import type { Output } from "../command.ts";

export interface TurnResult {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly permissions: readonly {
    id: string;
    permission: string;
    patterns: readonly string[];
    reply: PermissionReply;
  }[];
  readonly error: { name: string; message: string } | null;
  readonly tokens: { input: number; output: number; reasoning: number };
  readonly cost: number;
}

/**
 * Follows the events of one session from the moment a prompt is sent, prints them as they come, and keeps what `--json`
 * prints at the end. Messages that were there before the prompt are not part of the turn.
 */
export class TurnRecord {
  readonly #output: Output;
  readonly #old = new Set<string>();
  readonly #messages = new Map<string, Omit<Message, "parts">>();
  readonly #parts = new Map<string, { messageId: string; part: Part; printed: number }>();
  readonly #permissions: { id: string; permission: string; patterns: readonly string[]; reply: PermissionReply }[] = [];
  #onReady: (() => void) | null = null;
  #started = false;
  #busySeen = false;
  #idle = false;
  #error: TurnResult["error"] = null;

  /** With `--json` what is written streams to stderr, since stdout is for the one document. */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Called once the session's state is known: now the prompt may be sent and nothing of the answer is missed. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /** The turn is over: it was busy and is idle again, or ended in an error. */
  get finished(): boolean {
    return this.#busySeen && this.#idle;
  }

  take(event: SessionEvent): void {
    switch (event.kind) {
      case "snapshot":
        return this.#snapshot(event);
      case "session":
        return this.#status(event.session.status.type);
      case "message":
        if (!this.#old.has(event.info.id)) this.#messages.set(event.info.id, event.info);
        return;
      case "part":
        return this.#part(event.messageId, event.part);
      case "delta":
        return this.#delta(event.partId, event.delta);
      case "part_removed":
        this.#parts.delete(event.partId);
        return;
      case "message_removed":
        this.#messages.delete(event.messageId);
        return;
      case "error":
        this.#error = { name: event.name, message: event.message };
    }
  }

  permission(request: PermissionRequest, reply: PermissionReply): void {
    const { id, permission, patterns } = request;
    this.#permissions.push({ id, permission, patterns, reply });
    this.#note(`permission ${permission} (${patterns.join(", ")}): ${reply}`);
  }

  result(): TurnResult {
    const answers = [...this.#messages.values()].filter((message) => message.role === "assistant");
    const parts = [...this.#parts.values()].filter(
      ({ messageId }) => this.#messages.get(messageId)?.role === "assistant",
    );
    const sum = (read: (message: Omit<Message, "parts">) => number) =>
      answers.reduce((total, each) => total + read(each), 0);
    return {
      text: parts.map(({ part }) => (part.type === "text" ? part.text : "")).join(""),
      parts: parts.map(({ part }) => part),
      permissions: this.#permissions,
      error: this.#error ?? answers.findLast((message) => message.error !== null)?.error ?? null,
      tokens: {
        input: sum((message) => message.tokens.input),
        output: sum((message) => message.tokens.output),
        reasoning: sum((message) => message.tokens.reasoning),
      },
      cost: sum((message) => message.cost),
    };
  }

  #snapshot(event: SessionEvent & { kind: "snapshot" }): void {
    if (!this.#started) {
      this.#started = true;
      for (const message of event.messages) this.#old.add(message.id);
      this.#onReady?.();
      return;
    }
    // A reconnect: what was missed is in here.
    for (const { parts, ...info } of event.messages) {
      if (this.#old.has(info.id)) continue;
      this.#messages.set(info.id, info);
      for (const part of parts) this.#part(info.id, part);
    }
    this.#status(event.session.status.type);
  }

  #status(type: "idle" | "busy" | "retry"): void {
    if (type === "idle") this.#idle = true;
    else {
      this.#busySeen = true;
      this.#idle = false;
    }
  }

  #part(messageId: string, part: Part): void {
    if (this.#old.has(messageId)) return;
    const before = this.#parts.get(part.id);
    const entry = { messageId, part, printed: before?.printed ?? 0 };
    this.#parts.set(part.id, entry);
    if (part.type === "tool" && (before?.part.type !== "tool" || before.part.state.status !== part.state.status)) {
      const title = part.state.title ?? String(part.state.input["command"] ?? part.state.input["description"] ?? "");
      if (part.state.status !== "pending") this.#note(`${part.tool} ${part.state.status}: ${title}`);
    }
    // A tool's output is shown while it runs: what is new of it, as it comes.
    if (part.type === "tool") this.#printNew(entry, part.state.output ?? "", (text) => this.#note(text.trimEnd()));
    if (part.type === "text") this.#printText(entry);
  }

  #delta(partId: string, delta: string): void {
    const entry = this.#parts.get(partId);
    if (entry === undefined || (entry.part.type !== "text" && entry.part.type !== "reasoning")) return;
    entry.part = { ...entry.part, text: entry.part.text + delta };
    if (entry.part.type === "text") this.#printText(entry);
  }

  #printText(entry: { messageId: string; part: Part; printed: number }): void {
    if (entry.part.type !== "text" || this.#messages.get(entry.messageId)?.role === "user") return;
    this.#printNew(entry, entry.part.text, (text) => this.#output.write(text));
  }

  #printNew(entry: { printed: number }, whole: string, print: (text: string) => void): void {
    if (whole.length <= entry.printed) return;
    const text = whole.slice(entry.printed);
    entry.printed = whole.length;
    print(text);
  }

  #note(text: string): void {
    if (text !== "") this.#output.note(text);
  }
}
