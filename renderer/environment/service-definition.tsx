import { useQuery } from "@tanstack/react-query";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { draftQuery, planQuery } from "../ipc/queries.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { Warnings } from "../ui/warnings.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import { Code } from "./code.tsx";
import { DefinitionEdits } from "./definition-edits.tsx";
import { Fact, Facts } from "./fact.tsx";
import { PlannedFacts } from "./planned-facts.tsx";
import { ServiceVariables } from "./service-variables.tsx";

/** What a service is made of: its command and where that was found, its variables, and the rules it is run by. */
export function ServiceDefinition({
  workspace,
  service,
  services,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  services: readonly ServiceStatus[];
}) {
  const { client } = useApp();
  const name = service.replica?.of ?? service.name;
  const { data, error } = useQuery(planQuery(client, workspace, null));
  const draft = useQuery(draftQuery(client, workspace, name));
  const planned = data?.services.find((each) => each.name === name);
  // Where the plan cannot be read either, that is said once.
  const trouble = error ?? (planned ? draft.error : null);
  const typed = draft.data ?? null;
  return (
    <>
      {trouble && (
        <div className="mb-3">
          <FailureLine failure={failureOf(trouble)} />
        </div>
      )}
      {planned && (
        <div className="mb-3 empty:hidden">
          <Warnings of={service.name} warnings={planned.warnings} />
        </div>
      )}
      {planned && data && <DefinitionEdits workspace={workspace} planned={planned} config={data.config} />}
      <Facts>
        {planned ? (
          <PlannedFacts workspace={workspace} planned={planned} draft={typed} services={services} />
        ) : (
          <>
            <Fact name="Command">
              <Code>{service.command}</Code>
            </Fact>
            <Fact name="Found in">
              <Code muted>{service.source}</Code>
            </Fact>
          </>
        )}
      </Facts>
      {typed?.container === true && (
        <p className="mt-3 text-sm text-muted">
          It is a container: its ports, variables, limits and how it is stopped are what its compose file says.
        </p>
      )}
      {planned && <ServiceVariables workspace={workspace} planned={planned} draft={typed} />}
      {data && !planned && (
        <p className="mt-3 text-muted">The files do not name it any more; it runs as it was when it was started.</p>
      )}
    </>
  );
}
