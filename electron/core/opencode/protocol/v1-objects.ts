/**
 * OpenCode's objects into our shapes: pure, and the one place that knows their form. Read loosely: what we do not
 * use may be missing or of another type, unknown types are ignored, and an object without the fields we need is null.
 * Measured against 1.18.33; its `/doc` names more types than were ever seen.
 */
import { z } from "zod";
import {
  sessionStatusSchema,
  type MessageInfo,
  type Part,
  type PermissionRequest,
  type QuestionRequest,
  type SessionStatus,
} from "#shared/schema/chat.ts";
import { permissionIdSchema, questionIdSchema, sessionIdSchema } from "#shared/schema/id.ts";
import type { SessionRecord } from "../changes.ts";

const text = z.string().catch("");
const amount = z.number().catch(0);
const fields = z.record(z.string(), z.unknown()).catch({});
const tokens = z
  .object({ input: amount, output: amount, reasoning: amount })
  .catch({ input: 0, output: 0, reasoning: 0 });
const maybeText = z.string().nullable().catch(null).default(null);
const maybeTime = z.number().nullable().catch(null).default(null);

const sessionWire = z
  .object({
    id: sessionIdSchema,
    parentID: sessionIdSchema.nullable().catch(null).default(null),
    directory: z.string(),
    title: text,
    cost: amount,
    tokens,
    time: z.object({ created: z.number(), updated: z.number() }),
  })
  .transform(({ id, parentID, directory, title, cost, tokens: used, time }): SessionRecord => {
    return {
      id,
      parentId: parentID,
      directory,
      // What OpenCode calls a session until it has a title is no title.
      title: /^(New|Child) session - \d{4}-\d\d-\d\dT/.test(title) ? "" : title,
      cost,
      tokens: used,
      createdAt: time.created,
      updatedAt: time.updated,
    };
  });

/** How OpenCode tells an error, in a message and by itself. */
export const errorWire = z
  .object({ name: z.string(), data: z.looseObject({ message: z.string().optional() }).catch({}) })
  .transform(({ name, data }) => ({ name, message: data.message ?? errorNames[name] ?? name }));

/** For the errors that come without a message. */
const errorNames: Readonly<Record<string, string>> = {
  MessageOutputLengthError: "The answer was longer than the model may give.",
  MessageAbortedError: "Aborted.",
};

const messageWire = z
  .object({
    id: z.string(),
    sessionID: sessionIdSchema,
    role: z.enum(["user", "assistant"]),
    time: z.object({ created: z.number(), completed: maybeTime }),
    model: z.object({ providerID: z.string(), modelID: z.string() }).nullable().catch(null).default(null),
    providerID: maybeText,
    modelID: maybeText,
    agent: maybeText,
    error: errorWire.nullable().catch(null).default(null),
    cost: amount,
    tokens,
  })
  .transform((wire): MessageInfo => {
    const provider = wire.model?.providerID ?? wire.providerID;
    const model = wire.model?.modelID ?? wire.modelID;
    return {
      id: wire.id,
      sessionId: wire.sessionID,
      role: wire.role,
      createdAt: wire.time.created,
      completedAt: wire.time.completed,
      model: provider === null || model === null ? null : `${provider}/${model}`,
      agent: wire.agent,
      error: wire.error,
      interrupted: null,
      cost: wire.cost,
      tokens: wire.tokens,
    };
  });

const partTime = z.object({ end: z.number().optional() }).nullable().catch(null).default(null);
const toolStateWire = z.object({
  status: z.enum(["pending", "running", "completed", "error"]),
  title: maybeText,
  input: fields,
  output: maybeText,
  error: maybeText,
  metadata: fields,
  time: z.object({ start: maybeTime, end: maybeTime }).catch({ start: null, end: null }),
});
const partWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), id: z.string(), text, synthetic: z.boolean().catch(false), time: partTime }),
  z.object({ type: z.literal("reasoning"), id: z.string(), text, time: partTime }),
  z.object({ type: z.literal("tool"), id: z.string(), callID: text, tool: text, state: toolStateWire }),
  z.object({ type: z.literal("patch"), id: z.string(), files: z.array(z.string()).catch([]) }),
]);

/** A session of the server's list; null where it is none we can use. */
export function readSession(value: unknown): SessionRecord | null {
  return sessionWire.safeParse(value).data ?? null;
}

export function readMessage(value: unknown): MessageInfo | null {
  return messageWire.safeParse(value).data ?? null;
}

/** A part of a kind we show; null for the others (steps, snapshots, files, …). */
export function readPart(value: unknown): Part | null {
  const wire = partWire.safeParse(value).data;
  if (wire === undefined) return null;
  switch (wire.type) {
    case "text":
      // Only streamed text has times; the user's own has none and is whole.
      return {
        type: "text",
        id: wire.id,
        text: wire.text,
        synthetic: wire.synthetic,
        done: wire.time === null || wire.time.end !== undefined,
      };
    case "reasoning":
      return {
        type: "reasoning",
        id: wire.id,
        text: wire.text,
        done: wire.time === null || wire.time.end !== undefined,
      };
    case "tool":
      return { type: "tool", id: wire.id, callId: wire.callID, tool: wire.tool, state: readToolState(wire.state) };
    case "patch":
      return { type: "patch", id: wire.id, files: wire.files };
  }
}

/** While bash runs its output is in the metadata; it is moved to where it will be at the end, and not sent twice. */
function readToolState(state: z.infer<typeof toolStateWire>): Extract<Part, { type: "tool" }>["state"] {
  const { output, ...metadata } = state.metadata;
  const known = typeof output === "string";
  return {
    status: state.status,
    title: state.title,
    input: state.input,
    output: state.output ?? (known ? output : null),
    error: state.error,
    metadata: known ? metadata : state.metadata,
    startedAt: state.time.start,
    endedAt: state.time.end,
  };
}

const permissionWire = z
  .object({
    id: permissionIdSchema,
    sessionID: sessionIdSchema,
    permission: text,
    patterns: z.array(z.string()).catch([]),
    always: z.array(z.string()).catch([]),
    metadata: fields,
  })
  .transform(({ sessionID, ...rest }): PermissionRequest => ({ ...rest, sessionId: sessionID }));

const questionWire = z
  .object({
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
  })
  .transform(({ id, sessionID, questions }): QuestionRequest => ({ id, sessionId: sessionID, questions }));

export function readPermission(value: unknown): PermissionRequest | null {
  return permissionWire.safeParse(value).data ?? null;
}

export function readQuestion(value: unknown): QuestionRequest | null {
  return questionWire.safeParse(value).data ?? null;
}

export function readStatus(value: unknown): SessionStatus | null {
  return sessionStatusSchema.safeParse(value).data ?? null;
}
