import { useQuery } from "@tanstack/react-query";
import { createTwoFilesPatch } from "diff";
import { useState } from "react";
import type { Failure } from "#shared/failure.ts";
import type { ConfigText } from "#shared/schema/plan.ts";
import { configPreviewQuery } from "../ipc/queries.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { Segments } from "../ui/segments.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import type { ConfigChange } from "../view/view.ts";

/** What would be written into the project, before it is. What the text says is what the button writes, or nothing. */
export function SaveDialog({ change, saved }: { change: ConfigChange; saved: (() => void) | null }) {
  const { client, view, actions } = useApp();
  const preview = useQuery(configPreviewQuery(client, change));
  const [failure, setFailure] = useState<Failure | null>(null);
  const [pending, setPending] = useState(false);
  const close = () => view.set({ dialog: null });
  const { data } = preview;

  const save = async (hash: string) => {
    setPending(true);
    setFailure(null);
    try {
      const { file } = await client.call("config.save", { ...change, edits: [...change.edits], hash });
      close();
      saved?.();
      actions.saved(change.workspace, file);
    } catch (error) {
      const trouble = failureOf(error);
      setFailure(trouble);
      // Somebody wrote it meanwhile: show what would be written now.
      if (trouble.code === "config_changed") await preview.refetch();
    } finally {
      setPending(false);
    }
  };

  const trouble = failure ?? (preview.error ? failureOf(preview.error) : null);
  const same = data !== undefined && data.text === data.existing;
  return (
    <Dialog
      wide
      title={data?.existing === null ? `Write ${data.file}?` : `Change ${data?.file ?? "deckhand.yaml"}?`}
      description="What runs stays as it is until you take the change over. You can take it back."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            pending={pending}
            disabled={!data || same}
            onClick={() => data && void save(data.hash)}
          >
            {data?.existing === null ? "Write it" : "Change it"}
          </Button>
        </>
      }
    >
      {trouble && (
        <div className="mb-3">
          <FailureLine failure={trouble} />
        </div>
      )}
      {same && <p className="mb-2 text-muted">It says so already.</p>}
      {data && <Text data={data} />}
    </Dialog>
  );
}

/** What changes, or the whole file as it will be; of a new file only that. */
function Text({ data }: { data: ConfigText }) {
  const { file, existing, text } = data;
  const [shown, setShown] = useState<"change" | "file">("change");
  const changes = existing !== null && existing !== text;
  return (
    <>
      {changes && (
        <div className="mb-2 flex">
          <Segments
            label="Shown"
            value={shown}
            options={[
              { value: "change", label: "What changes" },
              { value: "file", label: "Whole file" },
            ]}
            onChange={setShown}
          />
        </div>
      )}
      {changes && shown === "change" ? (
        <div
          tabIndex={0}
          aria-label={`Change of ${file}`}
          role="group"
          className="focus-inside max-h-100 overflow-auto"
        >
          <DiffView diff={createTwoFilesPatch(file, file, existing, text)} />
        </div>
      ) : (
        // It scrolls, so it must be reachable by keyboard.
        <pre
          tabIndex={0}
          aria-label={`Text of ${file}`}
          className="focus-inside max-h-100 overflow-auto rounded-lg bg-sunken px-3 py-2 font-mono text-sm inset-ring inset-ring-line"
        >
          {text}
        </pre>
      )}
    </>
  );
}
