/** What a person can do about a single service's definition, its number and its ports. Part of actions.ts. */
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { Project } from "#shared/schema/workspace.ts";
import type { Store } from "./store.ts";
import type { ConfigChange, View } from "./view.ts";

export interface ServiceActionParts {
  readonly client: Client;
  readonly view: Store<View>;
  readonly notify: { success(message: string, action?: { readonly label: string; readonly run: () => void }): void };
  /** The project's files are not what they were when they were last asked about. */
  readonly filesWritten: () => void;
  readonly attempt: (key: string, workspace: WorkspaceId | null, run: () => Promise<unknown>) => Promise<boolean>;
  readonly confirm: (title: string, consequence: string, action: string, run: () => void) => void;
}

/** A service of ours, and where it is. */
export interface Elsewhere {
  readonly project: Project;
  readonly service: string;
}

export function serviceActions({ client, view, notify, filesWritten, attempt, confirm }: ServiceActionParts) {
  const undoSave = async (workspace: WorkspaceId): Promise<boolean> =>
    attempt(`undo:${workspace}`, null, async () => {
      const { file } = await client.call("config.undo", { workspace });
      filesWritten();
      notify.success(`Took back the latest change of ${file}.`);
    });

  return {
    /** Shows what an edit would write, to be agreed to. `saved`: called once it was written. */
    editConfig: (change: ConfigChange, saved: (() => void) | null = null) =>
      view.set({ dialog: { kind: "save", change, saved } }),
    saved: (workspace: WorkspaceId, file: string) => {
      filesWritten();
      notify.success(`Wrote ${file}.`, { label: "Undo", run: () => void undoSave(workspace) });
    },
    undoSave,
    scale: (workspace: WorkspaceId, service: string, count: number) =>
      attempt(`scale:${workspace}:${service}`, workspace, () =>
        client.call("environment.scale", { workspace, service, count }),
      ),
    /** Starts it with another port than it insists on, for as long as anything of the workspace runs. */
    movePort: (workspace: WorkspaceId, service: string, port: number, to: number) =>
      attempt(`move-port:${workspace}:${service}`, workspace, () =>
        client.call("environment.movePort", { workspace, service, port, to }),
      ),
    goToService: ({ project, service }: Elsewhere) =>
      view.set((state) => ({
        project: project.id,
        page: "environment",
        service: { ...state.service, [project.workspace]: service },
        server: { ...state.server, [project.workspace]: false },
      })),
    /** Stops the service of ours, wherever it is, that holds the port of this one, then starts this one. Asks first. */
    freePort: (workspace: WorkspaceId, name: string, { project, service }: Elsewhere) =>
      confirm(
        `Stop ${service} of ${project.name}?`,
        `What needs ${service} there may fail without it. Then ${name} is started here.`,
        `Stop ${service}`,
        () =>
          void attempt(`free-port:${workspace}:${name}`, workspace, async () => {
            await client.call("environment.stop", { workspace: project.workspace, services: [service] });
            await client.call("environment.start", { workspace, services: [name] });
          }),
      ),
  };
}
