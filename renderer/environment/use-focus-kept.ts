import { useEffect, useRef, type RefObject } from "react";

/**
 * Keeps the keyboard where the person is when what had the focus makes room for details, or these for others or for nothing: the
 * details take it, or what opened them gets it back. Goes on the element around both; what opens details says so with `data-opens`.
 *
 * @param shown What the details are of; null: none are open.
 */
export function useFocusKept(shown: string | null): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  const before = useRef(shown);
  useEffect(() => {
    const left = before.current;
    before.current = shown;
    if (left === shown || document.activeElement !== document.body) return;
    const find = (selector: string) => place.current?.querySelector<HTMLElement>(selector) ?? null;
    const opener = () => find(`[data-opens="${CSS.escape(left ?? "")}"]`) ?? find(`[data-opens][tabindex="0"]`);
    (shown === null ? opener() : find("aside"))?.focus();
  }, [shown]);
  return place;
}
