import type { ReactNode } from "react";
import type { Failure } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import type { Look } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { LastLines } from "./last-lines.tsx";
import type { Remedy } from "./remedies.ts";
import { RemedyButtons } from "./remedy-buttons.tsx";

/** What is wrong with the server or worth knowing about it, each with what can be done. */
export function ServerTrouble({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  if (server.failure === null && server.notices.length === 0) return null;
  return (
    <div className="mt-3 flex flex-col gap-2">
      {server.failure && (
        <div>
          <FailureLine failure={server.failure} />
          {/* To start, restart and see the logs, there are the buttons at the top. */}
          <div className="mt-1.5 flex flex-wrap gap-1.5 empty:hidden">
            <ServerRemedies
              workspace={workspace}
              server={server}
              failure={server.failure}
              without={["retry", "logs"]}
            />
          </div>
          <Place failure={server.failure} />
          <LastLines failure={server.failure} open={server.state === "gave_up"} />
        </div>
      )}
      {server.notices.map((notice) => (
        <Notice key={notice.code} notice={notice}>
          <ServerRemedies workspace={workspace} server={server} failure={notice} />
        </Notice>
      ))}
    </div>
  );
}

const none: readonly Remedy[] = [];

/** The buttons for one trouble of the server: what is running is restarted, what gave up is started by a person. */
export function ServerRemedies({
  workspace,
  server,
  failure,
  without = none,
}: {
  workspace: WorkspaceId;
  server: ServerStatus;
  failure: Failure;
  without?: readonly Remedy[];
}) {
  const actions = useActions();
  const pending = usePending(`server:${workspace}`);
  const up = isServerUp(server.state);
  const { url } = failure.details;
  return (
    <RemedyButtons
      code={failure.code}
      name="the OpenCode server"
      source="opencode"
      workspace={workspace}
      pending={pending}
      verb={up ? "Restart" : server.state === "gave_up" ? "Start" : "Try again"}
      without={without}
      url={typeof url === "string" ? url : ""}
      onRetry={() => void (up ? actions.restartServer(workspace) : actions.startServer(workspace))}
    />
  );
}

const warning: Look = { shape: "alert", tone: "busy", word: "" };
const note: Look = { shape: "ring", tone: "quiet", word: "" };

function Notice({ notice, children }: { notice: Failure; children: ReactNode }) {
  return (
    <div
      role="group"
      aria-label="Notice"
      className={`flex items-start gap-2 rounded-md px-3 py-1.5 ${notice.code === "opencode_update" ? "bg-sunken" : "bg-busy-wash"}`}
    >
      <span className="mt-1">
        <StateShape look={notice.code === "opencode_update" ? note : warning} />
      </span>
      <div className="min-w-0 flex-1">
        <p>
          {notice.message} {notice.next && <span className="text-muted">{notice.next}</span>}
        </p>
        <Place failure={notice} />
        <div className="mt-1 flex flex-wrap gap-1.5">{children}</div>
      </div>
    </div>
  );
}

/** The file and line of a broken configuration, as an editor takes it. */
function Place({ failure }: { failure: Failure }) {
  const place = placeOf(failure);
  return place === null ? null : <code className="mt-1 block font-mono text-sm break-all">{place}</code>;
}

export function placeOf({ details }: Pick<Failure, "details">): string | null {
  const { file, path, line, column } = details;
  const where = typeof file === "string" ? file : typeof path === "string" && line !== undefined ? path : null;
  if (where === null) return null;
  return [where, ...[line, column].filter((part) => typeof part === "number")].join(":");
}
