import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { formatBytes, formatPercent, formatTook } from "../ui/format.ts";
import { Link } from "../ui/link.tsx";
import { healthLook, serviceLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";
import { Uptime } from "./cells.tsx";
import { Fact, Facts } from "./fact.tsx";
import { conditionWord, probeWords } from "./probe-words.ts";
import { wayOf } from "./steps.ts";
import { Took } from "./took.tsx";

/** How a service is now, and what of it can be reached. */
export function ServiceFacts({
  workspace,
  service,
  services,
  at,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  services: readonly ServiceStatus[];
  at: number;
}) {
  const health = healthLook(service.health);
  const { replica } = service;
  const siblings = replica ? services.filter((each) => each.replica?.of === replica.of) : [];
  return (
    <Facts>
      <Fact name="State">
        <StateMark look={serviceLook(service)} />
      </Fact>
      {/* A task is done when it has ended; there is nothing to probe. */}
      {(service.kind !== "task" || service.probe) && (
        <Fact name="Health">
          {health ? (
            <StateMark look={health} />
          ) : (
            <span className="text-muted">{service.probe ? "Not checked" : "No probe"}</span>
          )}
          {service.probe && (
            <span className="block text-sm break-words text-muted">Probe: {probeWords(service.probe)}</span>
          )}
        </Fact>
      )}
      {service.url && (
        <Fact name="Address">
          <Link url={service.url} />
        </Fact>
      )}
      {service.ports.length > 0 && (
        <Fact name="Ports">
          <span className="tabular-nums">
            {service.ports
              .map(({ port, env, option }) => [port, ...(env || option ? [`(${env ?? option})`] : [])].join(" "))
              .join(", ")}
          </span>
        </Fact>
      )}
      {replica && (
        <Fact name="Replicas">
          <span className="tabular-nums">
            {siblings.filter((each) => each.ready).length} of {siblings.length} of {replica.of} ready
          </span>
          {replica.url && (
            <span className="block">
              <Link url={replica.url} /> <span className="text-muted">for all of them</span>
            </span>
          )}
          <Others
            names={siblings.map(({ name }) => name).filter((name) => name !== service.name)}
            services={services}
            workspace={workspace}
          />
        </Fact>
      )}
      {service.dependsOn.length > 0 && (
        <Fact name="Needs">
          <Needs service={service} services={services} workspace={workspace} />
        </Fact>
      )}
      {(wayOf(service)?.begunAt ?? null) !== null && (
        <Fact name="Last start">
          <span className="tabular-nums">
            <Took service={service} />
            <Steps service={service} />
          </span>
        </Fact>
      )}
      {service.uptimeMs !== null && (
        <Fact name="Uptime">
          <span className="tabular-nums">
            <Uptime ms={service.uptimeMs} at={at} />
          </span>
        </Fact>
      )}
      <Fact name="Restarts">
        <span className="tabular-nums">{service.restarts}</span>
      </Fact>
      {service.memoryBytes !== null && (
        <Fact name="Memory">
          <span className="tabular-nums">
            {formatBytes(service.memoryBytes)}
            {service.cpuPercent !== null && ` · ${formatPercent(service.cpuPercent)} CPU`}
          </span>
        </Fact>
      )}
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
    </Facts>
  );
}

/** Waiting is no part of what it took; what came of it is told by its state. */
function Steps({ service }: { service: ServiceStatus }) {
  const words = {
    waiting: "waited",
    starting: "made in",
    becoming_ready: service.ready ? "ready after" : "ended after",
  };
  const known = (service.steps ?? []).flatMap(({ step, ms }) =>
    ms === null || (step === "waiting" && ms === 0) ? [] : [`${words[step]} ${formatTook(ms)}`],
  );
  if (known.length === 0) return null;
  return <span className="block text-sm text-muted">{known.join(", ")}</span>;
}

function Needs({
  service,
  services,
  workspace,
}: {
  service: ServiceStatus;
  services: readonly ServiceStatus[];
  workspace: WorkspaceId;
}) {
  const needs = new Map(service.needs?.map((need) => [need.name, need]));
  return (
    <ul className="flex flex-col gap-0.5">
      {service.dependsOn.map((name) => {
        const need = needs.get(name);
        return (
          <li key={name} className="flex flex-wrap items-center gap-x-2">
            <NameButton name={name} workspace={workspace} />
            <State name={name} services={services} />
            {need && (!need.met || !need.required) && (
              <span className="text-sm text-faint">
                {[!need.met && `must be ${conditionWord(need.condition)}`, !need.required && "optional"]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Others({
  names,
  services,
  workspace,
}: {
  names: readonly string[];
  services: readonly ServiceStatus[];
  workspace: WorkspaceId;
}) {
  return (
    <ul className="flex flex-col gap-0.5">
      {names.map((name) => (
        <li key={name} className="flex items-center gap-2">
          <NameButton name={name} workspace={workspace} />
          <State name={name} services={services} />
        </li>
      ))}
    </ul>
  );
}

function NameButton({ name, workspace }: { name: string; workspace: WorkspaceId }) {
  const actions = useActions();
  return (
    <button
      type="button"
      className="min-w-0 rounded-sm text-left wrap-anywhere text-link hover:underline"
      onClick={() => actions.showService(workspace, name)}
    >
      {name}
    </button>
  );
}

function State({ name, services }: { name: string; services: readonly ServiceStatus[] }) {
  const service = services.find((each) => each.name === name);
  return service ? <StateMark look={serviceLook(service)} /> : null;
}
