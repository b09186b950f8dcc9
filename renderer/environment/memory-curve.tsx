import { useEffect, useMemo, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerHistory, ServerSample } from "#shared/schema/server.ts";
import { formatBytes } from "../ui/format.ts";
import { useApp } from "../view/app.ts";
import { CurveSection } from "./curve-section.tsx";

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
  const points = useMemo(() => samples.map(({ at, memoryBytes }) => ({ at, value: memoryBytes })), [samples]);
  return <CurveSection name="Memory" points={points} format={formatBytes} group="server" />;
}
