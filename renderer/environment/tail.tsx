import { useEffect, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { LogLine } from "#shared/schema/log.ts";
import { nextFrame } from "../ui/frame.ts";
import { SgrText } from "../ui/sgr-text.tsx";
import { useApp } from "../view/app.ts";

/** Lines shown. Enough to see the last error with its stack, short enough to read at a glance. */
const LINES = 14;

/** The end of one source's log, live. */
export function Tail({ workspace, source }: { workspace: WorkspaceId; source: string }) {
  const { client } = useApp();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  useEffect(
    () =>
      client.subscribe(
        "log.follow",
        { workspace, sources: [source], limit: LINES },
        {
          onBatch: (items) => {
            setLines((old) => [...old, ...items].slice(-LINES));
            // A few renders a frame at most, however fast it writes: the next batches come after this one is acknowledged.
            return nextFrame();
          },
        },
      ),
    [client, workspace, source],
  );
  return (
    <section className="mt-4" aria-label={`Last log lines of ${source}`}>
      <h3 className="mb-1 text-sm font-medium text-muted">Last lines</h3>
      {/* It scrolls, so it must be reachable by keyboard. */}
      <div
        tabIndex={0}
        role="group"
        aria-label="Last lines"
        className="focus-inside overflow-x-auto rounded-md bg-sunken px-2.5 py-2 font-mono text-sm whitespace-pre inset-ring inset-ring-line"
      >
        {lines.length === 0 ? (
          <span className="font-sans text-faint">Nothing written yet.</span>
        ) : (
          lines.map((line) => (
            <div key={line.seq} className={line.stream === "note" ? "text-muted italic" : undefined}>
              <SgrText text={line.text || " "} />
            </div>
          ))
        )}
      </div>
    </section>
  );
}
