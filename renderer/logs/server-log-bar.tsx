import { ClipboardCopy } from "lucide-react";
import { useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { serverLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { Toggle } from "../ui/toggle.tsx";
import { useActions, usePending } from "../view/app.ts";

/** Above the logs of the server alone: its state, how much it writes, and its last lines with the error to take along. */
export function ServerLogBar({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const { item: settings } = useLive("settings.watch", {});
  const restarting = usePending(`server:${workspace}`);
  const debug = settings?.server.debug ?? false;
  const [changedAt, setChangedAt] = useState<number | null>(null);
  const up = isServerUp(server.state) && server.ownership === "owned";
  // Switched while this process ran, and not switched back: it goes on as it was started.
  const later = up && changedAt === server.generation;
  const change = (next: boolean) => {
    void actions.changeSettings({ server: { debug: next } });
    setChangedAt(changedAt === server.generation ? null : server.generation);
  };
  return (
    <div
      role="group"
      aria-label="OpenCode server"
      className="flex min-h-10 shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-1.5"
    >
      <button
        type="button"
        title="Show the OpenCode server"
        className="rounded-sm hover:underline"
        onClick={() => actions.showServer(workspace, true)}
      >
        <StateMark look={serverLook(server.state)} />
      </button>
      {server.failure && (
        <p className="min-w-0 flex-1 truncate text-muted" title={server.failure.message}>
          {server.failure.message}
        </p>
      )}
      <span className="ml-auto flex items-center gap-2">
        {later && (
          <>
            <span className="text-sm text-muted">{debug ? "On" : "Off"} from the next start</span>
            <Button small pending={restarting} onClick={() => void actions.restartServer(workspace)}>
              Restart now
            </Button>
          </>
        )}
        <label
          className="flex items-center gap-2 select-none"
          title="OpenCode logs at debug level, from its next start on"
        >
          Debug mode
          <Toggle label="Debug mode" on={debug} onChange={change} />
        </label>
      </span>
      <Button
        small
        icon={<ClipboardCopy className="size-3" aria-hidden="true" />}
        onClick={() => void actions.copyServerReport(workspace, server)}
      >
        {server.failure ? "Copy the last 100 lines with the error" : "Copy the last 100 lines"}
      </Button>
    </div>
  );
}
