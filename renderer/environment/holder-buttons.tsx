import type { Failure } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Button } from "../ui/button.tsx";
import { useActions, usePending } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";
import { holderOf } from "./trouble.ts";

/**
 * What can be done about the holder of a port. One of ours can be gone to, and stopped from here after a question. A stranger
 * cannot: only its owner knows what it is in the middle of, so its pid is handed over.
 */
export function HolderButtons({
  workspace,
  name,
  failure,
}: {
  workspace: WorkspaceId;
  name: string;
  failure: Failure;
}) {
  const actions = useActions();
  const { projects } = useProjects();
  const pending = usePending(`free-port:${workspace}:${name}`);
  const holder = holderOf(failure);
  if (holder === null) return null;
  const { ours, pid } = holder;
  if (ours !== null) {
    const project = projects.find((each) => each.workspace === ours.workspace);
    // Of a host that we are not: it cannot be reached from here.
    if (!project) return null;
    const { service } = ours;
    return (
      <>
        <Button
          small
          aria-label={`Go to ${service} of ${project.name}`}
          onClick={() => actions.goToService({ project, service })}
        >
          Go to {service}
        </Button>
        <Button
          small
          pending={pending}
          aria-label={`Stop ${service} of ${project.name} and start ${name}…`}
          title={`Stops ${service} of ${project.name}, then starts ${name}`}
          onClick={() => actions.freePort(workspace, name, { project, service })}
        >
          Stop {service} there…
        </Button>
      </>
    );
  }
  return pid === null ? null : (
    <Button
      small
      aria-label={`Copy the pid of who holds the port of ${name}`}
      onClick={() => void actions.copy(String(pid), `pid ${pid}`)}
    >
      Copy pid {pid}
    </Button>
  );
}
