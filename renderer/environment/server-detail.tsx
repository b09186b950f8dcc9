import { ClipboardCopy, Link2, Play, RotateCw, ScrollText, Square, X } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { PlanLine } from "../ui/plan-line.tsx";
import { useActions, usePending } from "../view/app.ts";
import { MemoryCurve } from "./memory-curve.tsx";
import { ServerFacts } from "./server-facts.tsx";
import { ServerTrouble } from "./server-trouble.tsx";
import { Tail } from "./tail.tsx";

/** Everything known about the workspace's OpenCode server, what is wrong with it, and the end of its log. */
export function ServerDetail({
  workspace,
  server: given,
  at,
  onClose,
}: {
  workspace: WorkspaceId;
  server: ServerStatus | null;
  at: number;
  onClose: () => void;
}) {
  const server = given ?? stoppedServer;
  return (
    <aside
      aria-label="Details of the OpenCode server"
      tabIndex={-1}
      className="focus-inside flex h-full flex-col bg-canvas"
    >
      <div className="flex h-11 shrink-0 items-center gap-2 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-semibold">OpenCode server</h2>
        <IconButton label="Close details" onClick={onClose}>
          <X />
        </IconButton>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">
        <Controls workspace={workspace} server={server} />
        {server.plan && (
          <div className="mt-3">
            <PlanLine workspace={workspace} server={server} />
          </div>
        )}
        <ServerTrouble workspace={workspace} server={server} />
        <ServerFacts server={server} at={at} />
        <MemoryCurve key={`${workspace} ${server.generation}`} workspace={workspace} />
        <Tail workspace={workspace} source="opencode" />
      </div>
    </aside>
  );
}

function Controls({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  const up = isServerUp(server.state);
  const adopted = server.ownership === "adopted";
  const icon = "size-3";
  return (
    <div className="flex flex-wrap gap-1.5">
      {up ? (
        <>
          <Button
            small
            pending={pending}
            title={adopted ? "It goes on running; Deckhand only lets go of it" : undefined}
            icon={<Square className={icon} aria-hidden="true" />}
            onClick={() => void actions.stopServer(workspace)}
          >
            {adopted ? "Let go" : "Stop"}
          </Button>
          {!adopted && (
            <Button
              small
              disabled={pending}
              icon={<RotateCw className={icon} aria-hidden="true" />}
              onClick={() => void actions.restartServer(workspace)}
            >
              Restart
            </Button>
          )}
        </>
      ) : (
        <>
          <Button
            small
            kind="primary"
            pending={pending}
            icon={<Play className={icon} aria-hidden="true" />}
            onClick={() => void actions.startServer(workspace)}
          >
            Start
          </Button>
          <Button
            small
            icon={<Link2 className={icon} aria-hidden="true" />}
            onClick={() => actions.adoptServer(workspace, "")}
          >
            Use another server…
          </Button>
        </>
      )}
      <Button
        small
        icon={<ScrollText className={icon} aria-hidden="true" />}
        onClick={() => actions.showServerLogs(workspace)}
      >
        Logs
      </Button>
      <Button
        small
        icon={<ClipboardCopy className={icon} aria-hidden="true" />}
        title="State, error and the last 100 lines of its log, as text"
        onClick={() => void actions.copyServerReport(workspace, server)}
      >
        Copy report
      </Button>
    </div>
  );
}
