import { useRef, useState } from "react";
import { CallError } from "#shared/client.ts";
import type { Failure } from "#shared/failure.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { useApp } from "../view/app.ts";
import { failureOf } from "../view/actions.ts";

/** Opening by path, where the host has no folder dialog of its own (a browser page). */
export function OpenFolderDialog() {
  const { client, view } = useApp();
  const [directory, setDirectory] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [pending, setPending] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const close = () => view.set({ dialog: null });

  // Not through the actions: what is wrong with the path belongs beside the path, not into a toast.
  const open = async () => {
    setPending(true);
    setFailure(null);
    try {
      const project = await client.call("project.open", { directory: directory.trim() });
      view.set({ project: project.id, page: "environment", dialog: null });
    } catch (error) {
      setFailure(error instanceof CallError ? error.failure : failureOf(error));
      field.current?.focus();
    } finally {
      setPending(false);
    }
  };

  return (
    <Dialog
      title="Open a folder"
      description="A folder on the machine Deckhand runs on."
      onClose={close}
      initialFocus={field}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (directory.trim() && !pending) void open();
        }}
      >
        <label className="block">
          <span className="mb-1 block font-medium">Path</span>
          <input
            ref={field}
            value={directory}
            onChange={(event) => setDirectory(event.target.value)}
            placeholder="/home/you/projects/shop"
            spellCheck={false}
            autoComplete="off"
            aria-invalid={failure !== null}
            className="h-8 w-full rounded-md bg-sunken px-2.5 font-mono text-sm inset-ring inset-ring-line-strong"
          />
        </label>
        {failure && (
          <div className="mt-3">
            <FailureLine failure={failure} />
          </div>
        )}
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" type="submit" pending={pending} disabled={!directory.trim()}>
            Open
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
