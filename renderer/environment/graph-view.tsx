import { memo, useEffect, useEffectEvent, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Empty } from "../ui/empty.tsx";
import { formatCount } from "../ui/format.ts";
import { serviceLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";
import { graphOf, type Measure, type Node } from "./graph.ts";
import { Took } from "./took.tsx";
import { nextInTrouble } from "./trouble.ts";

/** More than so many nodes are neither drawn quickly nor read. */
const MOST_DRAWN = 400;
/** A node lower than this has room for one line, in px. */
const MOST_ONE_LINE = 40;

/** The services as a picture: a column a wave, lines to what each needs, the critical path drawn strong. */
export function GraphView({
  environment,
  path,
  chosen,
}: {
  environment: EnvironmentStatus;
  path: readonly string[];
  chosen: string | null;
}) {
  const { services, workspace } = environment;
  const actions = useActions();
  const graph = useMemo(() => graphOf(services.length > MOST_DRAWN ? [] : services), [services]);
  const [active, setActive] = useState<string | null>(chosen);
  const moved = useRef(false);
  const place = useRef<HTMLDivElement>(null);
  const onPath = useMemo(() => new Set(path), [path]);
  const nodes = graph.columns.flat();
  const current = nodes.find(({ service }) => service.name === active) ?? nodes[0];

  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    nodeNamed(place.current, active)?.focus();
  }, [active]);

  // Its details take room beside the picture, and may have been opened elsewhere.
  useEffect(() => {
    nodeNamed(place.current, chosen)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);

  // Whoever comes to a picture that is larger than the window looks for what is wrong.
  const showTrouble = useEffectEvent(() => {
    const node = chosen === null ? nodeNamed(place.current, nextInTrouble(services, null)) : null;
    if (!node || !place.current) return;
    const isInSight = node.getBoundingClientRect().right <= place.current.getBoundingClientRect().right;
    node.scrollIntoView({ block: "nearest", inline: isInSight ? "nearest" : "center" });
  });
  useEffect(() => showTrouble(), []);

  if (services.length > MOST_DRAWN)
    return (
      <Empty title={`${formatCount(services.length)} services are too many to draw`}>
        The list and the steps show them all; a profile with fewer of them can be drawn.
      </Empty>
    );

  const move = (event: KeyboardEvent) => {
    if (!current) return;
    const column = graph.columns[current.column] ?? [];
    const beside = (step: number): Node | undefined => {
      const other = graph.columns[current.column + step];
      return other?.[Math.min(current.row, other.length - 1)];
    };
    const target = {
      ArrowDown: column[current.row + 1],
      ArrowUp: column[current.row - 1],
      ArrowRight: beside(1),
      ArrowLeft: beside(-1),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    setActive(target.service.name);
    moved.current = true;
  };

  // With a service chosen, its lines are told apart from the others.
  const isNear = (from: string, to: string): boolean => from === chosen || to === chosen;
  const isOnPath = (from: string, to: string): boolean =>
    path.indexOf(from) >= 0 && path[path.indexOf(from) + 1] === to;
  const rank = (from: string, to: string): number => (isNear(from, to) ? 2 : isOnPath(from, to) ? 1 : 0);
  const edges = graph.edges.toSorted((one, other) => rank(one.from, one.to) - rank(other.from, other.to));
  return (
    <div ref={place} className="min-h-0 flex-1 overflow-auto" tabIndex={-1}>
      <div className="relative" style={{ width: graph.width, height: graph.height + 24 }}>
        <div aria-hidden="true" className="sticky top-0 z-10 h-6 bg-canvas">
          {graph.columns.map(([first]) => (
            <span
              key={first?.column}
              className="absolute top-1 text-xs text-faint tabular-nums"
              style={{ left: first?.x, width: graph.measure.width }}
            >
              Wave {(first?.service.wave ?? 0) + 1}
            </span>
          ))}
        </div>
        <svg
          aria-hidden="true"
          className="pointer-events-none absolute top-6 left-0 text-edge"
          width={graph.width}
          height={graph.height}
          fill="none"
        >
          {edges.map(({ from, to, path: line }) => (
            <path
              key={`${from} ${to}`}
              d={line}
              stroke="currentColor"
              strokeWidth={isOnPath(from, to) ? 2.5 : 1.25}
              className={isNear(from, to) ? "text-text" : isOnPath(from, to) ? "text-accent" : undefined}
            />
          ))}
        </svg>
        <ul aria-label="Services by wave" className="absolute top-6 left-0" onKeyDown={move}>
          {nodes.map((node) => (
            <li key={node.service.name} className="absolute" style={{ left: node.x, top: node.y }}>
              <NodeButton
                service={node.service}
                measure={graph.measure}
                critical={onPath.has(node.service.name)}
                chosen={node.service.name === chosen}
                active={node === current}
                workspace={workspace}
                onActivate={setActive}
                onOpen={actions.showService}
              />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Its state, with the reason where it has one of its own. */
function wordsOf(service: ServiceStatus): string {
  const { phase, ready, failure, why } = service;
  if (phase === "waiting" && why !== null) return why;
  const { word } = serviceLook(service);
  return ready || failure !== null || why === null ? word : `${word}: ${why}`;
}

function nodeNamed(place: HTMLElement | null, name: string | null): HTMLElement | null {
  return name === null ? null : (place?.querySelector<HTMLElement>(`[data-opens="${CSS.escape(name)}"]`) ?? null);
}

type NodeProperties = {
  workspace: WorkspaceId;
  service: ServiceStatus;
  measure: Measure;
  critical: boolean;
  chosen: boolean;
  active: boolean;
  onActivate: (name: string) => void;
  onOpen: (workspace: WorkspaceId, name: string | null) => void;
};

/** New figures of a service change nothing of what its node shows, and there may be hundreds of both. */
function looksTheSame({ service: before, ...one }: NodeProperties, { service, ...other }: NodeProperties): boolean {
  const keys = ["workspace", "measure", "critical", "chosen", "active", "onActivate", "onOpen"] as const;
  const shown = ["name", "phase", "ready", "kind", "why", "failure", "steps"] as const;
  return keys.every((key) => one[key] === other[key]) && shown.every((key) => before[key] === service[key]);
}

const NodeButton = memo(function NodeButton({
  workspace,
  service,
  measure,
  critical,
  chosen,
  active,
  onActivate,
  onOpen,
}: NodeProperties) {
  const look = serviceLook(service);
  const trouble = look.tone === "bad";
  const oneLine = measure.height < MOST_ONE_LINE;
  return (
    <button
      type="button"
      data-opens={service.name}
      tabIndex={active ? 0 : -1}
      aria-pressed={chosen}
      aria-label={`${service.name}, ${look.word.toLowerCase()}${critical ? ", on the critical path" : ""}`}
      title={[service.name, service.failure?.message ?? service.why].filter(Boolean).join(": ")}
      onFocus={() => onActivate(service.name)}
      onClick={() => onOpen(workspace, chosen ? null : service.name)}
      style={{ width: measure.width, height: measure.height }}
      className={`flex flex-col justify-center rounded-md px-2.5 text-left inset-ring ${
        chosen
          ? "bg-raised inset-ring-2 inset-ring-accent"
          : trouble
            ? "bg-raised inset-ring-bad"
            : critical
              ? "bg-raised inset-ring-accent"
              : "bg-raised inset-ring-line-strong"
      } hover:inset-ring-2`}
    >
      <span className="flex w-full items-center gap-1.5">
        <StateShape look={look} />
        <span className="min-w-0 flex-1 truncate font-medium">{service.name}</span>
        {/* Of what went wrong, how long it took is of no interest. */}
        <span className={`shrink-0 text-xs tabular-nums ${trouble ? "text-bad" : "text-muted"}`}>
          {trouble ? oneLine && look.word : <Took service={service} />}
        </span>
      </span>
      {!oneLine && (
        <span className={`w-full truncate text-xs ${trouble ? "text-bad" : "text-muted"}`}>{wordsOf(service)}</span>
      )}
    </button>
  );
}, looksTheSame);
