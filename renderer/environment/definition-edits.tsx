import { useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { PlannedService } from "#shared/schema/plan.ts";
import { Button } from "../ui/button.tsx";
import { useActions } from "../view/app.ts";

/** What may be changed about a detected service. Each leads to the text that would be written, before it is. */
export function DefinitionEdits({ workspace, planned }: { workspace: WorkspaceId; planned: PlannedService }) {
  const actions = useActions();
  const [command, setCommand] = useState<string | null>(null);
  const { name, kind } = planned;
  const current = typeof planned.command === "string" ? planned.command : planned.command.join(" ");
  const edit = (change: { disabled?: boolean; command?: string }) =>
    actions.editConfig({ workspace, write: "changes", edits: [{ service: name, ...change }] });
  if (command !== null)
    return (
      <form
        className="mb-3 flex flex-col gap-1.5"
        onSubmit={(event) => {
          event.preventDefault();
          edit({ command: command.trim() });
          setCommand(null);
        }}
        // Esc takes back the edit, and leaves the details open.
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          setCommand(null);
        }}
      >
        <input
          autoFocus
          aria-label={`Command of ${name}`}
          value={command}
          spellCheck={false}
          onChange={(event) => setCommand(event.target.value)}
          className="focus-inside h-7 w-full rounded-md bg-raised px-2 font-mono text-sm inset-ring inset-ring-line-strong"
        />
        <span className="flex gap-1.5">
          <Button small kind="primary" type="submit" disabled={command.trim() === "" || command.trim() === current}>
            Continue…
          </Button>
          <Button small onClick={() => setCommand(null)}>
            Cancel
          </Button>
        </span>
      </form>
    );
  return (
    <div className="mb-3 flex flex-wrap gap-1.5">
      {kind !== "compose" && (
        <Button small onClick={() => setCommand(current)}>
          Edit command…
        </Button>
      )}
      <Button small onClick={() => edit({ disabled: !planned.disabled })}>
        {planned.disabled ? "Enable…" : "Disable…"}
      </Button>
    </div>
  );
}
