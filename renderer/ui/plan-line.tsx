import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { useActions, usePending } from "../view/app.ts";
import { Button } from "./button.tsx";
import { formatDuration } from "./format.ts";
import { useNow } from "./now.ts";
import { StateShape } from "./state-mark.tsx";

/** What Deckhand is going to do with a server by itself, when and why, with the buttons to do it now or not at all. */
export function PlanLine({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const now = useNow();
  const keeping = usePending(`keep:${workspace}`);
  const pending = usePending(`server:${workspace}`);
  const { plan } = server;
  if (plan === null) return null;
  const up = isServerUp(server.state);
  const stops = plan.action === "stop";
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-2 gap-y-1 rounded-md bg-busy-wash px-3 py-1.5">
      <StateShape look={{ shape: "half", tone: "busy", word: "" }} />
      <p className="min-w-40 flex-1">
        <span className="tabular-nums">
          {stops ? "Stops" : up ? "Restarts" : "Starts again"} {moment(plan.at, now)}
        </span>
        : {plan.reason}
      </p>
      <span className="flex shrink-0 gap-1.5">
        <Button
          small
          pending={pending}
          aria-label={`${stops ? "Stop" : up ? "Restart" : "Start"} the OpenCode server now`}
          onClick={() =>
            void (stops
              ? actions.stopServer(workspace)
              : up
                ? actions.restartServer(workspace)
                : actions.startServer(workspace))
          }
        >
          {stops ? "Stop now" : up ? "Restart now" : "Start now"}
        </Button>
        {up ? (
          <Button small pending={keeping} onClick={() => void actions.keepServer(workspace)}>
            Keep it running
          </Button>
        ) : (
          <Button small onClick={() => void actions.stopServer(workspace)}>
            Leave it stopped
          </Button>
        )}
      </span>
    </div>
  );
}

/** `at`: an ISO time, null for as soon as no turn runs. */
export function moment(at: string | null, now: number): string {
  if (at === null) return "as soon as no turn runs";
  const left = Date.parse(at) - now;
  return left <= 0 ? "now" : `in ${formatDuration(Math.ceil(left / 1_000) * 1_000)}`;
}
