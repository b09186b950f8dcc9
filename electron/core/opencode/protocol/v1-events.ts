/** The events of OpenCode 1.x as the changes they stand for: pure. See v1-objects.ts for how objects are read. */
import { z } from "zod";
import { sessionStatusSchema } from "#shared/schema/chat.ts";
import { isSessionId, sessionIdSchema } from "#shared/schema/id.ts";
import type { Change } from "../changes.ts";
import { errorWire, readMessage, readPart, readPermission, readQuestion, readSession } from "./v1-objects.ts";

const ofSession = z.object({ sessionID: sessionIdSchema });
const ofMessage = ofSession.extend({ messageID: z.string() });
const ofPart = ofMessage.extend({ partID: z.string() });
const info = z.object({ info: z.unknown() });
const part = z.object({ part: z.unknown() });
const reply = z.object({ requestID: z.string() });
const status = ofSession.extend({ status: sessionStatusSchema });
const failed = ofSession.extend({ error: errorWire });

/** An event as the change it stands for; null for noise and for what cannot be read. */
export function readChange(type: string, properties: unknown): Change | null {
  switch (type) {
    case "message.part.delta":
      return readDelta(properties);
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

/** By hand: there is one for each word a model writes, thousands a second, and a schema takes ten times as long. */
function readDelta(properties: unknown): Change | null {
  if (!isObject(properties)) return null;
  const { sessionID, messageID, partID, field, delta } = properties;
  if (field !== "text" || typeof delta !== "string" || !isSessionId(sessionID)) return null;
  if (typeof messageID !== "string" || typeof partID !== "string") return null;
  return { kind: "delta", sessionId: sessionID, messageId: messageID, partId: partID, delta };
}

/** Any object, also an array: what is asked of it is checked. Out of JSON its prototype is never its sender's choice. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
