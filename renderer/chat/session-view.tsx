import type { ChatState, Session } from "#shared/schema/chat.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { formatCount } from "../ui/format.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message-list.tsx";
import { PermissionCard } from "./permission-card.tsx";
import { QuestionCard } from "./question-card.tsx";
import { ServerStrip } from "./server-strip.tsx";
import { rootOf } from "./sessions.ts";
import { useRead, useSession } from "./use-session.ts";

/** One session: its messages, what the agent waits for, and the composer. */
export function SessionView({
  workspace,
  session: listed,
  chat,
  server,
}: {
  workspace: WorkspaceId;
  session: Session;
  chat: ChatState;
  server: ServerStatus;
}) {
  const { store, ended } = useSession(workspace, listed.id);
  const own = useRead(store, "session", store.session);
  const session = own ?? listed;
  const here = (request: { sessionId: Session["id"] }) => rootOf(chat.sessions, request.sessionId) === session.id;
  const permissions = chat.permissions.filter(here);
  const questions = chat.questions.filter(here);
  const titleOf = (id: Session["id"]) =>
    id === session.id ? null : (chat.sessions.find((other) => other.id === id)?.title ?? "sub-agent");
  const tokens = session.tokens.input + session.tokens.output + session.tokens.reasoning;
  return (
    <section aria-label={`Session ${session.title || "Untitled"}`} className="flex h-full min-w-0 flex-col">
      <header className="flex h-11 shrink-0 items-center gap-3 border-b border-line px-5">
        <h1 className="min-w-0 flex-1 truncate font-semibold">{session.title || "Untitled"}</h1>
        {tokens > 0 && (
          <span className="shrink-0 text-xs text-faint tabular-nums">
            {formatCount(tokens)} tokens{session.cost > 0 && ` · $${session.cost.toFixed(session.cost < 1 ? 3 : 2)}`}
          </span>
        )}
      </header>
      <MessageList workspace={workspace} store={store} />
      <div className="mx-auto flex w-full max-w-190 shrink-0 flex-col gap-2 px-5 pb-4">
        {ended && isServerUp(server.state) && <FailureLine failure={ended} />}
        {permissions.slice(0, 1).map((request) => (
          <PermissionCard key={request.id} workspace={workspace} request={request} child={titleOf(request.sessionId)} />
        ))}
        {permissions.length > 1 && <p className="text-sm text-muted">{permissions.length - 1} more after this one.</p>}
        {permissions.length === 0 &&
          questions
            .slice(0, 1)
            .map((request) => <QuestionCard key={request.id} workspace={workspace} request={request} />)}
        <ServerStrip workspace={workspace} server={server} />
        <Composer workspace={workspace} session={session} server={server} />
      </div>
    </section>
  );
}
