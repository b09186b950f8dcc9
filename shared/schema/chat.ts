/**
 * Sessions, messages and what the agent asks for, in our own shape: the versions of OpenCode differ, the screens must not.
 * Times are milliseconds since the epoch, as OpenCode gives them.
 */
import { z } from "zod";
import { permissionIdSchema, questionIdSchema, sessionIdSchema } from "./id.ts";

export const sessionStatusSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("idle") }),
  z.object({ type: z.literal("busy") }),
  /** The model failed and is asked again at `next`. */
  z.object({ type: z.literal("retry"), attempt: z.number(), message: z.string(), next: z.number() }),
]);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

export const tokensSchema = z.object({ input: z.number(), output: z.number(), reasoning: z.number() });

export const sessionSchema = z.object({
  id: sessionIdSchema,
  /** A sub-agent's session names the one it works for. */
  parentId: sessionIdSchema.nullable(),
  title: z.string(),
  status: sessionStatusSchema,
  createdAt: z.number(),
  updatedAt: z.number(),
  cost: z.number(),
  tokens: tokensSchema,
});
export type Session = z.infer<typeof sessionSchema>;

export const toolStateSchema = z.object({
  status: z.enum(["pending", "running", "completed", "error"]),
  title: z.string().nullable(),
  input: z.record(z.string(), z.unknown()),
  /** The output so far while it runs; the whole of it afterwards. */
  output: z.string().nullable(),
  error: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});

export const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), id: z.string(), text: z.string(), synthetic: z.boolean(), done: z.boolean() }),
  z.object({ type: z.literal("reasoning"), id: z.string(), text: z.string(), done: z.boolean() }),
  z.object({ type: z.literal("tool"), id: z.string(), callId: z.string(), tool: z.string(), state: toolStateSchema }),
  z.object({ type: z.literal("patch"), id: z.string(), files: z.array(z.string()) }),
]);
export type Part = z.infer<typeof partSchema>;

export const messageInfoSchema = z.object({
  id: z.string(),
  sessionId: sessionIdSchema,
  role: z.enum(["user", "assistant"]),
  createdAt: z.number(),
  completedAt: z.number().nullable(),
  /** `provider/model`, null where unknown. */
  model: z.string().nullable(),
  agent: z.string().nullable(),
  error: z.object({ name: z.string(), message: z.string() }).nullable(),
  /** The turn was cut off because the server ended: one sentence that says why. What had been written is kept. */
  interrupted: z.string().nullable(),
  cost: z.number(),
  tokens: tokensSchema,
});
export type MessageInfo = z.infer<typeof messageInfoSchema>;

export const messageSchema = messageInfoSchema.extend({ parts: z.array(partSchema) });
export type Message = z.infer<typeof messageSchema>;

export const permissionReplySchema = z.enum(["once", "always", "reject"]);
export type PermissionReply = z.infer<typeof permissionReplySchema>;

export const permissionRequestSchema = z.object({
  id: permissionIdSchema,
  sessionId: sessionIdSchema,
  permission: z.string(),
  patterns: z.array(z.string()),
  /** What "always" would allow from then on. */
  always: z.array(z.string()),
  /** For bash the command, for an edit the file and its diff. */
  metadata: z.record(z.string(), z.unknown()),
});
export type PermissionRequest = z.infer<typeof permissionRequestSchema>;

export const questionRequestSchema = z.object({
  id: questionIdSchema,
  sessionId: sessionIdSchema,
  questions: z.array(
    z.object({
      header: z.string(),
      question: z.string(),
      options: z.array(z.object({ label: z.string(), description: z.string() })),
      multiple: z.boolean(),
    }),
  ),
});
export type QuestionRequest = z.infer<typeof questionRequestSchema>;

/** What `chat.watch` pushes: everything a workspace's chat page needs but the messages. Newest session first. */
export const chatStateSchema = z.object({
  sessions: z.array(sessionSchema),
  permissions: z.array(permissionRequestSchema),
  questions: z.array(questionRequestSchema),
});
export type ChatState = z.infer<typeof chatStateSchema>;

/** What `session.events` pushes for one session. The first item is a snapshot; another comes after every reconnect. */
export const sessionEventSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("snapshot"),
    session: sessionSchema,
    messages: z.array(messageSchema),
    /** Older messages exist and were left out. */
    truncated: z.boolean(),
  }),
  z.object({ kind: z.literal("session"), session: sessionSchema }),
  /** A message was added or its info changed; its parts stay as they are. */
  z.object({ kind: z.literal("message"), info: messageInfoSchema }),
  z.object({ kind: z.literal("message_removed"), messageId: z.string() }),
  /** A part was added or replaced as a whole. */
  z.object({ kind: z.literal("part"), messageId: z.string(), part: partSchema }),
  z.object({ kind: z.literal("part_removed"), messageId: z.string(), partId: z.string() }),
  /** Text to append to a text or reasoning part. */
  z.object({ kind: z.literal("delta"), messageId: z.string(), partId: z.string(), delta: z.string() }),
  /** The turn ended in an error that belongs to no message. */
  z.object({ kind: z.literal("error"), name: z.string(), message: z.string() }),
]);
export type SessionEvent = z.infer<typeof sessionEventSchema>;

/** Joins two neighbouring deltas of one part, so that a slow page gets fewer and longer ones and loses none. */
export function mergeSessionEvents(earlier: SessionEvent, later: SessionEvent): SessionEvent | null {
  if (earlier.kind !== "delta" || later.kind !== "delta" || earlier.partId !== later.partId) return null;
  return { ...earlier, delta: earlier.delta + later.delta };
}

export const modelSchema = z.object({ id: z.string(), name: z.string(), provider: z.string() });
export const modelListSchema = z.object({ models: z.array(modelSchema), default: z.string().nullable() });
