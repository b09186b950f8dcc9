import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceRun, ServiceStatus } from "#shared/schema/service.ts";
import { runsQuery } from "../ipc/queries.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { formatAgo, formatTook } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import type { Look } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import { ServiceTimeline } from "./timeline.tsx";
import { useAudit } from "./use-audit.ts";

/** Entries shown of one service; the timeline of the environment has them all. */
const MOST_SHOWN = 60;

/** What became of a service before: its past lives, and everything that happened to it. */
export function ServiceHistory({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const audit = useAudit(workspace);
  const entries = useMemo(() => audit.filter((entry) => entry.service === service.name), [audit, service.name]);
  return (
    <>
      <Runs workspace={workspace} service={service} />
      <section className="mt-4" aria-label={`Timeline of ${service.name}`}>
        <h3 className="mb-1.5 text-sm font-medium text-muted">Timeline</h3>
        <ServiceTimeline entries={entries} most={MOST_SHOWN} />
      </section>
    </>
  );
}

const looks: Record<ServiceRun["outcome"], Look> = {
  completed: { shape: "full", tone: "good", word: "Done" },
  failed: { shape: "alert", tone: "bad", word: "Failed" },
  stopped: { shape: "ring", tone: "quiet", word: "Stopped" },
};

function Runs({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const { client } = useApp();
  const { data, error } = useQuery(runsQuery(client, workspace, service));
  const now = useNow();
  const runs = data?.runs.toReversed() ?? [];
  return (
    <section aria-label={`Past runs of ${service.name}`}>
      <h3 className="mb-1.5 text-sm font-medium text-muted">
        {service.kind === "task" ? "Past runs" : "Past lives"}{" "}
        {runs.length > 0 && <span className="text-faint tabular-nums">{runs.length}</span>}
      </h3>
      {error && <FailureLine failure={failureOf(error)} />}
      {data && runs.length === 0 && <p className="text-faint">It has not ended before.</p>}
      <ol reversed className="flex flex-col gap-1.5">
        {runs.map((run, index) => (
          // Generations begin anew with each host, so that they tell no two runs apart.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={`${run.startedAt} ${index}`}>
            <p className="flex items-center gap-2">
              <StateMark look={looks[run.outcome]} />
              <span className="text-muted tabular-nums">
                {formatTook(run.durationMs)}
                {run.exit &&
                  ` · ${run.exit.signal ? `signal ${run.exit.signal}` : `code ${run.exit.code ?? "unknown"}`}`}
              </span>
              <time dateTime={run.startedAt} title={run.startedAt} className="ml-auto text-xs text-faint tabular-nums">
                {ago(now - Date.parse(run.startedAt))}
              </time>
            </p>
            {run.why !== null && <p className="pl-4.5 text-sm break-words text-muted">{run.why}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function ago(ms: number): string {
  const text = formatAgo(ms);
  return text === "now" ? "now" : `${text} ago`;
}
