import { Plus, Trash2 } from "lucide-react";
import type { ChatState, Session } from "#shared/schema/chat.ts";
import type { SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { IconButton } from "../ui/button.tsx";
import { formatAgo } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import type { Look } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";
import { rootOf } from "./sessions.ts";

function lookOf(session: Session, asks: boolean): Look | null {
  if (asks) return { shape: "alert", tone: "busy", word: "waits for you" };
  if (session.status.type === "retry") return { shape: "half", tone: "bad", word: "retrying" };
  if (session.status.type === "busy") return { shape: "half", tone: "busy", word: "working" };
  return null;
}

/** The sessions of a workspace, newest first; those of sub-agents are part of theirs. */
export function SessionList({
  workspace,
  chat,
  chosen,
}: {
  workspace: WorkspaceId;
  chat: ChatState;
  chosen: SessionId | null;
}) {
  const actions = useActions();
  const now = useNow();
  const asking = new Set(
    [...chat.permissions, ...chat.questions].map((request) => rootOf(chat.sessions, request.sessionId)),
  );
  const roots = chat.sessions.filter((session) => session.parentId === null);
  return (
    <nav aria-label="Sessions" className="flex h-full flex-col">
      <div className="flex h-11 shrink-0 items-center justify-between pr-2 pl-4">
        <h2 className="text-sm font-medium text-muted">Sessions</h2>
        <IconButton label="New session" onClick={() => actions.newSession(workspace)}>
          <Plus />
        </IconButton>
      </div>
      <ul className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {roots.map((session) => {
          const look = lookOf(session, asking.has(session.id));
          const title = session.title || "Untitled";
          return (
            <li
              key={session.id}
              className="group relative [content-visibility:auto] [contain-intrinsic-size:auto_32px]"
            >
              <button
                type="button"
                aria-current={session.id === chosen ? "true" : undefined}
                aria-label={look ? `${title}, ${look.word}` : title}
                onClick={() => actions.showSession(workspace, session.id)}
                className="focus-inside flex h-8 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover aria-[current]:bg-selected"
              >
                <span className="min-w-0 flex-1 truncate">{title}</span>
                <span className="flex shrink-0 items-center gap-1 text-xs text-faint tabular-nums group-focus-within:invisible group-hover:invisible">
                  {look ? <StateShape look={look} /> : formatAgo(now - session.updatedAt)}
                </span>
              </button>
              <IconButton
                label={`Remove session ${title}`}
                className="absolute top-1 right-1 opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
                onClick={() => actions.removeSession(workspace, session)}
              >
                <Trash2 />
              </IconButton>
            </li>
          );
        })}
        {roots.length === 0 && <li className="px-2 py-1 text-muted">No sessions yet.</li>}
      </ul>
    </nav>
  );
}
