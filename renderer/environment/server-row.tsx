import { Bot, Play, RotateCw, ScrollText, Square } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { IconButton } from "../ui/button.tsx";
import { FailureWords } from "../ui/failure-line.tsx";
import { formatBytes, formatPercent } from "../ui/format.ts";
import { PlanLine } from "../ui/plan-line.tsx";
import { serverLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { Cell, Figure, Uptime } from "./cells.tsx";
import { Events } from "./server-facts.tsx";
import { ServerRemedies } from "./server-trouble.tsx";

/** What its row opens, beside the names of services, which are never empty. */
export const OPENS_SERVER = "";

/** The workspace's OpenCode server, in the columns of the services. Enter or a click opens its details. */
export function ServerRow({
  workspace,
  server: given,
  at,
  chosen,
}: {
  workspace: WorkspaceId;
  server: ServerStatus | null;
  at: number;
  chosen: boolean;
}) {
  const server = given ?? stoppedServer;
  const actions = useActions();
  const open = () => actions.showServer(workspace, !chosen);
  const newest = server.notices.at(-1);
  return (
    <div
      role="row"
      aria-label="OpenCode server"
      aria-rowindex={2}
      aria-selected={chosen}
      data-opens={OPENS_SERVER}
      tabIndex={0}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        event.preventDefault();
        open();
      }}
      className="group focus-inside measured border-b border-line hover:bg-hover aria-selected:bg-selected"
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
        <Cell column="column-health">
          {server.ownership === "adopted" && <span className="text-faint">Adopted</span>}
        </Cell>
        <Cell column="column-address">
          {server.port !== null && <span className="text-muted tabular-nums">:{server.port}</span>}
        </Cell>
        <Figure column="column-took">{null}</Figure>
        <Cell column={`column-why ${newest ? "why-below" : "why-roomy"}`} title={newest?.message}>
          <span className="text-muted">
            {newest
              ? newest.message
              : server.state === "running" && !server.failure && !server.plan && <Events server={server} />}
          </span>
        </Cell>
        <Figure column="column-uptime">
          <Uptime ms={server.uptimeMs} at={at} />
        </Figure>
        <Figure column="column-restarts">
          {server.restarts > 0 && <span className="text-busy">{server.restarts}</span>}
        </Figure>
        <Figure column="column-memory">{server.memoryBytes !== null && formatBytes(server.memoryBytes)}</Figure>
        <Figure column="column-cpu">{server.cpuPercent !== null && formatPercent(server.cpuPercent)}</Figure>
        <RowActions workspace={workspace} server={server} />
      </div>
      {newest && !server.failure && (
        <div role="presentation" className="why-line service-note pb-1.5 text-muted">
          {newest.message}
        </div>
      )}
      {/* The details have them too, and twice is once too often. A press on a button is not a press on its row. */}
      {server.plan && !chosen && (
        <div role="gridcell" className="service-note pb-1.5" onClick={(event) => event.stopPropagation()}>
          <PlanLine workspace={workspace} server={server} />
        </div>
      )}
      {server.failure && (
        <div role="gridcell" className="flex flex-wrap items-center gap-x-3 gap-y-1.5 service-note pb-1.5">
          <FailureWords failure={server.failure} />
          {!server.plan && !chosen && (
            <span className="flex shrink-0 gap-1.5" onClick={(event) => event.stopPropagation()}>
              <ServerRemedies workspace={workspace} server={server} failure={server.failure} />
            </span>
          )}
        </div>
      )}
    </div>
  );
}

function RowActions({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  const up = isServerUp(server.state);
  return (
    <span
      role="gridcell"
      className={`flex justify-end ${up ? "opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 group-aria-selected:opacity-100" : ""}`}
      onClick={(event) => event.stopPropagation()}
    >
      <IconButton label="Show logs of the OpenCode server" onClick={() => actions.showServerLogs(workspace)}>
        <ScrollText />
      </IconButton>
      <IconButton
        label="Restart OpenCode server"
        disabled={!up || pending || server.ownership === "adopted"}
        onClick={() => void actions.restartServer(workspace)}
      >
        <RotateCw />
      </IconButton>
      {up ? (
        <IconButton label="Stop OpenCode server" pending={pending} onClick={() => void actions.stopServer(workspace)}>
          <Square />
        </IconButton>
      ) : (
        <IconButton label="Start OpenCode server" pending={pending} onClick={() => void actions.startServer(workspace)}>
          <Play />
        </IconButton>
      )}
    </span>
  );
}
