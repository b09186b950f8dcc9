import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from "react";

/** Rows that Page Up and Page Down go over. */
const PAGE = 12;

/**
 * A list of which only the rows in sight exist. One of them has the tab stop, arrow keys move it, and what is chosen elsewhere is
 * scrolled to. `scroller` goes on the element that scrolls, `move` on what holds the rows, `data-index` on each of them.
 */
export function useRows({
  count,
  sizeOf,
  keyOf,
  indexOf,
  chosen,
  focus,
}: {
  count: number;
  /** Height of a row before it is measured, in px. */
  sizeOf: (index: number) => number;
  keyOf: (index: number) => string | number;
  /** The row of a service; -1 where it has none. */
  indexOf: (service: string) => number;
  /** The service whose details are open. */
  chosen: string | null;
  /** A selector for what takes the focus in a row. */
  focus: string;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [wanted, setActive] = useState(0);
  const [moved, setMoved] = useState(false);
  // Rows may have gone since.
  const active = Math.max(0, Math.min(wanted, count - 1));
  // oxlint-disable-next-line react/incompatible-library -- No React compiler here: the virtualizer re-renders its list itself.
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: sizeOf,
    getItemKey: keyOf,
    overscan: 10,
    // The row with the tab stop is there wherever the list was scrolled to.
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), active])].toSorted((a, b) => a - b),
  });

  // The row that the keys moved to may only exist after scrolling there.
  useEffect(() => {
    if (!moved) return;
    setMoved(false);
    scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"] ${focus}`)?.focus();
  }, [active, moved, focus]);

  const show = useEffectEvent((service: string) => {
    const index = indexOf(service);
    if (index < 0) return;
    setActive(index);
    virtual.scrollToIndex(index);
  });
  useEffect(() => {
    if (chosen !== null) show(chosen);
  }, [chosen]);

  const move = (event: KeyboardEvent) => {
    const target = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      Home: 0,
      End: count - 1,
      PageDown: active + PAGE,
      PageUp: active - PAGE,
    }[event.key];
    if (target === undefined || count === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(count - 1, target));
    setActive(next);
    setMoved(true);
    virtual.scrollToIndex(next);
  };
  return { scroller, virtual, active, setActive, move };
}
