import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { FailureLine } from "../ui/failure-line.tsx";
import { useActions, useView } from "../view/app.ts";
import { EnvironmentHeader } from "./environment-header.tsx";
import { NoServices } from "./no-services.tsx";
import { Problems } from "./problems.tsx";
import { ServerDetail } from "./server-detail.tsx";
import { ServiceDetail } from "./service-detail.tsx";
import { ServiceList } from "./service-list.tsx";

/** Everything a workspace runs: its services in waves, its OpenCode server, and what is wrong with the folder. */
export function EnvironmentPage({ project }: { project: Project }) {
  const { workspace } = project;
  const { item: environment, at, failure } = useLive("environment.watch", { workspace });
  const chosen = useView((view) => view.service[workspace] ?? null);
  const serverChosen = useView((view) => view.server[workspace] ?? false);
  const actions = useActions();
  const layout = useDefaultLayout({ id: "deckhand.environment", storage: localStorage });
  const detail = environment?.services.find((service) => service.name === chosen) ?? null;
  const open = serverChosen || detail !== null;
  const close = () => actions.showService(workspace, null);

  return (
    // Esc goes one step back from the details, wherever the focus is on this page.
    <div
      className="flex h-full flex-col"
      onKeyDown={(event) => event.key === "Escape" && open && !event.defaultPrevented && close()}
    >
      <EnvironmentHeader project={project} environment={environment} />
      {failure && (
        <div className="px-4 pb-2">
          <FailureLine failure={failure} />
        </div>
      )}
      {environment && (
        <Group
          orientation="horizontal"
          className="min-h-0 flex-1"
          {...(layout.defaultLayout && open ? { defaultLayout: layout.defaultLayout } : {})}
          onLayoutChanged={(sizes, meta) => open && layout.onLayoutChanged(sizes, meta)}
        >
          <Panel id="services" minSize={300}>
            <div className="flex h-full flex-col">
              <ServiceList
                environment={environment}
                at={at}
                chosen={detail?.name ?? null}
                serverChosen={serverChosen}
              />
              {environment.services.length === 0 && <NoServices environment={environment} />}
              {environment.services.length > 0 && <Problems problems={environment.problems} />}
            </div>
          </Panel>
          {open && (
            <>
              <Separator className="w-px bg-line data-[separator=active]:bg-accent" aria-label="Resize details" />
              <Panel
                id="detail"
                defaultSize={340}
                minSize={260}
                maxSize="60%"
                groupResizeBehavior="preserve-pixel-size"
              >
                {detail ? (
                  <ServiceDetail
                    key={detail.name}
                    workspace={workspace}
                    service={detail}
                    services={environment.services}
                    at={at}
                    onClose={close}
                  />
                ) : (
                  <ServerDetail workspace={workspace} server={environment.server} at={at} onClose={close} />
                )}
              </Panel>
            </>
          )}
        </Group>
      )}
    </div>
  );
}
