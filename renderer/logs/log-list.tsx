import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import {
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from "react";
import { formatCount } from "../ui/format.ts";
import { useActions, useView } from "../view/app.ts";
import { countLines, rowsAsText } from "./copy.ts";
import { isGap, seqOf, type Row } from "./log-buffer.ts";
import type { LogFeed } from "./log-feed.ts";
import { EarlierRow, GapRow, LineRow } from "./log-rows.tsx";
import type { Search } from "./search.ts";
import { useFollow } from "./use-follow.ts";

const ROW_HEIGHT = 20;

export interface LogListHandle {
  readonly firstVisible: () => number;
  readonly visibleRows: () => readonly Row[];
  readonly reveal: (index: number) => void;
}

type Properties = {
  feed: LogFeed;
  search: Search | null;
  currentMatch: number | null;
  empty: ReactNode;
  ref: Ref<LogListHandle>;
};

/** The lines as a virtual list. It follows the end only while the reader is there. */
export function LogList({ feed, search, currentMatch, empty, ref }: Properties) {
  const { buffer } = feed;
  useSyncExternalStore(buffer.subscribe, buffer.version);
  const wrap = useView((view) => view.wrap);
  const timestamps = useView((view) => view.timestamps);
  const actions = useActions();
  const scroller = useRef<HTMLDivElement>(null);
  const { shown } = buffer;
  const [selected, setSelected] = useState<readonly [number, number] | null>(null);
  const { following, newLines, onScroll, intentListeners, toEnd, lookBack } = useFollow(scroller, buffer);
  // oxlint-disable-next-line react/incompatible-library -- No React compiler here: the virtualizer re-renders this list itself.
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    // Rows of one height need no measuring; wrapped ones are known by their line, since places change.
    getItemKey: (index) => (wrap ? (shown[index] ? seqOf(shown[index]) : index) : index),
    // At the end every row is new with every paint, so rows out of sight would only cost.
    overscan: following ? 2 : 12,
    useFlushSync: false,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, wrap]);

  const inSight = (): readonly [number, number] => {
    const items = virtual.getVirtualItems();
    const top = scroller.current?.scrollTop ?? 0;
    const bottom = top + (scroller.current?.clientHeight ?? 0);
    const seen = items.filter((item) => item.end > top && item.start < bottom);
    return [seen[0]?.index ?? 0, (seen.at(-1)?.index ?? -1) + 1];
  };
  useImperativeHandle(ref, () => ({
    firstVisible: () => inSight()[0],
    visibleRows: () => shown.slice(...inSight()),
    reveal: (index) => {
      lookBack();
      virtual.scrollToIndex(index, { align: "center" });
    },
  }));

  const loadEarlier = async () => {
    const [first] = inSight();
    lookBack();
    const added = await feed.loadEarlier();
    // What was being read stays where it was.
    requestAnimationFrame(() => virtual.scrollToIndex(first + added, { align: "start" }));
  };

  const select = (row: Row, extend: boolean) => {
    const seq = seqOf(row);
    setSelected((old) =>
      extend && old
        ? [Math.min(old[0], seq), Math.max(old[1], seq)]
        : old?.[0] === seq && old[1] === seq
          ? null
          : [seq, seq],
    );
  };
  const isSelected = (row: Row) => selected !== null && seqOf(row) >= selected[0] && seqOf(row) <= selected[1];

  const keys = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    if (event.key === "Escape" && selected) {
      setSelected(null);
    } else if (mod && event.key === "a") {
      setSelected([0, Number.MAX_SAFE_INTEGER]);
    } else if (mod && event.key === "c" && selected && String(window.getSelection() ?? "") === "") {
      const rows = shown.filter(isSelected);
      void actions.copy(rowsAsText(rows), countLines(rows.length));
    } else if (event.key === "End" || event.key === "G") {
      toEnd();
    } else if (event.key === "Home") {
      lookBack();
      virtual.scrollToIndex(0);
    } else return;
    event.preventDefault();
  };

  const prefix = timestamps ? 25 : 12;
  return (
    <div className="relative min-h-0 flex-1 bg-sunken">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        // It is scrolled and copied from with the keyboard.
        tabIndex={0}
        {...intentListeners}
        onScroll={onScroll}
        onKeyDown={keys}
        className="focus-inside h-full overflow-auto overscroll-contain font-mono text-sm [overflow-anchor:none]"
      >
        {shown.length === 0 && <div className="h-full font-sans text-base">{empty}</div>}
        {shown.length > 0 && buffer.hasEarlier && <EarlierRow onLoad={loadEarlier} />}
        <div
          className="relative min-w-full"
          style={{
            height: virtual.getTotalSize(),
            width: wrap ? undefined : `calc(${Math.min(buffer.longest, 4_000) + prefix}ch + 64px)`,
          }}
        >
          {virtual.getVirtualItems().map((item) => {
            const row = shown[item.index];
            if (!row) return null;
            return (
              <div
                key={item.key}
                ref={wrap ? virtual.measureElement : undefined}
                data-index={item.index}
                // A row that cannot change what is around it is laid out by itself: at twenty paints a second this is felt.
                className={`absolute top-0 left-0 w-full ${wrap ? "" : "contain-strict"}`}
                style={{ transform: `translateY(${item.start}px)`, height: wrap ? undefined : ROW_HEIGHT }}
              >
                {isGap(row) ? (
                  <GapRow gap={row} onLoad={() => feed.loadGap(row)} />
                ) : (
                  <LineRow
                    line={row}
                    search={search}
                    current={row.seq === currentMatch}
                    selected={isSelected(row)}
                    wrap={wrap}
                    timestamps={timestamps}
                    onSelect={select}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {!following && shown.length > 0 && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 inline-flex h-7 -translate-x-1/2 items-center gap-1.5 rounded-full bg-accent px-3 font-medium text-on-accent tabular-nums shadow-pop hover:bg-accent-hover"
        >
          {newLines > 0 ? `${formatCount(newLines)} new ${newLines === 1 ? "line" : "lines"}` : "To the end"}
          <ArrowDown className="size-3.5" aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
