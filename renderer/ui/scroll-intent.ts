import { useState, type KeyboardEvent, type WheelEvent } from "react";

/** A scroll this long after a sign of the reader, in ms, is the reader's. Longer than the rest of a flick or a held key. */
const INTENT_MS = 800;
const UPWARD_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

function createScrollIntent() {
  let until = 0;
  const mean = () => {
    until = performance.now() + INTENT_MS;
  };
  return {
    /** Whether the reader moves the box now. Asking during a scroll keeps a drag of the scrollbar going. */
    isMeant: (): boolean => {
      if (performance.now() > until) return false;
      mean();
      return true;
    },
    listeners: {
      onWheelCapture: (event: WheelEvent) => event.deltaY < 0 && mean(),
      onTouchMoveCapture: mean,
      // The scrollbar, and a selection that is dragged beyond the edge.
      onPointerDownCapture: mean,
      onKeyDownCapture: (event: KeyboardEvent) => UPWARD_KEYS.has(event.key) && mean(),
    },
  };
}

/**
 * Tells the reader's scrolling up from a box that moved by itself: when content goes or a neighbour grows, the browser moves
 * the place too, and a list that took that for a wish would stop following its end.
 */
export function useScrollIntent() {
  const [intent] = useState(createScrollIntent);
  return intent;
}
