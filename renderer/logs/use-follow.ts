import { useLayoutEffect, useRef, useState, type RefObject } from "react";
import { useScrollIntent } from "../ui/scroll-intent.ts";
import type { LogBuffer } from "./log-buffer.ts";

/** Within so many px of the end one is at the end: a line and a bit. */
const AT_END_PX = 24;

function scrollToEnd(box: HTMLElement): number {
  box.scrollTop = box.scrollHeight;
  return box.scrollTop;
}

/**
 * Keeps the list at its end while the reader is there. Scrolling up stops it; from then on nothing moves under the reader,
 * and the lines that come in are counted.
 */
export function useFollow(scroller: RefObject<HTMLDivElement | null>, buffer: LogBuffer) {
  const [following, setFollowing] = useState(true);
  const [left, setLeft] = useState(0);
  const lastTop = useRef(0);
  const intent = useScrollIntent();

  const lookBack = () => {
    if (following) setLeft(buffer.arrived);
    setFollowing(false);
    buffer.setReading(true);
  };

  const toEnd = () => {
    buffer.setReading(false);
    setFollowing(true);
    if (scroller.current) lastTop.current = scrollToEnd(scroller.current);
  };

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
    if (atEnd && !following) toEnd();
    else if (!atEnd && following && box.scrollTop < lastTop.current - 1 && intent.isMeant()) lookBack();
    lastTop.current = box.scrollTop;
  };

  // After every render: new lines and measured heights both change where the end is.
  useLayoutEffect(() => {
    if (following && scroller.current) lastTop.current = scrollToEnd(scroller.current);
  });

  // Leaving the page ends the reading: what is kept of the log may be trimmed again.
  useLayoutEffect(() => () => buffer.setReading(false), [buffer]);

  return {
    following,
    newLines: following ? 0 : buffer.arrived - left,
    onScroll,
    intentListeners: intent.listeners,
    toEnd,
    lookBack,
  };
}
