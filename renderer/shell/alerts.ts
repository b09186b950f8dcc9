import { useEffect, useEffectEvent, useRef } from "react";
import { toast } from "sonner";
import type { Alert } from "#shared/schema/alert.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useApp } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";

/** A failure is read and acted on, or seen on its page later. In ms. */
const SHOWN_MS = 20_000;

/** Tells of failures and recoveries, wherever the person is, but on the very page that shows them. */
export function useAlerts(): void {
  const { client, view, actions } = useApp();
  const { projects, current } = useProjects();
  const shown = current?.workspace ?? null;
  useOpenedAlerts();
  useEffect(() => {
    const tell = (alert: Alert): void => {
      const { workspace, kind, title, body, services } = alert;
      const project = projects.find((each) => each.workspace === workspace);
      if (workspace === shown && view.get().page === "environment") return;
      const [service] = services;
      const options = {
        // What is well again takes the place of the failure it ends.
        id: `alert ${workspace}`,
        description: body || undefined,
        duration: SHOWN_MS,
        ...(project && service !== undefined
          ? {
              action: {
                label: "Show",
                onClick: () => actions.showAlert(project, service),
              },
            }
          : {}),
      };
      if (kind === "failure") toast.error(title, options);
      else toast.success(title, options);
    };
    return client.subscribe("alert.follow", {}, { onBatch: (items) => items.forEach(tell) });
  }, [client, view, actions, projects, shown]);
}

/** The desktop's window goes to what a notification was about when that was clicked. A browser's page stays where it is. */
function useOpenedAlerts(): void {
  const { client, actions, platform } = useApp();
  const { projects } = useProjects();
  const opened = useRef<Alert | null>(null);
  const show = useEffectEvent((known: readonly Project[]) => {
    const alert = opened.current;
    const project = known.find(({ workspace }) => workspace === alert?.workspace);
    if (!alert || !project) return;
    opened.current = null;
    actions.showAlert(project, alert.services[0] ?? null);
  });
  const take = useEffectEvent((alert: Alert | undefined) => {
    opened.current = alert ?? null;
    show(projects);
  });
  useEffect(
    () => (platform.web ? undefined : client.subscribe("alert.opened", {}, { onBatch: (items) => take(items.at(-1)) })),
    [client, platform],
  );
  // A window that was made for it knows its projects only a moment later.
  useEffect(() => show(projects), [projects]);
}
