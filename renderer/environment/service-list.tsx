import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { useActions } from "../view/app.ts";
import { inWaves } from "./order.ts";
import { ServerRow } from "./server-row.tsx";
import { hasNote, ServiceRow } from "./service-row.tsx";

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
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const [moved, setMoved] = useState(false);
  // oxlint-disable-next-line react/incompatible-library -- No React compiler here: the virtualizer re-renders this list itself.
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index] && hasNote(rows[index].service) ? ROW_HEIGHT * 2 : ROW_HEIGHT),
    getItemKey: (index) => rows[index]?.service.name ?? index,
    overscan: 8,
  });

  // The row that the keys moved to may only exist after scrolling there.
  useEffect(() => {
    if (!moved) return;
    setMoved(false);
    scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"] [role=row]`)?.focus();
  }, [active, moved]);

  const move = (event: KeyboardEvent) => {
    const target = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: active + 12,
      PageUp: active - 12,
    }[event.key];
    if (target === undefined || rows.length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, target));
    setActive(next);
    setMoved(true);
    virtual.scrollToIndex(next);
  };

  const short = rows.length === 0;
  return (
    <div
      role="grid"
      aria-label="Services"
      aria-rowcount={rows.length + 2}
      className={`service-list flex min-h-0 flex-col ${short ? "shrink-0" : "flex-1"}`}
    >
      <div role="rowgroup" className="shrink-0">
        <Head />
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

function Head() {
  return (
    <div role="row" className="service-grid h-7 border-b border-line text-xs text-faint">
      <span role="columnheader" title="Wave: services with one number start together">
        <span aria-hidden="true">#</span>
        <span className="sr-only">Wave</span>
      </span>
      <span role="columnheader">Service</span>
      <span role="columnheader">State</span>
      <span role="columnheader">Health</span>
      <span role="columnheader" className="column-address">
        Address
      </span>
      <span role="columnheader" className="column-took text-right" title="What its latest start took, without waiting">
        Took
      </span>
      <span role="columnheader" className="column-why">
        Why
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
