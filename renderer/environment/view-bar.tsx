import { Route } from "lucide-react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { formatDuration, formatTook } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { Segments } from "../ui/segments.tsx";
import { useActions, useView } from "../view/app.ts";
import type { EnvironmentView } from "../view/view.ts";
import { InTrouble } from "./in-trouble.tsx";
import { startOf } from "./steps.ts";

const views: readonly { value: EnvironmentView; label: string }[] = [
  { value: "list", label: "List" },
  { value: "graph", label: "Graph" },
  { value: "steps", label: "Steps" },
  { value: "timeline", label: "Timeline" },
];

/** How the environment is looked at, which of it is in trouble, and how far its start has come. */
export function ViewBar({
  environment,
  path,
  chosen,
}: {
  environment: EnvironmentStatus;
  path: readonly string[];
  chosen: string | null;
}) {
  const actions = useActions();
  const view = useView((state) => state.environmentView);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1.5 px-4 pb-2">
      <Segments label="View" value={view} options={views} onChange={actions.showEnvironmentAs} />
      <InTrouble environment={environment} chosen={chosen} />
      <Progress environment={environment} path={path} />
    </div>
  );
}

function Progress({ environment, path }: { environment: EnvironmentStatus; path: readonly string[] }) {
  const now = useNow();
  const { services, phase } = environment;
  const start = startOf(services);
  if (start === null || phase === "stopped") return null;
  const part = services.filter(({ name }) => start.ways.has(name));
  const ready = part.filter((service) => service.ready).length;
  const going = phase === "starting";
  const took = (start.endedAt ?? now) - start.startedAt;
  const words = going
    ? `${ready} of ${part.length} ready after ${formatDuration(took)}`
    : ready === part.length && start.endedAt !== null
      ? `Started in ${formatTook(took)}`
      : null;
  if (words === null) return null;
  return (
    <div className="flex min-w-0 grow basis-60 items-center gap-3 text-sm text-muted">
      {going && (
        <div
          role="progressbar"
          aria-label="Progress of the start"
          aria-valuemin={0}
          aria-valuemax={part.length}
          aria-valuenow={ready}
          aria-valuetext={words}
          className="h-1 w-24 shrink-0 overflow-hidden rounded-full bg-line-strong"
        >
          <div
            className="h-full w-full origin-left bg-accent transition-transform duration-150"
            style={{ transform: `scaleX(${ready / Math.max(1, part.length)})` }}
          />
        </div>
      )}
      <span className="shrink-0 tabular-nums">{words}</span>
      {path.length > 0 && (
        <span className="flex min-w-0 items-center gap-1.5 text-faint" title={`Critical path: ${path.join(" → ")}`}>
          <Route className="size-3 shrink-0" aria-hidden="true" />
          <span className="sr-only">Critical path:</span>
          {/* Its end is what is waited for. */}
          <span className="min-w-0 truncate">{shortened(path)}</span>
        </span>
      )}
    </div>
  );
}

/** A long path by its ends: where it began, and what everything waits for. */
function shortened(path: readonly string[]): string {
  const shown = path.length > 5 ? [...path.slice(0, 2), "…", ...path.slice(-2)] : path;
  return shown.join(" → ");
}
