import { useEffect, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerHistory, ServerSample } from "#shared/schema/server.ts";
import { formatAgo, formatBytes } from "../ui/format.ts";
import { extremes, Sparkline } from "../ui/sparkline.tsx";
import { useApp } from "../view/app.ts";

/** Readings held: half an hour of one every second, and no more whatever is sent. */
const MOST_SAMPLES = 1_800;

function withNews(old: readonly ServerSample[], news: readonly ServerHistory[]): readonly ServerSample[] {
  const from = news.findLastIndex((item) => item.reset);
  const fresh = news.slice(Math.max(0, from)).flatMap(({ samples }) => samples);
  return [...(from < 0 ? old : []), ...fresh].slice(-MOST_SAMPLES);
}

/** The readings of the workspace's server since its last start, while the component is there. */
function useServerHistory(workspace: WorkspaceId): readonly ServerSample[] {
  const { client } = useApp();
  const [samples, setSamples] = useState<readonly ServerSample[]>([]);
  useEffect(
    () =>
      client.subscribe(
        "server.history",
        { workspace },
        {
          onBatch: (items) => setSamples((old) => withNews(old, items)),
        },
      ),
    [client, workspace],
  );
  return samples;
}

/** Memory of the server and all it started, as a curve with its three figures in words. */
export function MemoryCurve({ workspace }: { workspace: WorkspaceId }) {
  const samples = useServerHistory(workspace);
  const first = samples[0];
  const last = samples.at(-1);
  // One reading is no curve.
  if (!first || !last || samples.length < 2) return null;
  const points = samples.map(({ at, memoryBytes }) => ({ at, value: memoryBytes }));
  const { low, high } = extremes(points);
  const over = formatAgo(last.at - first.at);
  const figures = `least ${formatBytes(low)}, most ${formatBytes(high)}, now ${formatBytes(last.memoryBytes)}`;
  return (
    <section className="mt-4" aria-label="Memory over time">
      <h3 className="mb-1 flex justify-between text-sm font-medium text-muted">
        Memory <span className="font-normal text-faint">{over === "now" ? "last minute" : `last ${over}`}</span>
      </h3>
      <div className="overflow-hidden rounded-md bg-sunken inset-ring inset-ring-line">
        <Sparkline points={points} label={`Memory over time: ${figures}`} />
      </div>
      <p className="mt-1 text-xs text-muted tabular-nums" aria-hidden="true">
        {figures}
      </p>
    </section>
  );
}
