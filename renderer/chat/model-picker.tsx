import { Select } from "@base-ui/react/select";
import { useQuery } from "@tanstack/react-query";
import { Check, ChevronsUpDown } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import { isAnswering, modelsQuery } from "../ipc/queries.ts";
import { useActions, useApp, useView } from "../view/app.ts";

/** The model that answers next. Null: the server's own choice. */
export function useModel(workspace: WorkspaceId, server: ServerStatus) {
  const { client } = useApp();
  const { data } = useQuery(modelsQuery(client, workspace, server));
  const chosen = useView((view) => view.model[workspace] ?? null);
  const models = data?.models ?? [];
  // A model that was chosen once may be gone with a change of the configuration.
  const model = models.some(({ id }) => id === chosen) ? chosen : (data?.default ?? null);
  return { models, model };
}

export function ModelPicker({ workspace, server }: { workspace: WorkspaceId; server: ServerStatus }) {
  const actions = useActions();
  const { models, model } = useModel(workspace, server);
  const providers = [...new Set(models.map(({ provider }) => provider))];
  if (models.length === 0) {
    return <span className="text-sm text-faint">{isAnswering(server) ? "No model" : ""}</span>;
  }
  const name = models.find(({ id }) => id === model)?.name ?? "Choose a model";
  return (
    <Select.Root value={model} onValueChange={(next) => next !== null && actions.chooseModel(workspace, next)}>
      <Select.Trigger
        aria-label={`Model: ${name}`}
        className="inline-flex h-6 min-w-0 items-center gap-1 rounded-md px-1.5 text-sm text-muted hover:bg-hover hover:text-text"
      >
        <span className="truncate">{name}</span>
        <ChevronsUpDown className="size-3 shrink-0" aria-hidden="true" />
      </Select.Trigger>
      <Select.Portal>
        <Select.Positioner side="top" align="start" sideOffset={6} alignItemWithTrigger={false} className="z-30">
          <Select.Popup className="pop max-h-80 min-w-56 overflow-y-auto rounded-lg bg-raised p-1 shadow-pop outline-none inset-ring inset-ring-line">
            {providers.map((provider) => (
              <Select.Group key={provider}>
                <Select.GroupLabel className="px-2 pt-1.5 pb-0.5 text-xs text-faint">{provider}</Select.GroupLabel>
                {models
                  .filter((entry) => entry.provider === provider)
                  .map(({ id, name: label }) => (
                    <Select.Item
                      key={id}
                      value={id}
                      className="flex h-7 items-center gap-2 rounded-md px-2 outline-none data-[highlighted]:bg-selected"
                    >
                      <Select.ItemText className="flex-1">{label}</Select.ItemText>
                      <Select.ItemIndicator>
                        <Check className="size-3.5 text-link" aria-hidden="true" />
                      </Select.ItemIndicator>
                    </Select.Item>
                  ))}
              </Select.Group>
            ))}
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
