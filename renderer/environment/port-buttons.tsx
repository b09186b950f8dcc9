import { useQuery } from "@tanstack/react-query";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { draftQuery, otherPortQuery } from "../ipc/queries.ts";
import { Button } from "../ui/button.tsx";
import { useActions, useApp, usePending } from "../view/app.ts";
import { withPort } from "./forms/port-change.ts";
import { heldPort } from "./trouble.ts";

/** What a service can do that cannot have its port: take another one for now, or from now on. */
export function PortButtons({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const port = heldPort(service);
  return port === null ? null : <Buttons workspace={workspace} service={service} port={port} />;
}

function Buttons({ workspace, service, port }: { workspace: WorkspaceId; service: ServiceStatus; port: number }) {
  const { client } = useApp();
  const actions = useActions();
  const name = service.replica?.of ?? service.name;
  const other = useQuery(otherPortQuery(client, workspace, service.name, port));
  const draft = useQuery(draftQuery(client, workspace, name));
  const pending = usePending(`move-port:${workspace}:${service.name}`);
  const to = other.data?.port ?? null;
  const ports = to === null || !draft.data || draft.data.container ? null : withPort(draft.data.ports, port, to);
  // Its command insists on it: only another command helps.
  if (other.error)
    return (
      <Button small aria-label={`Look at the command of ${name}`} onClick={() => actions.showDetailPart("definition")}>
        Change its command…
      </Button>
    );
  if (to === null) return null;
  return (
    <>
      <Button
        small
        pending={pending}
        aria-label={`Start ${service.name} on port ${to} this time`}
        title="Until everything of this workspace has stopped"
        onClick={() => void actions.movePort(workspace, service.name, port, to)}
      >
        Use {to} this time
      </Button>
      {ports !== null && (
        <Button
          small
          aria-label={`Use port ${to} for ${name} from now on…`}
          onClick={() => actions.editConfig({ workspace, write: "changes", edits: [{ service: name, ports }] })}
        >
          Use {to} from now on…
        </Button>
      )}
    </>
  );
}
