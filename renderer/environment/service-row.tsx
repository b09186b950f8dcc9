import { Play, RotateCw, Route, ScrollText, Square } from "lucide-react";
import { memo } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { IconButton } from "../ui/button.tsx";
import { FailureWords } from "../ui/failure-line.tsx";
import { formatBytes, formatPercent } from "../ui/format.ts";
import { Link } from "../ui/link.tsx";
import { healthLook, serviceLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { Cell, Figure, Uptime } from "./cells.tsx";
import { HolderButtons } from "./holder-buttons.tsx";
import { RemedyButtons } from "./remedy-buttons.tsx";
import { Took } from "./took.tsx";
import { chainWords, engineWords, isOfEngine, isOwn } from "./trouble.ts";

type Properties = {
  workspace: WorkspaceId;
  service: ServiceStatus;
  startsWave: boolean;
  /** It is on the critical path of the latest start. */
  critical: boolean;
  at: number;
  index: number;
  active: boolean;
  chosen: boolean;
  /** Nothing runs yet: the row says what would. */
  planned: boolean;
  onActivate: (index: number) => void;
  onOpen: (workspace: WorkspaceId, name: string | null) => void;
};

/** One service. Trouble takes a second line: cause, next step and the buttons that do it. */
export const ServiceRow = memo(function ServiceRow({
  workspace,
  service,
  startsWave,
  critical,
  at,
  index,
  active,
  chosen,
  planned,
  onActivate,
  onOpen,
}: Properties) {
  const health = healthLook(service.health);
  const { failure, name } = service;
  const note = isOwn(failure);
  const why = whyOf(service);
  const up = (service.phase === "running" || service.phase === "external") && service.kind !== "task";
  // Where the column for it is too narrow, the reason gets a line. That a task ended well is said by its state.
  const line = !note && why !== null && service.phase !== "completed" && !planned;
  // Without figures, the reason has their room.
  const measured = note || service.uptimeMs !== null || service.memoryBytes !== null || service.cpuPercent !== null;
  const actions = useActions();
  const pending = usePending(`service:${workspace}:${name}`);
  return (
    <div
      role="row"
      aria-label={name}
      aria-rowindex={index + 3}
      aria-selected={chosen}
      data-opens={name}
      tabIndex={active ? 0 : -1}
      onFocus={() => onActivate(index)}
      onClick={() => onOpen(workspace, chosen ? null : name)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        event.preventDefault();
        onOpen(workspace, chosen ? null : name);
      }}
      className={`group focus-inside hover:bg-hover aria-selected:bg-selected ${measured ? "measured" : ""}`}
    >
      <div role="presentation" className="service-grid h-8">
        <span role="gridcell" className="text-xs text-faint tabular-nums">
          {startsWave ? service.wave + 1 : <span className="sr-only">{service.wave + 1}</span>}
        </span>
        <Cell title={`${name}: ${service.command}`}>
          <span className="font-medium">{name}</span>
          {service.kind === "task" && <span className="ml-2 text-xs text-faint">task</span>}
          {service.kind === "compose" && <span className="ml-2 text-xs text-faint">container</span>}
        </Cell>
        <Cell>
          <StateMark look={serviceLook(service)} />
        </Cell>
        <Cell column="column-health">
          {health ? <StateMark look={health} /> : <span className="text-faint">{up ? "No probe" : ""}</span>}
        </Cell>
        <Cell column="column-address">
          {service.url && up ? <Link url={service.url} /> : <Ports service={service} />}
        </Cell>
        <Figure column="column-took">
          {critical && (
            <Route className="mr-1 inline size-3 align-[-1px] text-link" aria-label="On the critical path" role="img" />
          )}
          <Took service={service} />
        </Figure>
        <Cell
          column={`column-why ${line ? "why-below" : ""} ${measured ? "" : "why-wide"}`}
          title={why ?? (planned ? service.command : undefined)}
        >
          {!note && why !== null && <span className="text-muted">{why}</span>}
          {planned && why === null && <code className="font-mono text-sm text-muted">{service.command}</code>}
        </Cell>
        {measured && (
          <>
            <Figure column="column-uptime">
              <Uptime ms={service.uptimeMs} at={at} />
            </Figure>
            <Figure column="column-restarts">
              {service.restarts > 0 && <span className="text-busy">{service.restarts}</span>}
            </Figure>
            <Figure column="column-memory">{service.memoryBytes !== null && formatBytes(service.memoryBytes)}</Figure>
            <Figure column="column-cpu">{service.cpuPercent !== null && formatPercent(service.cpuPercent)}</Figure>
          </>
        )}
        <RowActions workspace={workspace} service={service} tabbable={active} pending={pending} />
      </div>
      {line && (
        <div role="presentation" className="why-line service-note pb-1.5 text-muted">
          {why}
        </div>
      )}
      {note && failure && (
        <div role="gridcell" className="flex flex-wrap items-center gap-x-3 gap-y-1.5 service-note pb-1.5">
          <FailureWords failure={failure} />
          {/* A press on a button is not a press on its row. */}
          <span className="flex shrink-0 gap-1.5" onClick={(event) => event.stopPropagation()}>
            <HolderButtons workspace={workspace} name={name} failure={failure} />
            <RemedyButtons
              code={failure.code}
              name={name}
              source={name}
              workspace={workspace}
              pending={pending}
              onRetry={() => void actions.startServices(workspace, [name])}
            />
          </span>
        </div>
      )}
    </div>
  );
});

function whyOf({ failure, why }: ServiceStatus): string | null {
  if (failure === null) return why;
  return chainWords(failure) ?? (isOfEngine(failure) ? engineWords(failure) : (why ?? failure.message));
}

function Ports({ service }: { service: ServiceStatus }) {
  if (service.ports.length === 0) return null;
  return <span className="text-muted tabular-nums">{service.ports.map((port) => `:${port.port}`).join(" ")}</span>;
}

function RowActions({
  workspace,
  service,
  tabbable,
  pending,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  tabbable: boolean;
  pending: boolean;
}) {
  const actions = useActions();
  const { name } = service;
  const tabIndex = tabbable ? 0 : -1;
  const wanted = service.desired === "running" && service.phase !== "completed";
  return (
    <span
      role="gridcell"
      className="flex justify-end opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 group-aria-selected:opacity-100"
      onClick={(event) => event.stopPropagation()}
    >
      <IconButton
        tabIndex={tabIndex}
        label={`Show logs of ${name}`}
        onClick={() => actions.showLogs(workspace, [name])}
      >
        <ScrollText />
      </IconButton>
      <IconButton
        tabIndex={tabIndex}
        label={`Restart ${name}`}
        disabled={pending || service.phase === "stopped"}
        onClick={() => void actions.restartServices(workspace, [name])}
      >
        <RotateCw />
      </IconButton>
      {wanted ? (
        <IconButton
          tabIndex={tabIndex}
          label={`Stop ${name}`}
          pending={pending}
          onClick={() => void actions.stopServices(workspace, [name])}
        >
          <Square />
        </IconButton>
      ) : (
        <IconButton
          tabIndex={tabIndex}
          label={`Start ${name}`}
          pending={pending}
          onClick={() => void actions.startServices(workspace, [name])}
        >
          <Play />
        </IconButton>
      )}
    </span>
  );
}
