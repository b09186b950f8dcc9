import { useLayoutEffect, useState, type RefObject } from "react";

/** Whether an element is narrower than so many px, as long as it is there. */
export function useNarrow(place: RefObject<HTMLElement | null>, width: number): boolean {
  const [narrow, setNarrow] = useState(false);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const look = () => setNarrow(element.clientWidth < width);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [place, width]);
  return narrow;
}
