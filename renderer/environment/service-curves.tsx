import { useEffect, useMemo, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceHistory, ServiceSample } from "#shared/schema/monitoring.ts";
import { formatBytes, formatPercent } from "../ui/format.ts";
import { useApp } from "../view/app.ts";
import { CurveSection } from "./curve-section.tsx";

/** Readings held: half an hour of one every second, and no more whatever is sent. */
const MOST_SAMPLES = 1_800;

const none: readonly ServiceSample[] = [];

/** `news` of all services of a workspace; the readings of `service` with what is new of it. */
export function withReadings(
  old: readonly ServiceSample[],
  news: readonly ServiceHistory[],
  service: string,
): readonly ServiceSample[] {
  let samples = old;
  for (const item of news) {
    if (item.service !== service || (item.samples.length === 0 && !item.reset)) continue;
    samples = [...(item.reset ? [] : samples), ...item.samples].slice(-MOST_SAMPLES);
  }
  return samples;
}

/** The readings of one service over the last half hour, while the component is there. */
function useReadings(workspace: WorkspaceId, service: string): readonly ServiceSample[] {
  const { client } = useApp();
  const [samples, setSamples] = useState(none);
  useEffect(
    () =>
      client.subscribe(
        "environment.history",
        // Asked again after a break of the connection: everything kept comes once more.
        () => {
          setSamples(none);
          return { workspace };
        },
        { onBatch: (items) => setSamples((old) => withReadings(old, items, service)) },
      ),
    [client, workspace, service],
  );
  return samples;
}

/** Memory and CPU of a service and all it started, on one axis of time. */
export function ServiceCurves({ workspace, service }: { workspace: WorkspaceId; service: string }) {
  const samples = useReadings(workspace, service);
  const [memory, cpu] = useMemo(
    () => [
      samples.map(({ at, memoryBytes }) => ({ at, value: memoryBytes })),
      samples.map(({ at, cpuPercent }) => ({ at, value: cpuPercent })),
    ],
    [samples],
  );
  return (
    <>
      <CurveSection name="Memory" points={memory} format={formatBytes} group={service} />
      <CurveSection name="CPU" points={cpu} format={formatPercent} group={service} />
    </>
  );
}
