import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import { Button } from "../ui/button.tsx";
import { PlanLine } from "../ui/plan-line.tsx";
import { serverLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";

/** Above the composer: what stands between the person and an answer. Nothing while the server is well. */
export function ServerStrip({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  if (server.plan) return <PlanLine workspace={workspace} server={server} />;
  if (server.state === "running") return null;
  const down = server.state === "stopped" || server.state === "crashed" || server.state === "gave_up";
  const bad = server.state === "gave_up" || server.state === "crashed" || server.state === "auth";
  return (
    <div
      role="status"
      aria-label="OpenCode server"
      className={`flex items-center gap-2 rounded-md px-3 py-1.5 ${bad ? "bg-bad-wash" : server.state === "stopped" ? "bg-sunken" : "bg-busy-wash"}`}
    >
      <StateShape look={serverLook(server.state)} />
      <p className="min-w-0 flex-1">
        {says(server)} {server.failure?.next && <span className="text-muted">{server.failure.next}</span>}
      </p>
      {bad && (
        <Button small onClick={() => actions.showServer(workspace, true)}>
          Details
        </Button>
      )}
      {down && (
        <Button
          small
          aria-label="Start OpenCode server"
          pending={pending}
          onClick={() => void actions.startServer(workspace)}
        >
          Start server
        </Button>
      )}
      {server.state === "auth" && server.ownership === "owned" && (
        <Button small pending={pending} onClick={() => void actions.restartServer(workspace)}>
          Restart
        </Button>
      )}
    </div>
  );
}

function says({ state, failure }: ServerStatus): string {
  switch (state) {
    case "stopped":
      return "The OpenCode server is not running. Your next message starts it.";
    case "starting":
    case "waiting_ready":
      return "The OpenCode server is starting.";
    case "stopping":
      return "The OpenCode server is stopping.";
    case "degraded":
      return failure?.message ?? "The OpenCode server is not answering well.";
    case "auth":
      return failure?.message ?? "The OpenCode server refuses our password.";
    case "crashed":
      return failure?.message ?? "The OpenCode server has crashed.";
    case "gave_up":
      return failure?.message ?? "The OpenCode server crashed again and again.";
    case "running":
      return "";
  }
}
