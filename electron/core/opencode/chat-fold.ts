/** What a workspace's chat page needs but the messages: sessions with their status, and what waits for an answer. Pure. */
import type { ChatState, PermissionRequest, QuestionRequest, Session, SessionStatus } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import type { Change, SessionRecord } from "./changes.ts";

/** Sessions kept; beyond it those that were not used for the longest time are left out. Each has some 300 bytes. */
export const SESSIONS_MAX = 500;
/** A sub-agent of a sub-agent of …: OpenCode itself goes no deeper than a few. */
const DEEPEST = 32;

const idle: SessionStatus = { type: "idle" };

export interface ChatFacts {
  readonly sessions: readonly SessionRecord[];
  readonly statuses: ReadonlyMap<string, SessionStatus>;
  readonly permissions: readonly PermissionRequest[];
  readonly questions: readonly QuestionRequest[];
}

export class ChatFold {
  readonly #directory: string;
  #sessions = new Map<string, SessionRecord>();
  #statuses = new Map<string, SessionStatus>();
  #permissions = new Map<string, PermissionRequest>();
  #questions = new Map<string, QuestionRequest>();

  /** @param directory The workspace's folder: OpenCode mixes the sessions of all folders that belong to no git repository. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  load(facts: ChatFacts): void {
    const ours = facts.sessions.filter((session) => session.directory === this.#directory);
    this.#sessions = new Map(ours.map((session) => [session.id, session]));
    // Idle is what is not in it.
    this.#statuses = new Map(Array.from(facts.statuses).filter(([, status]) => status.type !== "idle"));
    this.#permissions = new Map(facts.permissions.map((request) => [request.id, request]));
    this.#questions = new Map(facts.questions.map((request) => [request.id, request]));
  }

  /** Nothing works and nothing waits any more; the sessions stay to be seen. */
  serverGone(): void {
    this.#statuses.clear();
    this.#permissions.clear();
    this.#questions.clear();
  }

  /** Whether the state is another one now. */
  apply(change: Change): boolean {
    switch (change.kind) {
      case "session":
        if (change.session.directory !== this.#directory) return false;
        this.#sessions.set(change.session.id, change.session);
        this.#trim();
        return true;
      case "session_removed":
        this.#statuses.delete(change.sessionId);
        for (const map of [this.#permissions, this.#questions]) {
          for (const [id, request] of map) if (request.sessionId === change.sessionId) map.delete(id);
        }
        return this.#sessions.delete(change.sessionId);
      case "status": {
        const before = this.#statuses.get(change.sessionId) ?? idle;
        if (change.status.type === "idle") this.#statuses.delete(change.sessionId);
        else this.#statuses.set(change.sessionId, change.status);
        return JSON.stringify(before) !== JSON.stringify(change.status);
      }
      case "permission":
        this.#permissions.set(change.request.id, change.request);
        return true;
      case "permission_gone":
        return this.#permissions.delete(change.id);
      case "question":
        this.#questions.set(change.request.id, change.request);
        return true;
      case "question_gone":
        return this.#questions.delete(change.id);
      default:
        return false;
    }
  }

  session(id: SessionId): Session | null {
    const record = this.#sessions.get(id);
    return record === undefined ? null : this.#withStatus(record);
  }

  /** The session a request is of, not the one it is shown at; null where no such request waits. */
  ownerOf(request: string): SessionId | null {
    return (this.#permissions.get(request) ?? this.#questions.get(request))?.sessionId ?? null;
  }

  /** Whether a session of this folder works: a turn runs, waits for an answer, or for the model to be asked again. */
  isBusy(id: SessionId): boolean {
    return this.#sessions.has(id) && this.#statuses.has(id);
  }

  /** Whether any session of this folder works, or waits for a person. */
  anyBusy(): boolean {
    for (const id of this.#sessions.keys()) if (this.#statuses.has(id)) return true;
    return this.#permissions.size > 0 || this.#questions.size > 0;
  }

  /** Most recently used first. A sub-agent's request is shown at the session a person talks to. */
  state(): ChatState {
    const newestFirst = Array.from(this.#sessions.values()).sort((a, b) => b.updatedAt - a.updatedAt);
    return {
      sessions: newestFirst.map((record) => this.#withStatus(record)),
      permissions: Array.from(this.#permissions.values(), (request) => this.#atRoot(request)),
      questions: Array.from(this.#questions.values(), (request) => this.#atRoot(request)),
    };
  }

  #withStatus({ directory: _directory, ...record }: SessionRecord): Session {
    return { ...record, status: this.#statuses.get(record.id) ?? idle };
  }

  #atRoot<Request extends PermissionRequest | QuestionRequest>(request: Request): Request {
    let { sessionId } = request;
    for (let depth = 0; depth < DEEPEST; depth += 1) {
      const parent = this.#sessions.get(sessionId)?.parentId ?? null;
      if (parent === null) break;
      sessionId = parent;
    }
    return { ...request, sessionId };
  }

  #trim(): void {
    if (this.#sessions.size <= SESSIONS_MAX) return;
    const [oldest] = Array.from(this.#sessions.values()).sort((a, b) => a.updatedAt - b.updatedAt);
    if (oldest !== undefined) this.#sessions.delete(oldest.id);
  }
}
