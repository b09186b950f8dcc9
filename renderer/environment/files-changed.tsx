import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { Button } from "../ui/button.tsx";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { countServices, DifferenceList, isEmpty } from "./difference.tsx";

/** The question after an edit of the project's files: what runs, or what they say now? Nothing happens until it is answered. */
export function FilesChanged({ environment }: { environment: EnvironmentStatus }) {
  const { workspace, filesChanged } = environment;
  const actions = useActions();
  const applying = usePending(`apply:${workspace}`);
  const keeping = usePending(`keep-files:${workspace}`);
  if (!filesChanged) return null;
  const { files, difference } = filesChanged;
  const touched = difference.start.length + difference.stop.length + difference.restart.length;
  return (
    <section aria-label="Changed files" className="mx-4 mb-2 shrink-0 rounded-md bg-busy-wash px-3 py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StateShape look={{ shape: "half", tone: "busy", word: "" }} />
        <p className="min-w-40 flex-1">
          <span className="font-mono text-sm">{files.join(", ")}</span> changed
          {touched > 0 ? `: ${countServices(touched)} would run differently.` : "."}
        </p>
        <span className="flex gap-1.5">
          <Button small pending={keeping} onClick={() => void actions.keepRunning(workspace)}>
            Leave as it is
          </Button>
          <Button small kind="primary" pending={applying} onClick={() => void actions.applyFiles(workspace)}>
            Take over
          </Button>
        </span>
      </div>
      {(!isEmpty(difference) || difference.problems.length > 0) && (
        <details className="mt-1">
          <summary className="w-fit rounded-sm text-sm text-muted hover:text-text">What would change</summary>
          <div className="mt-1 max-h-40 overflow-y-auto">
            <DifferenceList difference={difference} />
          </div>
        </details>
      )}
    </section>
  );
}
