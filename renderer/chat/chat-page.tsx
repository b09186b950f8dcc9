import { MessagesSquare } from "lucide-react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import type { ServerStatus } from "#shared/schema/server.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { serverLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending, useView } from "../view/app.ts";
import { Composer } from "./composer.tsx";
import { SessionList } from "./session-list.tsx";
import { SessionView } from "./session-view.tsx";

/** The conversations with the agents of a workspace. They live in its OpenCode server, so it has to run. */
export function ChatPage({ project }: { project: Project }) {
  const { workspace } = project;
  const { item: environment } = useLive("environment.watch", { workspace });
  const running = environment?.server?.state === "running";
  const { item: chat, failure } = useLive("chat.watch", { workspace });
  const wanted = useView((view) => view.session[workspace]);
  const layout = useDefaultLayout({ id: "deckhand.chat", storage: localStorage });
  if (!environment) return null;
  if (!running) return <ServerAway project={project} server={environment.server} />;
  if (!chat) return failure ? <Trouble failure={failure} /> : null;

  const roots = chat.sessions.filter((session) => session.parentId === null);
  // Null is a choice too (a new session); only where none was ever made is the newest shown.
  const session = wanted === null ? null : (roots.find(({ id }) => id === wanted) ?? roots[0] ?? null);
  const serverPid = environment.server?.pid ?? null;
  return (
    <Group
      orientation="horizontal"
      className="h-full"
      {...(layout.defaultLayout ? { defaultLayout: layout.defaultLayout } : {})}
      onLayoutChanged={layout.onLayoutChanged}
    >
      <Panel id="sessions" defaultSize={208} minSize={150} maxSize={320} groupResizeBehavior="preserve-pixel-size">
        <SessionList workspace={workspace} chat={chat} chosen={session?.id ?? null} />
      </Panel>
      <Separator className="w-px bg-line data-[separator=active]:bg-accent" aria-label="Resize sessions" />
      <Panel id="session" minSize={320}>
        {session ? (
          <SessionView key={session.id} workspace={workspace} session={session} chat={chat} serverPid={serverPid} />
        ) : (
          <div className="flex h-full flex-col">
            <div className="min-h-0 flex-1">
              <Empty heading="h1" title="Start a session" icon={<MessagesSquare />}>
                Write what should be done. The agent works in the folder of {project.name}; what it has to ask you first
                appears above the field you write in.
              </Empty>
            </div>
            <div className="mx-auto w-full max-w-190 shrink-0 px-5 pb-4">
              <Composer workspace={workspace} session={null} serverPid={serverPid} />
            </div>
          </div>
        )}
      </Panel>
    </Group>
  );
}

function ServerAway({ project, server }: { project: Project; server: ServerStatus | null }) {
  const { workspace } = project;
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  const state = server?.state ?? "stopped";
  const coming = state === "starting" || state === "waiting_ready" || state === "stopping";
  return (
    <Empty
      heading="h1"
      title={
        coming ? `OpenCode is ${state === "stopping" ? "stopping" : "starting"}` : "The OpenCode server is not running"
      }
      icon={<MessagesSquare />}
      action={
        !coming && (
          <Button
            kind="primary"
            aria-label="Start OpenCode server"
            pending={pending}
            onClick={() => void actions.startServer(workspace)}
          >
            Start server
          </Button>
        )
      }
    >
      {coming ? (
        <StateMark look={serverLook(state)} />
      ) : (
        "Sessions live in the server of this workspace. Start it to read them or to begin a new one."
      )}
      {server?.failure && (
        <div className="mt-4 text-left text-text">
          <FailureLine failure={server.failure} />
        </div>
      )}
    </Empty>
  );
}

function Trouble({ failure }: { failure: Parameters<typeof FailureLine>[0]["failure"] }) {
  return (
    <div className="p-4">
      <FailureLine failure={failure} />
    </div>
  );
}
