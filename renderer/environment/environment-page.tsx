import { useMemo } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import type { FailureCode } from "#shared/failure.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { useNarrow } from "../ui/narrow.ts";
import { useActions, useView } from "../view/app.ts";
import { EngineTrouble } from "./engine-trouble.tsx";
import { EnvironmentHeader } from "./environment-header.tsx";
import { FilesChanged } from "./files-changed.tsx";
import { GraphView } from "./graph-view.tsx";
import { NoServices } from "./no-services.tsx";
import { Problems } from "./problems.tsx";
import { openedService } from "./replicas.ts";
import { ServerDetail } from "./server-detail.tsx";
import { OPENS_SERVER } from "./server-row.tsx";
import { ServiceDetail } from "./service-detail.tsx";
import { ServiceList } from "./service-list.tsx";
import { StepsView } from "./steps-view.tsx";
import { criticalPath } from "./steps.ts";
import { Suggestions, useSuggestions } from "./suggestions.tsx";
import { Timeline } from "./timeline.tsx";
import { useAudit } from "./use-audit.ts";
import { useFocusKept } from "./use-focus-kept.ts";
import { ViewBar } from "./view-bar.tsx";

const none: readonly string[] = [];
/** Its folder cannot be read: what is left is to forget it. */
const ofFolder: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "folder_missing",
  "not_a_folder",
  "folder_unreadable",
]);
/** A page narrower than this has no room for details beside the services: they take its place. In px. */
const NARROW = 620;

/** Everything a workspace runs: its services in waves, its OpenCode server, and what is wrong with the folder. */
export function EnvironmentPage({ project }: { project: Project }) {
  const { workspace } = project;
  const { item: environment, at, failure } = useLive("environment.watch", { workspace });
  const chosen = useView((view) => view.service[workspace] ?? null);
  const serverChosen = useView((view) => view.server[workspace] ?? false);
  const actions = useActions();
  const layout = useDefaultLayout({ id: "deckhand.environment", storage: localStorage });
  const detail = openedService(environment?.services ?? [], chosen);
  const open = serverChosen || detail !== null;
  const place = useFocusKept(serverChosen ? OPENS_SERVER : chosen);
  const narrow = useNarrow(place, NARROW);
  const close = () => actions.showService(workspace, null);

  return (
    // Esc goes one step back from the details, wherever the focus is on this page.
    <div
      ref={place}
      className="flex h-full flex-col"
      onKeyDown={(event) => event.key === "Escape" && open && !event.defaultPrevented && close()}
    >
      <EnvironmentHeader project={project} environment={environment} />
      {failure && (
        <div className="px-4 pb-2">
          <FailureLine failure={failure}>
            {ofFolder.has(failure.code) && (
              <Button small onClick={() => actions.removeProject(project)}>
                Remove project…
              </Button>
            )}
          </FailureLine>
        </div>
      )}
      {environment && narrow && open && (
        <div className="min-h-0 flex-1">
          <Details environment={environment} at={at} service={detail} onClose={close} />
        </div>
      )}
      {environment && !(narrow && open) && (
        <Group
          orientation="horizontal"
          className="min-h-0 flex-1"
          {...(layout.defaultLayout && open ? { defaultLayout: layout.defaultLayout } : {})}
          onLayoutChanged={(sizes, meta) => open && layout.onLayoutChanged(sizes, meta)}
        >
          <Panel id="services" minSize={300}>
            <Services environment={environment} at={at} chosen={detail?.name ?? null} serverChosen={serverChosen} />
          </Panel>
          {open && (
            <>
              <Separator className="w-px bg-line data-[separator=active]:bg-accent" aria-label="Resize details" />
              <Panel
                id="detail"
                defaultSize={360}
                minSize={280}
                maxSize="60%"
                groupResizeBehavior="preserve-pixel-size"
              >
                <Details environment={environment} at={at} service={detail} onClose={close} />
              </Panel>
            </>
          )}
        </Group>
      )}
    </div>
  );
}

/** Of the chosen service; without one, of the server. */
function Details({
  environment: { workspace, services, server },
  at,
  service,
  onClose,
}: {
  environment: EnvironmentStatus;
  at: number;
  service: ServiceStatus | null;
  onClose: () => void;
}) {
  if (!service) return <ServerDetail workspace={workspace} server={server} at={at} onClose={onClose} />;
  return (
    <ServiceDetail
      key={service.name}
      workspace={workspace}
      service={service}
      services={services}
      at={at}
      onClose={onClose}
    />
  );
}

function Services({
  environment,
  at,
  chosen,
  serverChosen,
}: {
  environment: EnvironmentStatus;
  at: number;
  chosen: string | null;
  serverChosen: boolean;
}) {
  const view = useView((state) => state.environmentView);
  const suggestions = useSuggestions(environment.workspace);
  const { services, phase } = environment;
  // Of a start that failed, what failed is of interest, and not what was slow.
  const path = useMemo(
    () => (phase === "failed" || phase === "stopped" ? none : criticalPath(services)),
    [services, phase],
  );
  const empty = environment.services.length === 0;
  return (
    <div className="flex h-full flex-col">
      {!empty && <ViewBar environment={environment} path={path} chosen={chosen} />}
      <FilesChanged environment={environment} />
      <EngineTrouble environment={environment} />
      {(empty || view === "list") && (
        <ServiceList environment={environment} at={at} path={path} chosen={chosen} serverChosen={serverChosen} />
      )}
      {empty && <NoServices environment={environment} />}
      {!empty && view === "graph" && <GraphView environment={environment} path={path} chosen={chosen} />}
      {!empty && view === "steps" && <StepsView environment={environment} path={path} chosen={chosen} />}
      {!empty && view === "timeline" && <EnvironmentTimeline environment={environment} />}
      {!empty && view !== "timeline" && (
        <Suggestions
          workspace={environment.workspace}
          // Those of the chosen one stand in its details.
          suggestions={suggestions.filter(({ service }) => service !== chosen)}
        />
      )}
      {!empty && <Problems problems={environment.problems} />}
    </div>
  );
}

function EnvironmentTimeline({ environment: { workspace } }: { environment: EnvironmentStatus }) {
  const actions = useActions();
  const entries = useAudit(workspace);
  return <Timeline entries={entries} onOpen={(service) => actions.showService(workspace, service)} />;
}
