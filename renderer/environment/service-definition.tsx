import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { PlannedService } from "#shared/schema/plan.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { planQuery } from "../ipc/queries.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { formatBytes, formatPercent, formatTook } from "../ui/format.ts";
import { Warnings } from "../ui/warnings.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import { DefinitionEdits } from "./definition-edits.tsx";
import { Absent, Fact, Facts } from "./fact.tsx";
import { conditionWord, probeWords } from "./probe-words.ts";

/** What a service is made of: its command and where that was found, its variables, and the rules it is run by. */
export function ServiceDefinition({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const { client } = useApp();
  const { data, error } = useQuery(planQuery(client, workspace, null));
  const planned = data?.services.find(({ name }) => name === (service.replica?.of ?? service.name));
  return (
    <>
      {error && (
        <div className="mb-3">
          <FailureLine failure={failureOf(error)} />
        </div>
      )}
      {planned && (
        <div className="mb-3 empty:hidden">
          <Warnings of={service.name} warnings={planned.warnings} />
        </div>
      )}
      {planned && <DefinitionEdits workspace={workspace} planned={planned} />}
      <Facts>
        <Fact name="Command">
          <Code>{service.command}</Code>
        </Fact>
        <Fact name="Found in">
          <Code muted>{service.source}</Code>
        </Fact>
        {planned && <Fact name="Folder">{<Code muted>{planned.workingDirectory}</Code>}</Fact>}
        <Fact name="Ready when">
          {service.probe ? probeWords(service.probe) : <span className="text-muted">it runs</span>}
        </Fact>
        {planned && <Planned planned={planned} />}
      </Facts>
      {planned && <Variables planned={planned} />}
      {data && !planned && (
        <p className="mt-3 text-muted">The files do not name it any more; it runs as it was when it was started.</p>
      )}
    </>
  );
}

function Planned({ planned }: { planned: PlannedService }) {
  const { rules, needs, profiles } = planned;
  const { restart, stop, limits, watch } = rules;
  const limit = `at most ${restart.limit.max} in ${formatTook(restart.limit.windowMs)}`;
  return (
    <>
      {rules.liveness && <Fact name="Alive while">{probeWords(rules.liveness)}</Fact>}
      {rules.startup && <Fact name="Started when">{probeWords(rules.startup)}</Fact>}
      {rules.readyLine !== null && (
        <Fact name="Ready line">
          <Code>{rules.readyLine}</Code>
        </Fact>
      )}
      {needs.length > 0 && (
        <Fact name="Needs">
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
        </Fact>
      )}
      {profiles.length > 0 && <Fact name="Profiles">{profiles.join(", ")}</Fact>}
      {(planned.replicas ?? 1) > 1 && <Fact name="Replicas">{planned.replicas}</Fact>}
      <Fact name="Restart">
        {restart.mode}
        {restart.mode !== "no" && <span className="text-muted">, {limit}</span>}
      </Fact>
      <Fact name="Stop">
        {stop.command === null ? stop.signal : <Code>{stop.command}</Code>}
        <span className="text-muted">, killed after {formatTook(stop.graceMs)}</span>
      </Fact>
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
      {limits && (
        <Fact name="Limits">
          {[
            limits.memoryBytes !== null && formatBytes(limits.memoryBytes),
            limits.cpuPercent !== null && `${formatPercent(limits.cpuPercent)} CPU`,
          ]
            .filter(Boolean)
            .join(", ")}
          <span className="text-muted">, then {limits.onExceed}</span>
        </Fact>
      )}
      {watch && (
        <Fact name="Watches">
          <Code>{watch.paths.join(", ")}</Code>
        </Fact>
      )}
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

/** What is set for it. A secret never comes to this page: there is nothing here that could be shown by mistake. */
function Variables({ planned }: { planned: PlannedService }) {
  const { environment } = planned;
  return (
    <section className="mt-4" aria-label="Variables">
      <h3 className="mb-1 text-sm font-medium text-muted">
        Variables <span className="text-faint tabular-nums">{environment.length}</span>
      </h3>
      {environment.length === 0 ? (
        <p className="text-sm">
          <Absent /> <span className="text-muted">beyond those of the login shell and of ports</span>
        </p>
      ) : (
        <dl className="flex flex-col gap-1 rounded-md bg-sunken px-2.5 py-2 font-mono text-sm inset-ring inset-ring-line">
          {environment.map(({ name, value }) => (
            <div key={name} className="break-all">
              <dt className="inline text-muted">{name}=</dt>
              <dd className="inline">
                {value ?? (
                  <span className="font-sans text-faint" title="A secret: its value stays on the host">
                    ••••••••<span className="sr-only">secret, not shown</span>
                  </span>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Code({ children, muted = false }: { children: ReactNode; muted?: boolean }) {
  return <code className={`font-mono text-sm break-all ${muted ? "text-muted" : ""}`}>{children}</code>;
}
