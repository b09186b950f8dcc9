import { MessagesSquare } from "lucide-react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import { stoppedServer } from "#shared/schema/server.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { Empty } from "../ui/empty.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { useView } from "../view/app.ts";
import { Composer } from "./composer.tsx";
import { ServerStrip } from "./server-strip.tsx";
import { SessionList } from "./session-list.tsx";
import { SessionView } from "./session-view.tsx";

/** The conversations with the agents of a workspace. They live in its OpenCode server, which a message starts. */
export function ChatPage({ project }: { project: Project }) {
  const { workspace } = project;
  const { item: environment } = useLive("environment.watch", { workspace });
  const { item: chat, failure } = useLive("chat.watch", { workspace });
  const wanted = useView((view) => view.session[workspace]);
  const layout = useDefaultLayout({ id: "deckhand.chat", storage: localStorage });
  if (!environment) return null;
  if (!chat) return failure ? <Trouble failure={failure} /> : null;

  const server = environment.server ?? stoppedServer;
  const roots = chat.sessions.filter((session) => session.parentId === null);
  // Null is a choice too (a new session); only where none was ever made is the newest shown.
  const session = wanted === null ? null : (roots.find(({ id }) => id === wanted) ?? roots[0] ?? null);
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
          <SessionView key={session.id} workspace={workspace} session={session} chat={chat} server={server} />
        ) : (
          <div className="flex h-full flex-col">
            <div className="min-h-0 flex-1">
              <Empty heading="h1" title="Start a session" icon={<MessagesSquare />}>
                Write what should be done. The agent works in the folder of {project.name}; what it has to ask you first
                appears above the field you write in.
              </Empty>
            </div>
            <div className="mx-auto flex w-full max-w-190 shrink-0 flex-col gap-2 px-5 pb-4">
              <ServerStrip workspace={workspace} server={server} />
              <Composer workspace={workspace} session={null} server={server} />
            </div>
          </div>
        )}
      </Panel>
    </Group>
  );
}

function Trouble({ failure }: { failure: Parameters<typeof FailureLine>[0]["failure"] }) {
  return (
    <div className="p-4">
      <FailureLine failure={failure} />
    </div>
  );
}
