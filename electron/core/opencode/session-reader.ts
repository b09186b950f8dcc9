/** Reads what the server has: the answers to these calls are where every connection begins. */
import { z } from "zod";
import type { Message } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { AppError } from "../lib/error.ts";
import { SESSIONS_MAX, type ChatFacts } from "./chat-fold.ts";
import { LOADING_MS, route, type OpencodeClient } from "./client.ts";
import { MESSAGES_SHOWN } from "./message-fold.ts";
import {
  readMessage,
  readPart,
  readPermission,
  readQuestion,
  readSession,
  readStatus,
  type SessionRecord,
} from "./translate.ts";

const listSchema = z.array(z.unknown());
const statusesSchema = z.record(z.string(), z.unknown());
const pageSchema = z.array(z.object({ info: z.unknown(), parts: z.array(z.unknown()) }));

/** The error for a session that is not there, or not ours. */
export function missingSession(id: SessionId): AppError {
  return new AppError("session_missing", `There is no session ${id} (any more).`);
}

/** Rejects with `session_missing` also where the session is another folder's: OpenCode would work there. */
export async function readOwnSession(client: OpencodeClient, id: SessionId, directory: string): Promise<SessionRecord> {
  const path = route`/session/${id}`;
  const session = readSession(await client.call({ method: "GET", path, answer: z.unknown(), deadlineMs: LOADING_MS }));
  if (session === null || session.directory !== directory) throw missingSession(id);
  return session;
}

/** The newest messages, one more than is shown: that one says that there are more. */
export async function readMessages(client: OpencodeClient, id: SessionId): Promise<Message[]> {
  const page = await client.call({
    method: "GET",
    path: route`/session/${id}/message`,
    query: { limit: String(MESSAGES_SHOWN + 1) },
    answer: pageSchema,
    deadlineMs: LOADING_MS,
  });
  return page.flatMap(({ info, parts }) => {
    const message = readMessage(info);
    return message === null ? [] : [{ ...message, parts: parts.flatMap((part) => readPart(part) ?? []) }];
  });
}

/** Sessions, statuses and what waits for an answer. */
export async function readChat(client: OpencodeClient): Promise<ChatFacts> {
  const get = <Answer>(path: string, answer: z.ZodType<Answer>, query: Record<string, string> = {}) =>
    client.call({ method: "GET", path, answer, query, deadlineMs: LOADING_MS });
  const [sessions, statuses, permissions, questions] = await Promise.all([
    get("/session", listSchema, { limit: String(SESSIONS_MAX) }),
    get("/session/status", statusesSchema),
    get("/permission", listSchema),
    get("/question", listSchema),
  ]);
  return {
    sessions: sessions.flatMap((session) => readSession(session) ?? []),
    statuses: new Map(Object.entries(statuses).flatMap(([id, value]) => withStatus(id, value))),
    permissions: permissions.flatMap((request) => readPermission(request) ?? []),
    questions: questions.flatMap((request) => readQuestion(request) ?? []),
  };
}

function withStatus(id: string, value: unknown): [string, NonNullable<ReturnType<typeof readStatus>>][] {
  const status = readStatus(value);
  return status === null ? [] : [[id, status]];
}
