import { Bot, Play, RotateCw, ScrollText, Square } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { IconButton } from "../ui/button.tsx";
import { formatAgo, formatBytes, formatCount } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { serverLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { Cell, Figure, Uptime } from "./cells.tsx";
import { RemedyButtons } from "./remedy-buttons.tsx";

/** The workspace's OpenCode server, in the columns of the services. */
export function ServerRow({
  workspace,
  server: given,
  at,
}: {
  workspace: WorkspaceId;
  server: ServerStatus | null;
  at: number;
}) {
  const server = given ?? stoppedServer;
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  const running = server.state !== "stopped" && server.state !== "crashed";
  return (
    <div
      role="row"
      aria-label="OpenCode server"
      aria-rowindex={2}
      className="group border-b border-line hover:bg-hover"
    >
      <div role="presentation" className="service-grid h-8">
        <span role="gridcell" className="text-faint">
          <Bot className="size-3.5" aria-hidden="true" />
        </span>
        <Cell>
          <span className="font-medium">OpenCode</span>
          {server.version && (
            <span className="column-version ml-2 text-xs text-faint tabular-nums">{server.version}</span>
          )}
        </Cell>
        <Cell>
          <StateMark look={serverLook(server.state)} />
        </Cell>
        <Cell />
        <Cell column="column-address">
          {server.pid !== null && <span className="text-muted tabular-nums">pid {server.pid}</span>}
        </Cell>
        <Cell column="column-why">{server.state === "running" && !server.failure && <Events server={server} />}</Cell>
        <Figure column="column-uptime">
          <Uptime ms={server.uptimeMs} at={at} />
        </Figure>
        <Figure column="column-restarts">
          {server.restarts > 0 && <span className="text-busy">{server.restarts}</span>}
        </Figure>
        <Figure column="column-memory">{server.memoryBytes !== null && formatBytes(server.memoryBytes)}</Figure>
        <Figure column="column-cpu">{null}</Figure>
        <span
          role="gridcell"
          className={`flex justify-end ${running ? "opacity-0 group-focus-within:opacity-100 group-hover:opacity-100" : ""}`}
        >
          <IconButton
            label="Show logs of the OpenCode server"
            onClick={() => actions.showLogs(workspace, ["opencode"])}
          >
            <ScrollText />
          </IconButton>
          <IconButton
            label="Restart OpenCode server"
            disabled={!running || pending}
            onClick={() => void actions.restartServer(workspace)}
          >
            <RotateCw />
          </IconButton>
          {running ? (
            <IconButton
              label="Stop OpenCode server"
              pending={pending}
              onClick={() => void actions.stopServer(workspace)}
            >
              <Square />
            </IconButton>
          ) : (
            <IconButton
              label="Start OpenCode server"
              pending={pending}
              onClick={() => void actions.startServer(workspace)}
            >
              <Play />
            </IconButton>
          )}
        </span>
      </div>
      {server.failure && (
        <div role="gridcell" className="flex items-center gap-3 service-note pb-1.5">
          <p className="min-w-0 flex-1">
            {server.failure.message} {server.failure.next && <span className="text-muted">{server.failure.next}</span>}
          </p>
          <span className="flex shrink-0 gap-1.5">
            <RemedyButtons
              code={server.failure.code}
              name="the OpenCode server"
              source="opencode"
              workspace={workspace}
              pending={pending}
              onRetry={() => void actions.startServer(workspace)}
            />
          </span>
        </div>
      )}
    </div>
  );
}

function Events({ server }: { server: ServerStatus }) {
  const now = useNow();
  const last = server.lastEventAt === null ? null : formatAgo(now - Date.parse(server.lastEventAt));
  return (
    <span className="text-muted tabular-nums">
      {formatCount(server.events)} {server.events === 1 ? "event" : "events"}
      {last !== null && (last === "now" ? ", last just now" : `, last ${last} ago`)}
    </span>
  );
}
