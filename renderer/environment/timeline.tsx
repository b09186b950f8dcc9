import { History } from "lucide-react";
import { useMemo } from "react";
import type { AuditEntry } from "#shared/schema/host.ts";
import { Empty } from "../ui/empty.tsx";
import { wordOf } from "./audit-words.ts";
import { useRows } from "./use-rows.ts";

const ROW_HEIGHT = 28;

/** Everything that happened in a workspace, the newest first: when, to what, how it changed, by whom and why. */
export function Timeline({
  entries,
  onOpen,
}: {
  /** Oldest first. */
  entries: readonly AuditEntry[];
  onOpen: (service: string) => void;
}) {
  const rows = useMemo(() => entries.toReversed(), [entries]);
  const { scroller, virtual, active, setActive, move } = useRows({
    count: rows.length,
    sizeOf: () => ROW_HEIGHT,
    // New ones come at the top; counted from the end, each keeps its own.
    keyOf: (index) => rows.length - index,
    indexOf: () => -1,
    chosen: null,
    focus: "[tabindex]",
  });
  if (rows.length === 0)
    return (
      <Empty title="Nothing has happened yet" icon={<History />}>
        Starts, ends, failures and who asked for them are kept here.
      </Empty>
    );
  return (
    <div ref={scroller} tabIndex={-1} className="timeline min-h-0 flex-1 overflow-y-auto" onKeyDown={move}>
      <ol reversed aria-label="Timeline" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const entry = rows[item.index];
          return (
            entry && (
              <li
                key={item.key}
                data-index={item.index}
                onFocus={() => setActive(item.index)}
                className="absolute top-0 left-0 w-full"
                style={{ height: ROW_HEIGHT, transform: `translateY(${item.start}px)` }}
              >
                <Entry entry={entry} tabbable={item.index === active} onOpen={onOpen} />
              </li>
            )
          );
        })}
      </ol>
    </div>
  );
}

/** The name of the service leads to its details; where there is none, the keys still stop at the entry. */
function Entry({
  entry,
  tabbable,
  onOpen,
}: {
  entry: AuditEntry;
  tabbable: boolean;
  onOpen: (service: string) => void;
}) {
  const { service } = entry;
  const tabIndex = tabbable ? 0 : -1;
  return (
    <div {...(service === null ? { tabIndex } : {})} className="timeline-grid focus-inside h-full hover:bg-hover">
      <time dateTime={entry.at} title={entry.at} className="text-xs text-faint tabular-nums">
        {formatMoment(entry.at)}
      </time>
      <span className="truncate font-medium">
        {service === null ? (
          <span className="text-muted">Environment</span>
        ) : (
          <button
            type="button"
            data-opens={service}
            tabIndex={tabIndex}
            className="max-w-full truncate rounded-sm hover:underline"
            onClick={() => onOpen(service)}
          >
            {service}
          </button>
        )}
      </span>
      <Change entry={entry} />
      <span className="timeline-actor truncate text-muted">{entry.actor}</span>
      <span className="truncate text-muted" title={entry.reason ?? undefined}>
        {entry.reason}
      </span>
    </div>
  );
}

/** The few newest of one service, each on two lines where it has a reason. */
export function ServiceTimeline({ entries, most }: { entries: readonly AuditEntry[]; most: number }) {
  const rows = entries.slice(-most).toReversed();
  if (rows.length === 0) return <p className="text-faint">Nothing has happened to it yet.</p>;
  return (
    <ol reversed className="flex flex-col gap-1.5">
      {rows.map((entry, index) => (
        // Two entries may say the same at one time; their place tells them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={`${entry.at} ${index}`} className="grid grid-cols-[60px_minmax(0,1fr)] gap-x-2">
          <time dateTime={entry.at} title={entry.at} className="text-xs leading-5 text-faint tabular-nums">
            {formatMoment(entry.at)}
          </time>
          <div className="min-w-0">
            <p className="flex gap-2">
              <Change entry={entry} /> <span className="text-faint">{entry.actor}</span>
            </p>
            {entry.reason !== null && <p className="text-sm break-words text-muted">{entry.reason}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  const { word, tone } = wordOf(entry);
  const colour = tone === "bad" ? "text-bad" : tone === "busy" ? "text-busy" : "";
  return (
    <span
      className={`truncate ${colour}`}
      title={entry.from && entry.to ? `${entry.from} → ${entry.to}` : entry.action}
    >
      {word}
    </span>
  );
}

/** Today's as a time of day, others with their day before it. */
function formatMoment(at: string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return date.toDateString() === new Date().toDateString()
    ? time
    : `${date.toLocaleDateString(undefined, { month: "short", day: "numeric" })} ${time.slice(0, 5)}`;
}
