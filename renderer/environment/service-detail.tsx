import { Play, RotateCw, ScrollText, Square, X } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { formatBytes, formatPercent } from "../ui/format.ts";
import { Link } from "../ui/link.tsx";
import { healthLook, serviceLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { Uptime } from "./cells.tsx";
import { Absent, Fact, Facts } from "./fact.tsx";
import { Tail } from "./tail.tsx";

/** Everything known about one service, and the end of its log. */
export function ServiceDetail({
  workspace,
  service,
  services,
  at,
  onClose,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  services: readonly ServiceStatus[];
  at: number;
  onClose: () => void;
}) {
  const { name } = service;
  const health = healthLook(service.health);
  return (
    <aside aria-label={`Details of ${name}`} className="flex h-full flex-col bg-canvas">
      <div className="flex h-11 shrink-0 items-center gap-2 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-semibold">{name}</h2>
        <IconButton label="Close details" onClick={onClose}>
          <X />
        </IconButton>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">
        <Controls workspace={workspace} service={service} />
        {service.failure ? (
          <div className="mt-3">
            <FailureLine failure={service.failure} />
          </div>
        ) : (
          service.why && <p className="mt-3 text-muted">{service.why}</p>
        )}
        <Facts>
          <Fact name="State">
            <StateMark look={serviceLook(service)} />
          </Fact>
          <Fact name="Health">
            {health ? <StateMark look={health} /> : <span className="text-muted">No probe</span>}
          </Fact>
          {service.url && (
            <Fact name="Address">
              <Link url={service.url} />
            </Fact>
          )}
          {service.ports.length > 0 && (
            <Fact name="Ports">
              <span className="tabular-nums">
                {service.ports.map((port) => `${port.port}${port.env ? ` (${port.env})` : ""}`).join(", ")}
              </span>
            </Fact>
          )}
          {service.dependsOn.length > 0 && (
            <Fact name="Needs">
              <Needs names={service.dependsOn} services={services} workspace={workspace} />
            </Fact>
          )}
          <Fact name="Uptime">
            <span className="tabular-nums">
              {service.uptimeMs === null ? <Absent /> : <Uptime ms={service.uptimeMs} at={at} />}
            </span>
          </Fact>
          <Fact name="Restarts">
            <span className="tabular-nums">{service.restarts}</span>
          </Fact>
          <Fact name="Memory">
            <span className="tabular-nums">
              {service.memoryBytes === null ? <Absent /> : formatBytes(service.memoryBytes)}
              {service.cpuPercent !== null && ` · ${formatPercent(service.cpuPercent)} CPU`}
            </span>
          </Fact>
          {service.pid !== null && (
            <Fact name="Process">
              <span className="tabular-nums">
                pid {service.pid}, generation {service.generation}
              </span>
            </Fact>
          )}
          {service.exit && (
            <Fact name="Last exit">
              <span className="tabular-nums">
                {service.exit.signal ? `signal ${service.exit.signal}` : `code ${service.exit.code ?? "unknown"}`}
              </span>
            </Fact>
          )}
          <Fact name="Command">
            <code className="font-mono text-sm break-all">{service.command}</code>
          </Fact>
          <Fact name="Found in">
            <code className="font-mono text-sm break-all text-muted">{service.source}</code>
          </Fact>
        </Facts>
        <Tail workspace={workspace} source={name} />
      </div>
    </aside>
  );
}

function Controls({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const actions = useActions();
  const { name } = service;
  const pending = usePending(`service:${workspace}:${name}`);
  const wanted = service.desired === "running" && service.phase !== "completed";
  const icon = "size-3";
  return (
    <div className="flex flex-wrap gap-1.5">
      {wanted ? (
        <Button
          small
          pending={pending}
          icon={<Square className={icon} aria-hidden="true" />}
          onClick={() => void actions.stopServices(workspace, [name])}
        >
          Stop
        </Button>
      ) : (
        <Button
          small
          pending={pending}
          icon={<Play className={icon} aria-hidden="true" />}
          onClick={() => void actions.startServices(workspace, [name])}
        >
          Start
        </Button>
      )}
      <Button
        small
        disabled={pending || service.phase === "stopped"}
        icon={<RotateCw className={icon} aria-hidden="true" />}
        onClick={() => void actions.restartServices(workspace, [name])}
      >
        Restart
      </Button>
      <Button
        small
        icon={<ScrollText className={icon} aria-hidden="true" />}
        onClick={() => actions.showLogs(workspace, [name])}
      >
        Logs
      </Button>
    </div>
  );
}

function Needs({
  names,
  services,
  workspace,
}: {
  names: readonly string[];
  services: readonly ServiceStatus[];
  workspace: WorkspaceId;
}) {
  const actions = useActions();
  return (
    <ul className="flex flex-col gap-0.5">
      {names.map((name) => {
        const needed = services.find((service) => service.name === name);
        return (
          <li key={name} className="flex items-center gap-2">
            <button
              type="button"
              className="truncate rounded-sm text-link hover:underline"
              onClick={() => actions.showService(workspace, name)}
            >
              {name}
            </button>
            {needed && <StateMark look={serviceLook(needed)} />}
          </li>
        );
      })}
    </ul>
  );
}
