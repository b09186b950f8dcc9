import { Undo2 } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { EnvironmentPlan, PlannedService } from "#shared/schema/plan.ts";
import { Button } from "../ui/button.tsx";
import { useActions, usePending } from "../view/app.ts";

/** What concerns a service as a whole: whether it is started with the others. And the way back from the latest change. */
export function DefinitionEdits({
  workspace,
  planned,
  config,
}: {
  workspace: WorkspaceId;
  planned: PlannedService;
  config: EnvironmentPlan["config"];
}) {
  const actions = useActions();
  const undoing = usePending(`undo:${workspace}`);
  const { name, disabled = false } = planned;
  return (
    <div className="mb-3 flex flex-wrap gap-1.5">
      <Button
        small
        onClick={() =>
          actions.editConfig({ workspace, write: "changes", edits: [{ service: name, disabled: !disabled }] })
        }
      >
        {disabled ? "Enable…" : "Disable…"}
      </Button>
      {config.undo && (
        <Button
          small
          pending={undoing}
          icon={<Undo2 className="size-3" aria-hidden="true" />}
          onClick={() => void actions.undoSave(workspace)}
        >
          Take back the last change
        </Button>
      )}
    </div>
  );
}
