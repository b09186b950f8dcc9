import type { PlannedService } from "#shared/schema/plan.ts";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import type { ServicePort, ServiceStatus } from "#shared/schema/service.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { formatBytes, formatPercent, formatTook } from "../ui/format.ts";
import { Code } from "./code.tsx";
import { Editable } from "./editable.tsx";
import { Absent, Fact } from "./fact.tsx";
import type { FormOf } from "./forms/edit-form.tsx";
import { CommandForm } from "./forms/command-form.tsx";
import { LimitsForm } from "./forms/limits-form.tsx";
import { NeedsForm } from "./forms/needs-form.tsx";
import { PortsForm } from "./forms/ports-form.tsx";
import { ProbeForm } from "./forms/probe-form.tsx";
import { RestartForm } from "./forms/restart-form.tsx";
import { StopForm } from "./forms/stop-form.tsx";
import { WatchForm } from "./forms/watch-form.tsx";
import { conditionWord, probeWords } from "./probe-words.ts";
import { ScaleControl } from "./scale-control.tsx";

/** The definition of a service as its files say it, each part with the form that changes it. */
export function PlannedFacts({
  workspace,
  planned,
  draft,
  services,
}: {
  workspace: WorkspaceId;
  planned: PlannedService;
  /** Null: not known yet; until then nothing can be changed. */
  draft: ServiceDraft | null;
  services: readonly ServiceStatus[];
}) {
  const { rules, needs, profiles, ports, probe, kind } = planned;
  const { restart, stop, limits, watch } = rules;
  const of: FormOf = { workspace, service: planned.name };
  // What only the compose file decides is not for a form.
  const own = draft === null || draft.container ? null : draft;
  const edit = (what: string) => `Edit ${what} of ${planned.name}`;
  return (
    <>
      <Editable name="Command" label={edit("the command")} form={own && <CommandForm {...of} draft={own} />}>
        <Code>{typeof planned.command === "string" ? planned.command : planned.command.join(" ")}</Code>
        <span className="block">
          <Code muted>{planned.workingDirectory}</Code>
        </span>
      </Editable>
      <Fact name="Found in">
        <Code muted>{planned.source}</Code>
      </Fact>
      <Editable name="Ports" label={edit("the ports")} form={own && <PortsForm {...of} draft={own.ports} />}>
        {ports.length === 0 ? (
          <Absent />
        ) : (
          ports.map((port) => <PortLine key={port.name} port={port} container={kind === "compose"} />)
        )}
      </Editable>
      <Editable
        name="Ready when"
        label={edit("the health check")}
        form={draft && <ProbeForm {...of} draft={draft.probe} container={draft.container} />}
      >
        {probe ? probeWords(probe) : <span className="text-muted">it runs</span>}
      </Editable>
      {rules.liveness && <Fact name="Alive while">{probeWords(rules.liveness)}</Fact>}
      {rules.startup && <Fact name="Started when">{probeWords(rules.startup)}</Fact>}
      {rules.readyLine !== null && (
        <Fact name="Ready line">
          <Code>{rules.readyLine}</Code>
        </Fact>
      )}
      <Editable
        name="Needs"
        label={edit("the needs")}
        form={draft && <NeedsForm {...of} draft={draft.needs} others={draft.others} />}
      >
        {needs.length === 0 && <Absent />}
        {needs.map(({ name, condition, required, restart: together }) => (
          <span key={name} className="block">
            {name}{" "}
            <span className="text-muted">
              {[conditionWord(condition), !required && "optional", together && "restarts with it"]
                .filter(Boolean)
                .join(", ")}
            </span>
          </span>
        ))}
      </Editable>
      {profiles.length > 0 && <Fact name="Profiles">{profiles.join(", ")}</Fact>}
      {kind !== "task" && draft !== null && (
        <Fact name="Replicas">
          <ScaleControl workspace={workspace} draft={draft} services={services} />
        </Fact>
      )}
      <Editable
        name="Restart"
        label={edit("when it is restarted")}
        form={draft && <RestartForm {...of} draft={draft.restart} />}
      >
        {restart.maxRetries === null ? restart.mode : `${restart.mode}, ${restart.maxRetries} in a row`}
        {restart.mode !== "no" && (
          <span className="text-muted">
            , at most {restart.limit.max} in {formatTook(restart.limit.windowMs)}
          </span>
        )}
      </Editable>
      <Editable name="Stop" label={edit("how it is stopped")} form={own && <StopForm {...of} draft={own.stop} />}>
        {stop.command === null ? stop.signal : <Code>{stop.command}</Code>}
        <span className="text-muted">, killed after {formatTook(stop.graceMs)}</span>
      </Editable>
      {rules.hooks.length > 0 && (
        <Fact name="Hooks">
          {rules.hooks.map(({ moment, command }, index) => (
            // The same command may stand twice.
            // oxlint-disable-next-line react/no-array-index-key
            <span key={`${moment} ${index}`} className="block">
              <span className="text-muted">{moment}:</span> <Code>{command}</Code>
            </span>
          ))}
        </Fact>
      )}
      <Editable name="Limits" label={edit("the limits")} form={own && <LimitsForm {...of} draft={own.limits} />}>
        {limits === null ? (
          <Absent />
        ) : (
          <>
            {[
              limits.memoryBytes !== null && formatBytes(limits.memoryBytes),
              limits.cpuPercent !== null && `${formatPercent(limits.cpuPercent)} CPU`,
            ]
              .filter(Boolean)
              .join(", ")}
            <span className="text-muted">, then {limits.onExceed}</span>
          </>
        )}
      </Editable>
      <Editable
        name="Watches"
        label={edit("the watched files")}
        form={draft && <WatchForm {...of} draft={draft.watch} />}
      >
        {watch === null ? <Absent /> : <Code>{watch.paths.join(", ")}</Code>}
      </Editable>
      {rules.logFile !== null && (
        <Fact name="Log file">
          <Code>{rules.logFile}</Code>
        </Fact>
      )}
      {rules.endsEnvironment !== "never" && (
        <Fact name="Its end">
          {rules.endsEnvironment === "end" ? "ends everything else" : "ends everything else if it fails"}
        </Fact>
      )}
    </>
  );
}

/** What it wants; what it got stands in the overview. */
function PortLine({ port: { name, port, env, option, strict }, container }: { port: ServicePort; container: boolean }) {
  const told = env ?? option;
  return (
    <span className="block">
      <span className="tabular-nums">{port}</span>{" "}
      <span className="text-muted">
        {name}
        {container ? (
          ", published"
        ) : told === undefined ? (
          ", fixed by the command"
        ) : (
          <>
            , told by <Code>{told}</Code>
          </>
        )}
        {strict === true && ", only this one"}
      </span>
    </span>
  );
}
