import { Timer } from "lucide-react";
import { useMemo } from "react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Empty } from "../ui/empty.tsx";
import { formatDuration, formatTook } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { serviceLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";
import { inWaves } from "./order.ts";
import { startOf, tookOf, type Start, type Way } from "./steps.ts";
import { ticksOf, tickText } from "./ticks.ts";
import { useRows } from "./use-rows.ts";

const ROW_HEIGHT = 28;
const TICKS = 6;

/** The latest start on an axis of time: how long each waited, how long it took, and what everything else waited for. */
export function StepsView({
  environment,
  path,
  chosen,
}: {
  environment: EnvironmentStatus;
  path: readonly string[];
  chosen: string | null;
}) {
  const start = useMemo(() => startOf(environment.services), [environment.services]);
  if (start === null)
    return (
      <Empty title="Nothing was started yet" icon={<Timer />}>
        After a start, this shows how long each service waited and how long it took.
      </Empty>
    );
  return <Waterfall environment={environment} start={start} path={path} chosen={chosen} />;
}

function Waterfall({
  environment,
  start,
  path,
  chosen,
}: {
  environment: EnvironmentStatus;
  start: Start;
  path: readonly string[];
  chosen: string | null;
}) {
  const { services, workspace } = environment;
  const actions = useActions();
  const clock = useNow();
  const now = start.endedAt ?? Math.max(clock, start.startedAt);
  const rows = useMemo(
    () => inWaves(services.filter(({ name }) => start.ways.has(name))).map(({ service }) => service),
    [services, start],
  );
  const onPath = useMemo(() => new Set(path), [path]);
  const { scroller, virtual, active, setActive, move } = useRows({
    count: rows.length,
    sizeOf: () => ROW_HEIGHT,
    keyOf: (index) => rows[index]?.name ?? index,
    indexOf: (name) => rows.findIndex((service) => service.name === name),
    chosen,
    focus: "button",
  });
  const span = Math.max(1, now - start.startedAt);
  const ticks = ticksOf(span, TICKS);
  const alone = services.length - rows.length;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div aria-hidden="true" className="steps-grid h-6 shrink-0 border-b border-line text-xs text-faint">
        <span>Service</span>
        <span className="relative h-full">
          {ticks.map((at) => (
            <span
              key={at}
              className={`absolute top-1 whitespace-nowrap tabular-nums ${at === 0 ? "" : "-translate-x-1/2"}`}
              style={{ left: `${(at / span) * 100}%` }}
            >
              {tickText(at)}
            </span>
          ))}
        </span>
        <span className="text-right">Took</span>
      </div>
      <div ref={scroller} tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto" onKeyDown={move}>
        <ul aria-label="Services by wave" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const service = rows[item.index];
            const way = service && start.ways.get(service.name);
            if (!service || !way) return null;
            return (
              <li
                key={item.key}
                data-index={item.index}
                className="absolute top-0 left-0 w-full"
                style={{ height: ROW_HEIGHT, transform: `translateY(${item.start}px)` }}
              >
                <button
                  type="button"
                  aria-pressed={service.name === chosen}
                  data-opens={service.name}
                  tabIndex={item.index === active ? 0 : -1}
                  onFocus={() => setActive(item.index)}
                  onClick={() => actions.showService(workspace, service.name === chosen ? null : service.name)}
                  className="steps-grid focus-inside h-full w-full text-left hover:bg-hover aria-pressed:bg-selected"
                >
                  <span className="flex min-w-0 items-center gap-1.5">
                    <StateShape look={serviceLook(service)} />
                    <span title={service.name} className={`truncate ${onPath.has(service.name) ? "font-medium" : ""}`}>
                      {service.name}
                    </span>
                    <span className="sr-only">
                      {serviceLook(service).word}
                      {onPath.has(service.name) ? ", on the critical path" : ""}
                    </span>
                  </span>
                  <Track
                    way={way}
                    start={start}
                    now={now}
                    span={span}
                    service={service}
                    critical={onPath.has(service.name)}
                    ticks={ticks}
                  />
                  <span className="text-right text-muted tabular-nums">{took(way, now)}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
      <p className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-1.5 text-xs text-muted">
        <Key mark="step-wait">waited</Key>
        {path.length > 0 && <Key mark="h-2.5 rounded-sm bg-accent">on the critical path</Key>}
        <Key mark="h-2.5 rounded-sm bg-edge">{path.length > 0 ? "others" : "started"}</Key>
        {rows.some((service) => serviceLook(service).tone === "bad") && (
          <Key mark="h-2.5 rounded-sm bg-bad">failed</Key>
        )}
        {alone > 0 && <span className="ml-auto">{alone} not part of this start</span>}
      </p>
    </div>
  );
}

function Key({ mark, children }: { mark: string; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`inline-block w-5 ${mark}`} />
      {children}
    </span>
  );
}

function took(way: Way, now: number): string {
  const ms = tookOf(way, now);
  // The clock of the page moves by seconds.
  return ms === null ? "" : way.endedAt === null ? formatDuration(ms) : formatTook(ms);
}

function Track({
  way,
  start,
  now,
  span,
  service,
  critical,
  ticks,
}: {
  way: Way;
  start: Start;
  now: number;
  span: number;
  service: ServiceStatus;
  critical: boolean;
  ticks: readonly number[];
}) {
  const part = (at: number): number => Math.max(0, Math.min(100, ((at - start.startedAt) / span) * 100));
  const begun = part(way.begunAt ?? way.endedAt ?? now);
  const end = part(way.endedAt ?? now);
  const { tone } = serviceLook(service);
  const colour = tone === "bad" ? "bg-bad" : critical ? "bg-accent" : "bg-edge";
  return (
    <span className="relative h-full" aria-hidden="true" title={service.why ?? undefined}>
      {ticks.map((at) => (
        <span key={at} className="absolute inset-y-0 w-px bg-line" style={{ left: `${(at / span) * 100}%` }} />
      ))}
      <span
        className="step-wait absolute top-1/2"
        style={{ left: `${part(way.wantedAt)}%`, width: `${Math.max(0, begun - part(way.wantedAt))}%` }}
      />
      {way.begunAt !== null && (
        <span
          className={`absolute top-1/2 h-2.5 min-w-0.5 -translate-y-1/2 rounded-sm ${colour} ${way.endedAt === null ? "step-going" : ""}`}
          style={{ left: `${begun}%`, width: `${Math.max(0, end - begun)}%` }}
        />
      )}
    </span>
  );
}
