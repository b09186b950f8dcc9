/** What a server's events mean to us, whatever generation of the protocol they came in. */
import type {
  MessageInfo,
  Part,
  PermissionRequest,
  QuestionRequest,
  Session,
  SessionStatus,
} from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";

/** A session as the server keeps it; its status is told apart from it. */
export type SessionRecord = Omit<Session, "status"> & { readonly directory: string };

type ToolPart = Extract<Part, { type: "tool" }>;

/** What an event means to us. */
export type Change =
  | { readonly kind: "session"; readonly session: SessionRecord }
  | { readonly kind: "session_removed"; readonly sessionId: SessionId }
  | { readonly kind: "status"; readonly sessionId: SessionId; readonly status: SessionStatus }
  | { readonly kind: "message"; readonly sessionId: SessionId; readonly info: MessageInfo }
  /** A message is finished; what else is known of it stays. */
  | {
      readonly kind: "message_ended";
      readonly sessionId: SessionId;
      readonly messageId: string;
      readonly ended: Pick<MessageInfo, "completedAt" | "error" | "cost" | "tokens">;
    }
  | { readonly kind: "message_removed"; readonly sessionId: SessionId; readonly messageId: string }
  | { readonly kind: "part"; readonly sessionId: SessionId; readonly messageId: string; readonly part: Part }
  /** News of a tool that was announced as a part; what it does not name stays. */
  | {
      readonly kind: "tool";
      readonly sessionId: SessionId;
      readonly messageId: string;
      readonly partId: string;
      readonly state: Partial<ToolPart["state"]>;
    }
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
