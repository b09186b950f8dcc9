import { Layers, Play, Square } from "lucide-react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { formatAgo, formatBytes, formatPath, formatPercent } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { environmentLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { totals } from "./order.ts";

/** Name and state of the environment, and the two buttons that change it: always both, always in the same place. */
export function EnvironmentHeader({
  project,
  environment,
}: {
  project: Project;
  environment: EnvironmentStatus | null;
}) {
  const { workspace } = project;
  const actions = useActions();
  const { item: settings } = useLive("settings.watch", {});
  const starting = usePending(`start:${workspace}`);
  const stopping = usePending(`stop:${workspace}`);
  const phase = environment?.phase ?? "stopped";
  const server = environment?.server ?? null;
  // One that gave up has nothing left to stop; one that crashed may be about to start again.
  const serverStopped = server === null || server.state === "stopped" || server.state === "gave_up";
  const mayStart = environment !== null && (phase === "stopped" || phase === "failed" || phase === "degraded");
  const mayStop = environment !== null && phase !== "stopping" && !(phase === "stopped" && serverStopped);
  return (
    <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2">
      <div className="min-w-0 grow basis-44">
        <div className="flex min-w-0 items-center gap-3">
          <h1 className="truncate text-lg font-semibold">{project.name}</h1>
          {environment && (
            <span role="status" aria-label="Environment state">
              <StateMark look={environmentLook(phase)} />
            </span>
          )}
        </div>
        {environment && <Summary project={project} environment={environment} />}
      </div>
      {/* They stay together, also where they stand below the name. */}
      <div className="ml-auto flex flex-wrap items-center justify-end gap-3">
        {environment && environment.services.length > 0 && (
          <Button
            kind="quiet"
            aria-label={`Profile ${environment.profile}: choose another`}
            title="Choose a profile, and see what it changes"
            disabled={phase === "starting" || phase === "stopping"}
            onClick={() => actions.chooseProfile(workspace)}
          >
            <Layers className="size-3.5" aria-hidden="true" />
            {environment.profile}
          </Button>
        )}
        {!project.trusted && (
          <Button kind="quiet" onClick={() => actions.reviewTrust(workspace)}>
            Review what runs
          </Button>
        )}
        <Button
          aria-label="Stop environment"
          icon={<Square className="size-3" aria-hidden="true" />}
          pending={stopping}
          disabled={!mayStop}
          onClick={() => void actions.stopEnvironment(workspace)}
        >
          Stop
        </Button>
        <Button
          kind="primary"
          aria-label="Start environment"
          icon={<Play className="size-3" aria-hidden="true" />}
          pending={starting || phase === "starting"}
          disabled={!mayStart}
          onClick={() => void actions.startEnvironment(workspace, settings?.serverWithEnvironment ?? true)}
        >
          Start
        </Button>
      </div>
    </header>
  );
}

function Summary({ project, environment }: { project: Project; environment: EnvironmentStatus }) {
  const now = useNow();
  const { ready, memoryBytes, cpuPercent } = totals(environment.services);
  const since = formatAgo(now - Date.parse(environment.since));
  const running = environment.phase !== "stopped";
  const facts = [
    environment.services.length > 0 && running && `${ready} of ${environment.services.length} ready`,
    environment.services.length > 0 &&
      !running &&
      `${environment.services.length} ${environment.services.length === 1 ? "service" : "services"}`,
    running && (since === "now" ? "since a moment ago" : `for ${since}`),
    memoryBytes > 0 && formatBytes(memoryBytes),
    memoryBytes > 0 && `${formatPercent(cpuPercent)} CPU`,
  ].filter(Boolean);
  return (
    <p className="truncate text-sm text-muted tabular-nums">
      {facts.map((fact) => `${fact} · `)}
      <span className="text-faint" title={project.directory}>
        {formatPath(project.directory)}
      </span>
    </p>
  );
}
