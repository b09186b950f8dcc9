import type { Client } from "#shared/client.ts";
import type { Message } from "#shared/schema/chat.ts";
import type { PermissionId, SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { say } from "../bench/figures.ts";

/** After these a new session is begun: a conversation that grows for an hour would be measured instead of the host. */
const TURNS_A_SESSION = 10;
/** A turn of a hundred words at 12 ms takes two seconds; one that was hit by a cut of the stream a little longer. */
const TURN_MAX_MS = 30_000;
/** Whoever clicked in vain clicks again. */
const ASK_AGAIN_MS = 1_000;
const PROMPT = "#bash echo soak\n#slow 2\n#stream 100";
/** The same turn, its words as fast as they come. */
const QUICK_PROMPT = "#bash echo soak\n#stream 100";

/** A person who asks again and again, and sees each turn through to its end. */
export class Turns {
  readonly #client: Client;
  #workspace: WorkspaceId | null = null;
  #session: SessionId | null = null;
  #stopViewing: () => void = () => undefined;
  #stopWatching: () => void = () => undefined;
  #busy = false;
  #sawBusy = false;
  #inSession = 0;
  #ended: () => void = () => undefined;
  #answers = 0;
  done = 0;
  failed = 0;
  /** Permissions that could not be given at the first try. */
  refused = 0;
  /** Snapshots of sessions, the first of each included. */
  snapshots = 0;
  /** Snapshots that came although the session was known: one after each connection. */
  resyncs = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Allows what the agent asks for, as a person at the permission card does. */
  watch(workspace: WorkspaceId): void {
    this.#workspace = workspace;
    const answered = new Set<string>();
    let waiting: readonly { readonly id: PermissionId }[] = [];
    const answer = () => {
      for (const { id } of waiting) {
        if (answered.has(id)) continue;
        answered.add(id);
        this.#client.call("permission.reply", { workspace, permission: id, reply: "once" }).catch((error: unknown) => {
          this.refused += 1;
          say(`a permission could not be given: ${String(error)}`);
          answered.delete(id);
          setTimeout(answer, ASK_AGAIN_MS).unref();
        });
      }
    };
    this.#stopWatching = this.#client.subscribe(
      "chat.watch",
      { workspace },
      {
        onBatch: (states) => {
          waiting = states.at(-1)?.permissions ?? [];
          answer();
        },
      },
    );
  }

  /** One turn, to its end. A turn that does not end counts as failed. */
  async take({ quickly = false } = {}): Promise<void> {
    try {
      await this.#take(quickly ? QUICK_PROMPT : PROMPT);
      this.done += 1;
    } catch (error) {
      // Counted; the next turn begins in a session of its own.
      this.failed += 1;
      const heard = `${this.#answers} answers, ${this.#sawBusy ? "was" : "never"} busy, ${this.#busy ? "still is" : "is idle"}`;
      say(`${String(error)} (turn ${this.#inSession} of ${this.#session ?? "no session"}: ${heard})`);
      this.#session = null;
    }
  }

  close(): void {
    this.#stopViewing();
    this.#stopWatching();
  }

  async #take(text: string): Promise<void> {
    const workspace = this.#workspace;
    if (workspace === null) throw new Error("watch comes first");
    if (this.#session === null || this.#inSession >= TURNS_A_SESSION) await this.#begin(workspace);
    const session = this.#session;
    if (session === null) throw new Error("no session");
    this.#inSession += 1;
    this.#sawBusy = false;
    this.#answers = 0;
    const ended = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the turn did not end")), TURN_MAX_MS);
      this.#ended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    await this.#client.call("session.prompt", { workspace, session, text });
    await ended;
    if (this.#answers === 0) throw new Error("the turn had no answer");
  }

  async #begin(workspace: WorkspaceId): Promise<void> {
    this.#stopViewing();
    const { id } = await this.#client.call("session.create", { workspace, title: `soak ${this.done}` });
    this.#session = id;
    this.#inSession = 0;
    let seen = 0;
    this.#stopViewing = this.#client.subscribe(
      "session.events",
      { workspace, session: id },
      {
        onBatch: (events) => {
          for (const event of events) {
            if (event.kind === "snapshot") {
              this.snapshots += 1;
              if (seen > 0) this.resyncs += 1;
              seen += 1;
            }
            if (event.kind === "message" && event.info.role === "assistant") this.#answers += 1;
            if (event.kind === "snapshot" && this.#holdsAnswer(event.messages)) {
              this.#answers += 1;
              // A cut of the stream may have hidden its beginning and its end.
              this.#sawBusy = true;
            }
            if (event.kind === "snapshot" || event.kind === "session")
              this.#status(event.session.status.type !== "idle");
          }
        },
      },
    );
  }

  /** Of the newest prompt: there are as many as were given, and the last word is the agent's. */
  #holdsAnswer(messages: readonly Message[]): boolean {
    const roles = messages.map(({ role }) => role);
    return roles.filter((role) => role === "user").length === this.#inSession && roles.at(-1) === "assistant";
  }

  #status(busy: boolean): void {
    this.#busy = busy;
    if (busy) this.#sawBusy = true;
    else if (this.#sawBusy && !this.#busy && this.#answers > 0) this.#ended();
  }
}
