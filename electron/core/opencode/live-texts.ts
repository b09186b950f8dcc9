import type { SessionId } from "#shared/schema/id.ts";
import type { Change } from "./changes.ts";

/** Characters kept over all sessions. A long answer has some 100,000; beyond the bound the oldest texts are forgotten. */
const LIVE_MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Our own copy of the texts that are being streamed. OpenCode stores a text only when it is complete: until then its API
 * gives an empty part, and after a crash it gives that for ever. Kept for every session, watched or not.
 */
export class LiveTexts {
  readonly #texts = new Map<string, { readonly sessionId: SessionId; text: string }>();
  #characters = 0;

  apply(change: Change): void {
    switch (change.kind) {
      case "part": {
        const { part, sessionId } = change;
        if (part.type !== "text" && part.type !== "reasoning") return;
        this.#delete(part.id);
        if (!part.done) this.#set(part.id, sessionId, part.text);
        return;
      }
      case "delta": {
        const known = this.#texts.get(change.partId);
        if (known === undefined) return;
        known.text += change.delta;
        this.#characters += change.delta.length;
        this.#trim();
        return;
      }
      case "part_removed":
        return this.#delete(change.partId);
      case "status":
        // Idle: what there is of it is stored. Retry: the half text is void, see message-fold.ts.
        if (change.status.type !== "busy") this.#deleteSession(change.sessionId);
        return;
      case "session_removed":
        return this.#deleteSession(change.sessionId);
      default:
    }
  }

  /** The texts of one session by part id, as they are now. */
  of(sessionId: SessionId): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [id, entry] of this.#texts) if (entry.sessionId === sessionId) found.set(id, entry.text);
    return found;
  }

  /** The server is gone: nothing of it is streamed any more. */
  clear(): void {
    this.#texts.clear();
    this.#characters = 0;
  }

  #set(partId: string, sessionId: SessionId, text: string): void {
    this.#texts.set(partId, { sessionId, text });
    this.#characters += text.length;
    this.#trim();
  }

  #delete(partId: string): void {
    this.#characters -= this.#texts.get(partId)?.text.length ?? 0;
    this.#texts.delete(partId);
  }

  #deleteSession(sessionId: SessionId): void {
    for (const [id, entry] of this.#texts) if (entry.sessionId === sessionId) this.#delete(id);
  }

  #trim(): void {
    for (const id of this.#texts.keys()) {
      if (this.#characters <= LIVE_MAX_CHARACTERS) return;
      this.#delete(id);
    }
  }
}
