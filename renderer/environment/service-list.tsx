import { useMemo } from "react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { useActions } from "../view/app.ts";
import { inWaves } from "./order.ts";
import { ServerRow } from "./server-row.tsx";
import { ServiceRow } from "./service-row.tsx";
import { isOwn } from "./trouble.ts";
import { useRows } from "./use-rows.ts";

const ROW_HEIGHT = 32;

/** The server and the services as one grid. Arrow keys move between services, Enter opens the details. */
export function ServiceList({
  environment,
  at,
  path,
  chosen,
  serverChosen,
}: {
  environment: EnvironmentStatus;
  at: number;
  /** The critical path of the latest start. */
  path: readonly string[];
  chosen: string | null;
  serverChosen: boolean;
}) {
  const { workspace } = environment;
  const actions = useActions();
  const rows = useMemo(() => inWaves(environment.services), [environment.services]);
  const onPath = useMemo(() => new Set(path), [path]);
  const { scroller, virtual, active, setActive, move } = useRows({
    count: rows.length,
    sizeOf: (index) => (isOwn(rows[index]?.service.failure ?? null) ? ROW_HEIGHT * 2 : ROW_HEIGHT),
    keyOf: (index) => rows[index]?.service.name ?? index,
    indexOf: (name) => rows.findIndex(({ service }) => service.name === name),
    chosen,
    focus: "[role=row]",
  });
  const planned = environment.phase === "stopped";
  const short = rows.length === 0;
  return (
    <div
      role="grid"
      aria-label="Services"
      aria-rowcount={rows.length + 2}
      className={`service-list flex min-h-0 flex-col ${planned ? "planned" : ""} ${short ? "shrink-0" : "flex-1"}`}
    >
      <div role="rowgroup" className="shrink-0">
        <Head planned={planned} />
        <ServerRow workspace={workspace} server={environment.server} at={at} chosen={serverChosen} />
      </div>
      {!short && (
        <div ref={scroller} role="rowgroup" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto" onKeyDown={move}>
          <div role="presentation" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  role="presentation"
                  data-index={item.index}
                  className="absolute top-0 left-0 w-full"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <ServiceRow
                    workspace={workspace}
                    service={row.service}
                    startsWave={row.startsWave}
                    critical={onPath.has(row.service.name)}
                    at={at}
                    index={item.index}
                    active={item.index === active}
                    chosen={row.service.name === chosen}
                    planned={planned}
                    onActivate={setActive}
                    onOpen={actions.showService}
                  />
                </div>
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

function Head({ planned }: { planned: boolean }) {
  return (
    <div role="row" className="service-grid h-7 border-b border-line text-xs text-faint">
      <span role="columnheader" title="Wave: services with one number start together">
        <span aria-hidden="true">#</span>
        <span className="sr-only">Wave</span>
      </span>
      <span role="columnheader">Service</span>
      <span role="columnheader">State</span>
      <span role="columnheader" className="column-health">
        Health
      </span>
      <span role="columnheader" className="column-address">
        Address
      </span>
      <span role="columnheader" className="column-took text-right" title="What its latest start took, without waiting">
        Took
      </span>
      <span role="columnheader" className="column-why">
        {planned ? "Runs" : "Why"}
      </span>
      <span role="columnheader" className="column-uptime text-right">
        Uptime
      </span>
      <span role="columnheader" className="column-restarts text-right" title="Restarts">
        <span aria-hidden="true">↻</span>
        <span className="sr-only">Restarts</span>
      </span>
      <span role="columnheader" className="column-memory text-right">
        Memory
      </span>
      <span role="columnheader" className="column-cpu text-right">
        CPU
      </span>
      <span role="columnheader">
        <span className="sr-only">Actions</span>
      </span>
    </div>
  );
}
