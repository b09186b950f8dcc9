/** The session routes of OpenCode 2.x; see v2.ts for how much of it is proven. */
import { z } from "zod";
import type { Message, SessionStatus } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { AppError } from "../../lib/error.ts";
import { SESSIONS_MAX, type ChatFacts } from "../chat-fold.ts";
import type { SessionRecord } from "../changes.ts";
import { isUnknownRoute, LOADING_MS, route, type Call, type OpencodeClient } from "../client.ts";
import { missingSession, strangeAnswer } from "../session-failures.ts";
import { readModelName } from "./model-name.ts";
import type { ModelList, SessionRoutes } from "./protocol.ts";
import { readChanges } from "./v2-events.ts";
import { readMessage, readPermission, readQuestion, readSession } from "./v2-objects.ts";

/** The server refuses to list more messages at once. */
const PAGE_MAX = 200;

const oneSchema = z.object({ data: z.unknown() });
const listSchema = z.object({ data: z.array(z.unknown()) });
const activeSchema = z.object({ data: z.record(z.string(), z.unknown()) });
const pageSchema = listSchema.extend({
  cursor: z.object({ next: z.string().optional() }).catch({}),
});
const modelSchema = z.object({
  id: z.string(),
  providerID: z.string(),
  name: z.string().catch(""),
  enabled: z.boolean().catch(true),
});

/** Events that say that something of a session changed, but not what it is now. */
const RESETS: ReadonlySet<string> = new Set([
  "session.created",
  "session.updated",
  "session.forked",
  "session.moved",
  "session.renamed",
]);

const busy: SessionStatus = { type: "busy" };

export const v2Sessions: SessionRoutes = {
  readChat,
  readOwn,
  readMessages,
  models,
  changes: readChanges,
  isGreeting: (event) => event.type === "server.connected",
  isReset: (event) => RESETS.has(event.type),
  async create(client, title, signal) {
    const body = { location: { directory: client.directory }, ...(title === undefined ? {} : { title }) };
    const { data } = await load(client, { method: "POST", path: "/api/session", body, answer: oneSchema, signal });
    const session = readSession(data);
    if (session === null) throw strangeAnswer("POST /api/session");
    return session;
  },
  /** Agent and model are the session's own here: naming one switches the session to it first. */
  async prompt(client, id, prompt, signal) {
    if (prompt.model !== undefined) {
      const { provider, model } = readModelName(prompt.model);
      const body = { model: { providerID: provider, id: model } };
      await load(client, { method: "POST", path: route`/api/session/${id}/model`, body, answer: null, signal });
    }
    if (prompt.agent !== undefined) {
      const body = { agent: prompt.agent };
      await load(client, { method: "POST", path: route`/api/session/${id}/agent`, body, answer: null, signal });
    }
    const body = { text: prompt.text, delivery: "queue" };
    await load(client, { method: "POST", path: route`/api/session/${id}/prompt`, body, answer: null, signal });
  },
  async abort(client, id, signal) {
    await client.call({ method: "POST", path: route`/api/session/${id}/interrupt`, answer: null, signal });
  },
  async remove(client, id, signal) {
    await client.call({ method: "DELETE", path: route`/api/session/${id}`, answer: null, signal });
  },
  async replyPermission(client, session, id, reply, message, signal) {
    const path = route`/api/session/${owned(session)}/permission/${id}/reply`;
    const body = message === undefined ? { reply } : { reply, message };
    await client.call({ method: "POST", path, body, answer: null, signal });
  },
  async replyQuestion(client, session, id, answers, signal) {
    const owner = owned(session);
    const path =
      answers === null
        ? route`/api/session/${owner}/question/${id}/reject`
        : route`/api/session/${owner}/question/${id}/reply`;
    await client.call({ method: "POST", path, body: answers === null ? {} : { answers }, answer: null, signal });
  },
};

/** What may have to load the folder's configuration first. */
function load<Answer>(client: OpencodeClient, call: Omit<Call<Answer>, "deadlineMs">): Promise<Answer> {
  return client.call({ ...call, deadlineMs: LOADING_MS });
}

function owned(session: SessionId | null): SessionId {
  if (session !== null) return session;
  throw new AppError("not_found", "The request is no longer waiting for an answer.");
}

/** How a folder is named in a query. */
function place(client: OpencodeClient): Record<string, string> {
  return { "location[directory]": client.directory };
}

async function readChat(client: OpencodeClient): Promise<ChatFacts> {
  const [sessions, active, permissions, questions] = await Promise.all([
    load(client, {
      method: "GET",
      path: "/api/session",
      query: { directory: client.directory, limit: String(SESSIONS_MAX), order: "desc" },
      answer: listSchema,
    }),
    load(client, { method: "GET", path: "/api/session/active", answer: activeSchema }),
    load(client, { method: "GET", path: "/api/permission/request", query: place(client), answer: listSchema }),
    readQuestions(client),
  ]);
  return {
    sessions: sessions.data.flatMap((session) => readSession(session) ?? []),
    statuses: new Map(Object.keys(active.data).map((id) => [id, busy])),
    permissions: permissions.data.flatMap((request) => readPermission(request) ?? []),
    questions: questions.flatMap((request) => readQuestion(request) ?? []),
  };
}

/** Later releases ask by forms instead, which are not shown yet: without the route there is no question. */
async function readQuestions(client: OpencodeClient): Promise<readonly unknown[]> {
  try {
    const query = place(client);
    return (await load(client, { method: "GET", path: "/api/question/request", query, answer: listSchema })).data;
  } catch (error) {
    if (isUnknownRoute(error)) return [];
    throw error;
  }
}

async function readOwn(client: OpencodeClient, id: SessionId, directory: string): Promise<SessionRecord> {
  const { data } = await load(client, { method: "GET", path: route`/api/session/${id}`, answer: oneSchema });
  const session = readSession(data);
  if (session === null || session.directory !== directory) throw missingSession(id);
  return session;
}

async function readMessages(client: OpencodeClient, id: SessionId, limit: number): Promise<Message[]> {
  const newestFirst: unknown[] = [];
  let query: Record<string, string> = { order: "desc" };
  while (newestFirst.length < limit) {
    const page: z.infer<typeof pageSchema> = await load(client, {
      method: "GET",
      path: route`/api/session/${id}/message`,
      query: { ...query, limit: String(Math.min(PAGE_MAX, limit - newestFirst.length)) },
      answer: pageSchema,
    });
    newestFirst.push(...page.data);
    if (page.data.length === 0 || page.cursor.next === undefined) break;
    query = { cursor: page.cursor.next };
  }
  return newestFirst.reverse().flatMap((message) => readMessage(message, id) ?? []);
}

/** No route that says which of them is taken by default is known. */
async function models(client: OpencodeClient, signal?: AbortSignal): Promise<ModelList> {
  const query = place(client);
  const { data } = await load(client, { method: "GET", path: "/api/model", query, answer: listSchema, signal });
  const known = data.flatMap((value) => modelSchema.safeParse(value).data ?? []).filter((model) => model.enabled);
  return {
    models: known.map(({ id, providerID, name }) => ({
      id: `${providerID}/${id}`,
      name: name === "" ? id : name,
      provider: providerID,
    })),
    default: null,
  };
}
