/** OpenCode's events as the changes they stand for: pure. See translate.ts for how objects are read. */
import { z } from "zod";
import {
  sessionStatusSchema,
  type MessageInfo,
  type Part,
  type PermissionRequest,
  type QuestionRequest,
  type SessionStatus,
} from "#shared/schema/chat.ts";
import { sessionIdSchema, type SessionId } from "#shared/schema/id.ts";
import {
  errorWire,
  readMessage,
  readPart,
  readPermission,
  readQuestion,
  readSession,
  type SessionRecord,
} from "./translate.ts";

/** What an event means to us. */
export type Change =
  | { readonly kind: "session"; readonly session: SessionRecord }
  | { readonly kind: "session_removed"; readonly sessionId: SessionId }
  | { readonly kind: "status"; readonly sessionId: SessionId; readonly status: SessionStatus }
  | { readonly kind: "message"; readonly sessionId: SessionId; readonly info: MessageInfo }
  | { readonly kind: "message_removed"; readonly sessionId: SessionId; readonly messageId: string }
  | { readonly kind: "part"; readonly sessionId: SessionId; readonly messageId: string; readonly part: Part }
  | {
      readonly kind: "part_removed";
      readonly sessionId: SessionId;
      readonly messageId: string;
      readonly partId: string;
    }
  | {
      readonly kind: "delta";
      readonly sessionId: SessionId;
      readonly messageId: string;
      readonly partId: string;
      readonly delta: string;
    }
  | { readonly kind: "permission"; readonly request: PermissionRequest }
  | { readonly kind: "permission_gone"; readonly id: string }
  | { readonly kind: "question"; readonly request: QuestionRequest }
  | { readonly kind: "question_gone"; readonly id: string }
  | { readonly kind: "error"; readonly sessionId: SessionId; readonly name: string; readonly message: string };

const ofSession = z.object({ sessionID: sessionIdSchema });
const ofMessage = ofSession.extend({ messageID: z.string() });
const ofPart = ofMessage.extend({ partID: z.string() });
const delta = ofPart.extend({ field: z.literal("text"), delta: z.string() });
const info = z.object({ info: z.unknown() });
const part = z.object({ part: z.unknown() });
const reply = z.object({ requestID: z.string() });
const status = ofSession.extend({ status: sessionStatusSchema });
const failed = ofSession.extend({ error: errorWire });

/** An event as the change it stands for; null for noise and for what cannot be read. */
export function readEvent(type: string, properties: unknown): Change | null {
  switch (type) {
    case "message.part.delta": {
      const wire = delta.safeParse(properties).data;
      if (wire === undefined) return null;
      const { sessionID, messageID, partID } = wire;
      return { kind: "delta", sessionId: sessionID, messageId: messageID, partId: partID, delta: wire.delta };
    }
    case "message.part.updated": {
      const value = part.safeParse(properties).data?.part;
      const owner = ofMessage.safeParse(value).data;
      const shown = readPart(value);
      if (owner === undefined || shown === null) return null;
      return { kind: "part", sessionId: owner.sessionID, messageId: owner.messageID, part: shown };
    }
    case "message.part.removed": {
      const wire = ofPart.safeParse(properties).data;
      if (wire === undefined) return null;
      return { kind: "part_removed", sessionId: wire.sessionID, messageId: wire.messageID, partId: wire.partID };
    }
    case "message.updated": {
      const message = readMessage(info.safeParse(properties).data?.info);
      return message === null ? null : { kind: "message", sessionId: message.sessionId, info: message };
    }
    case "message.removed": {
      const wire = ofMessage.safeParse(properties).data;
      return wire === undefined
        ? null
        : { kind: "message_removed", sessionId: wire.sessionID, messageId: wire.messageID };
    }
    case "session.created":
    case "session.updated": {
      const session = readSession(info.safeParse(properties).data?.info);
      return session === null ? null : { kind: "session", session };
    }
    case "session.deleted": {
      const wire = ofSession.safeParse(properties).data;
      return wire === undefined ? null : { kind: "session_removed", sessionId: wire.sessionID };
    }
    case "session.status": {
      const wire = status.safeParse(properties).data;
      return wire === undefined ? null : { kind: "status", sessionId: wire.sessionID, status: wire.status };
    }
    // The older way to say it; it follows the status.
    case "session.idle": {
      const wire = ofSession.safeParse(properties).data;
      return wire === undefined ? null : { kind: "status", sessionId: wire.sessionID, status: { type: "idle" } };
    }
    case "session.error": {
      const wire = failed.safeParse(properties).data;
      return wire === undefined ? null : { kind: "error", sessionId: wire.sessionID, ...wire.error };
    }
    case "permission.asked": {
      const request = readPermission(properties);
      return request === null ? null : { kind: "permission", request };
    }
    case "permission.replied": {
      const wire = reply.safeParse(properties).data;
      return wire === undefined ? null : { kind: "permission_gone", id: wire.requestID };
    }
    case "question.asked": {
      const request = readQuestion(properties);
      return request === null ? null : { kind: "question", request };
    }
    case "question.replied":
    case "question.rejected": {
      const wire = reply.safeParse(properties).data;
      return wire === undefined ? null : { kind: "question_gone", id: wire.requestID };
    }
    default:
      return null;
  }
}
