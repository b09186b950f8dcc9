/** OpenCode 2.x's objects into our shapes: pure, read as loosely as v1-objects.ts reads those of OpenCode 1.x. */
import { z } from "zod";
import type { Message, MessageInfo, Part, PermissionRequest, QuestionRequest } from "#shared/schema/chat.ts";
import { permissionIdSchema, questionIdSchema, sessionIdSchema, type SessionId } from "#shared/schema/id.ts";
import type { SessionRecord } from "../changes.ts";

const text = z.string().catch("");
const amount = z.number().catch(0);
const time = z.number().nullable().catch(null).default(null);
const fields = z.record(z.string(), z.unknown()).catch({});
const noTokens = { input: 0, output: 0, reasoning: 0 };

export const tokensWire = z.object({ input: amount, output: amount, reasoning: amount }).catch(noTokens);
export const errorWire = z
  .object({ type: z.string(), message: text })
  .transform(({ type, message }) => ({ name: type, message: message === "" ? type : message }));
/** A model as it is named in sessions, messages and calls. */
export const modelWire = z
  .object({ providerID: z.string(), id: z.string() })
  .transform(({ providerID, id }) => `${providerID}/${id}`);

const sessionWire = z.object({
  id: sessionIdSchema,
  parentID: sessionIdSchema.nullable().catch(null).default(null),
  title: text,
  cost: amount,
  tokens: tokensWire,
  time: z.object({ created: z.number(), updated: z.number() }),
  location: z.object({ directory: z.string() }),
});

/** A session; null where it is none we can use. */
export function readSession(value: unknown): SessionRecord | null {
  const wire = sessionWire.safeParse(value).data;
  if (wire === undefined) return null;
  return {
    id: wire.id,
    parentId: wire.parentID,
    directory: wire.location.directory,
    title: /^(New|Child) session - \d{4}-\d\d-\d\dT/.test(wire.title) ? "" : wire.title,
    cost: wire.cost,
    tokens: wire.tokens,
    createdAt: wire.time.created,
    updatedAt: wire.time.updated,
  };
}

/** The id of a text: OpenCode 2 counts the texts of a message, and apart from them its reasonings. */
export function textId(messageId: string, kind: "text" | "reasoning", ordinal: number): string {
  return `${messageId}/${kind}/${ordinal}`;
}

const toolWire = z.object({
  type: z.literal("tool"),
  id: z.string(),
  name: text,
  state: z.object({
    status: z.enum(["streaming", "running", "completed", "error"]),
    input: fields,
    content: z.array(z.unknown()).catch([]),
    metadata: fields,
    error: errorWire.nullable().catch(null).default(null),
  }),
  time: z.object({ ran: time, completed: time }).catch({ ran: null, completed: null }),
});
const contentWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text }),
  z.object({ type: z.literal("reasoning"), text }),
  toolWire,
]);
const outputWire = z.object({ type: z.literal("text"), text: z.string() });

/** The text of what a tool gave back; null where there is none. */
export function readOutput(content: readonly unknown[]): string | null {
  const texts = content.flatMap((item) => outputWire.safeParse(item).data?.text ?? []);
  return texts.length === 0 ? null : texts.join("\n");
}

const messageWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("user"), id: z.string(), text, time: z.object({ created: z.number() }) }),
  z.object({
    type: z.literal("assistant"),
    id: z.string(),
    agent: z.string().nullable().catch(null).default(null),
    model: modelWire.nullable().catch(null).default(null),
    content: z.array(z.unknown()).catch([]),
    cost: amount,
    tokens: tokensWire,
    error: errorWire.nullable().catch(null).default(null),
    time: z.object({ created: z.number(), completed: time }),
  }),
]);

/** What a message begins with. */
export function emptyInfo(id: string, sessionId: SessionId, role: MessageInfo["role"], createdAt: number): MessageInfo {
  const base = { completedAt: null, model: null, agent: null, error: null, interrupted: null, cost: 0 };
  return { id, sessionId, role, createdAt, ...base, tokens: noTokens };
}

/** The text of a person's message as a part. */
export function userText(messageId: string, value: string): Part {
  return { type: "text", id: textId(messageId, "text", 0), text: value, synthetic: false, done: true };
}

/** A person's or an agent's message; null for the others (switches of agent and model, compactions, marks, …). */
export function readMessage(value: unknown, sessionId: SessionId): Message | null {
  const wire = messageWire.safeParse(value).data;
  if (wire === undefined) return null;
  if (wire.type === "user") {
    const info = emptyInfo(wire.id, sessionId, "user", wire.time.created);
    return { ...info, parts: [userText(wire.id, wire.text)] };
  }
  const { id, agent, model, error, cost, tokens } = wire;
  const info = { ...emptyInfo(id, sessionId, "assistant", wire.time.created), agent, model, error, cost, tokens };
  const completedAt = wire.time.completed;
  return { ...info, completedAt, parts: readContent(id, wire.content, completedAt !== null) };
}

function readContent(messageId: string, content: readonly unknown[], isOver: boolean): Part[] {
  const counts = { text: 0, reasoning: 0 };
  const parts = content.flatMap((value): Part[] => {
    const wire = contentWire.safeParse(value).data;
    if (wire === undefined) return [];
    if (wire.type === "tool") return [readTool(wire)];
    const id = textId(messageId, wire.type, counts[wire.type]);
    counts[wire.type] += 1;
    if (wire.type === "reasoning") return [{ type: "reasoning", id, text: wire.text, done: true }];
    return [{ type: "text", id, text: wire.text, synthetic: false, done: true }];
  });
  // Only the last text of a message that is not over may still grow.
  const last = parts.at(-1);
  if (isOver || last === undefined || (last.type !== "text" && last.type !== "reasoning")) return parts;
  return [...parts.slice(0, -1), { ...last, done: false }];
}

function readTool({ id, name, state, time: when }: z.infer<typeof toolWire>): Part {
  return {
    type: "tool",
    id,
    callId: id,
    tool: name,
    state: {
      status: state.status === "streaming" ? "pending" : state.status,
      title: null,
      input: state.input,
      output: readOutput(state.content),
      error: state.error?.message ?? null,
      metadata: state.metadata,
      startedAt: when.ran,
      endedAt: when.completed,
    },
  };
}

const permissionWire = z.object({
  id: permissionIdSchema,
  sessionID: sessionIdSchema,
  action: text,
  resources: z.array(z.string()).catch([]),
  save: z.array(z.string()).catch([]),
  metadata: fields,
});
/** What OpenCode 2 calls otherwise than OpenCode 1; our screens know the older names. */
const oldActions: ReadonlyMap<string, string> = new Map([
  ["shell", "bash"],
  ["subagent", "task"],
]);

export function readPermission(value: unknown): PermissionRequest | null {
  const wire = permissionWire.safeParse(value).data;
  if (wire === undefined) return null;
  return {
    id: wire.id,
    sessionId: wire.sessionID,
    permission: oldActions.get(wire.action) ?? wire.action,
    patterns: wire.resources,
    always: wire.save,
    metadata: wire.metadata,
  };
}

const questionWire = z.object({
  id: questionIdSchema,
  sessionID: sessionIdSchema,
  questions: z.array(
    z.object({
      header: text,
      question: text,
      options: z.array(z.object({ label: text, description: text })).catch([]),
      multiple: z.boolean().catch(false),
    }),
  ),
});

export function readQuestion(value: unknown): QuestionRequest | null {
  const wire = questionWire.safeParse(value).data;
  return wire === undefined ? null : { id: wire.id, sessionId: wire.sessionID, questions: wire.questions };
}
