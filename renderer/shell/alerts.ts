import { useEffect } from "react";
import { toast } from "sonner";
import type { Alert } from "#shared/schema/alert.ts";
import { useApp } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";

/** A failure is read and acted on, or seen on its page later. In ms. */
const SHOWN_MS = 20_000;

/** Tells of failures and recoveries, wherever the person is, but on the very page that shows them. */
export function useAlerts(): void {
  const { client, view, actions } = useApp();
  const { projects, current } = useProjects();
  const shown = current?.workspace ?? null;
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
                onClick: () => {
                  actions.go("environment", project.id);
                  actions.showService(workspace, service);
                },
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
