import { ChevronRight } from "lucide-react";
import { Fragment } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { serviceLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { HolderButtons } from "./holder-buttons.tsx";
import { LastLines } from "./last-lines.tsx";
import { PortButtons } from "./port-buttons.tsx";
import { RemedyButtons } from "./remedy-buttons.tsx";
import { chainOf } from "./trouble.ts";

/** Why a service is as it is: its failure with what can be done, the chain to the one that caused it, or what it waits for. */
export function ServiceTrouble({
  workspace,
  service,
  services,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  services: readonly ServiceStatus[];
}) {
  const actions = useActions();
  const { name, failure, why } = service;
  const pending = usePending(`service:${workspace}:${name}`);
  if (failure === null) return why === null ? null : <p className="mb-3 break-words text-muted">{why}</p>;
  const chain = chainOf(failure);
  return (
    <div className="mb-3">
      <FailureLine failure={failure} />
      {chain.length > 0 && <Chain workspace={workspace} names={[name, ...chain]} services={services} />}
      <div className="mt-1.5 flex flex-wrap gap-1.5 empty:hidden">
        <HolderButtons workspace={workspace} name={name} failure={failure} />
        <PortButtons workspace={workspace} service={service} />
        <RemedyButtons
          code={failure.code}
          name={name}
          source={name}
          workspace={workspace}
          pending={pending}
          without={["logs"]}
          onRetry={() => void actions.startServices(workspace, [name])}
        />
      </div>
      <LastLines failure={failure} open={service.phase === "crash_loop" || service.phase === "failed"} />
    </div>
  );
}

function Chain({
  workspace,
  names,
  services,
}: {
  workspace: WorkspaceId;
  names: readonly string[];
  services: readonly ServiceStatus[];
}) {
  const actions = useActions();
  return (
    <p className="mt-1.5 flex flex-wrap items-center gap-1" aria-label="From this service to the one that failed">
      {names.map((name, index) => {
        const service = services.find((each) => each.name === name);
        return (
          <Fragment key={name}>
            {index > 0 && <ChevronRight className="size-3 text-faint" aria-label="needs" role="img" />}
            <button
              type="button"
              className="inline-flex items-center gap-1 rounded-sm text-link hover:underline"
              onClick={() => actions.showService(workspace, name)}
            >
              {service && <StateShape look={serviceLook(service)} />}
              {name}
            </button>
          </Fragment>
        );
      })}
    </p>
  );
}
