/** The session routes of OpenCode 1.x. */
import { z } from "zod";
import type { Message, SessionStatus } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { SESSIONS_MAX, type ChatFacts } from "../chat-fold.ts";
import type { SessionRecord } from "../changes.ts";
import { LOADING_MS, route, type OpencodeClient } from "../client.ts";
import { missingSession, strangeAnswer } from "../session-failures.ts";
import { readModelName } from "./model-name.ts";
import type { ModelList, SessionRoutes } from "./protocol.ts";
import { readChange } from "./v1-events.ts";
import { readMessage, readPart, readPermission, readQuestion, readSession, readStatus } from "./v1-objects.ts";

/** The part of OpenCode's answer about models that is used. */
const providersSchema = z.object({
  providers: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      models: z.record(z.string(), z.object({ name: z.string().optional() })),
    }),
  ),
  /** The default model of each provider. */
  default: z.record(z.string(), z.string()),
});
const configSchema = z.object({ model: z.string().optional() });
const listSchema = z.array(z.unknown());
const statusesSchema = z.record(z.string(), z.unknown());
const pageSchema = z.array(z.object({ info: z.unknown(), parts: z.array(z.unknown()) }));

export const v1Sessions: SessionRoutes = {
  readChat,
  readOwn,
  readMessages,
  models,
  changes(event) {
    const change = readChange(event.type, event.properties);
    return change === null ? [] : [change];
  },
  isGreeting: (event) => event.type === "server.connected",
  // The folder's instance was unloaded (its configuration changed, or somebody disposed of it); the next call loads it anew.
  isReset: (event) => event.type === "server.instance.disposed",
  async create(client, title, signal) {
    const answer = await client.call({
      method: "POST",
      path: "/session",
      body: title === undefined ? {} : { title },
      answer: z.unknown(),
      // The first call in a folder loads its configuration and plugins.
      deadlineMs: LOADING_MS,
      signal,
    });
    const session = readSession(answer);
    if (session === null) throw strangeAnswer("POST /session");
    return session;
  },
  async prompt(client, id, prompt, signal) {
    const body = {
      parts: [{ type: "text", text: prompt.text }],
      ...(prompt.model === undefined ? {} : { model: v1Model(prompt.model) }),
      ...(prompt.agent === undefined ? {} : { agent: prompt.agent }),
    };
    const path = route`/session/${id}/prompt_async`;
    await client.call({ method: "POST", path, body, answer: null, deadlineMs: LOADING_MS, signal });
  },
  async abort(client, id, signal) {
    await client.call({ method: "POST", path: route`/session/${id}/abort`, answer: null, signal });
  },
  async remove(client, id, signal) {
    await client.call({ method: "DELETE", path: route`/session/${id}`, answer: null, signal });
  },
  // The folder goes along with every call; without it OpenCode looks in the wrong place and finds no such request.
  async replyPermission(client, _session, id, reply, message, signal) {
    const body = message === undefined ? { reply } : { reply, message };
    await client.call({ method: "POST", path: route`/permission/${id}/reply`, body, answer: null, signal });
  },
  async replyQuestion(client, _session, id, answers, signal) {
    const path = answers === null ? route`/question/${id}/reject` : route`/question/${id}/reply`;
    await client.call({ method: "POST", path, body: answers === null ? {} : { answers }, answer: null, signal });
  },
};

async function readOwn(client: OpencodeClient, id: SessionId, directory: string): Promise<SessionRecord> {
  const path = route`/session/${id}`;
  const session = readSession(await client.call({ method: "GET", path, answer: z.unknown(), deadlineMs: LOADING_MS }));
  if (session === null || session.directory !== directory) throw missingSession(id);
  return session;
}

async function readMessages(client: OpencodeClient, id: SessionId, limit: number): Promise<Message[]> {
  const page = await client.call({
    method: "GET",
    path: route`/session/${id}/message`,
    query: { limit: String(limit) },
    answer: pageSchema,
    deadlineMs: LOADING_MS,
  });
  return page.flatMap(({ info, parts }) => {
    const message = readMessage(info);
    return message === null ? [] : [{ ...message, parts: parts.flatMap((part) => readPart(part) ?? []) }];
  });
}

/** Sessions, statuses and what waits for an answer. */
async function readChat(client: OpencodeClient): Promise<ChatFacts> {
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

function withStatus(id: string, value: unknown): [string, SessionStatus][] {
  const status = readStatus(value);
  return status === null ? [] : [[id, status]];
}

/** In OpenCode's order. */
async function models(client: OpencodeClient, signal?: AbortSignal): Promise<ModelList> {
  const get = <Answer>(path: string, answer: z.ZodType<Answer>) =>
    client.call({ method: "GET", path, answer, deadlineMs: LOADING_MS, signal });
  const [{ providers, default: defaults }, config] = await Promise.all([
    get("/config/providers", providersSchema),
    get("/config", configSchema),
  ]);
  const all = providers.flatMap((provider) =>
    Object.entries(provider.models).map(([id, model]) => ({
      id: `${provider.id}/${id}`,
      name: model.name ?? id,
      provider: provider.name ?? provider.id,
    })),
  );
  const first = providers.find((provider) => defaults[provider.id] !== undefined)?.id;
  const fallback = first === undefined ? null : `${first}/${defaults[first]}`;
  const chosen = config.model ?? fallback;
  return { models: all, default: all.some((model) => model.id === chosen) ? chosen : fallback };
}

function v1Model(text: string): { providerID: string; modelID: string } {
  const { provider, model } = readModelName(text);
  return { providerID: provider, modelID: model };
}
