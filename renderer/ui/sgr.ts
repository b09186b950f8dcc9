/** Text with SGR colours as spans of classes; the plain text for search and copying. */
import Anser from "anser";

export type SgrSpan = { readonly text: string; readonly className: string };

const ESCAPE = "\u001b";
const sequence = new RegExp(`${ESCAPE}\\[[0-9;:]*m`, "g");

export function plainText(text: string): string {
  return text.includes(ESCAPE) ? text.replace(sequence, "") : text;
}

/**
 * Splits a line by colour. Most lines have none and cost nothing. Colours beyond the sixteen are drawn as plain text: a
 * class cannot name them, and one that the theme did not choose may be unreadable.
 */
export function sgrSpans(text: string): readonly SgrSpan[] {
  if (!text.includes(ESCAPE)) return [{ text, className: "" }];
  return Anser.ansiToJson(text, { use_classes: true, json: true, remove_empty: true }).map((entry) => ({
    text: entry.content,
    className: [
      entry.fg && `${entry.fg}-fg`,
      entry.bg && `${entry.bg}-bg`,
      ...entry.decorations.map((decoration) => `sgr-${decoration}`),
    ]
      .filter(Boolean)
      .join(" "),
  }));
}

/** Where `marked` (start and end, in plain characters) cuts the spans, so that each piece is wholly in or out of a match. */
export function cutSpans(
  spans: readonly SgrSpan[],
  marked: readonly (readonly [number, number])[],
): readonly (SgrSpan & { readonly mark: boolean })[] {
  const cut: (SgrSpan & { mark: boolean })[] = [];
  let at = 0;
  let next = 0;
  for (const span of spans) {
    let from = 0;
    while (from < span.text.length) {
      const range = marked[next];
      const start = at + from;
      if (!range || range[0] >= at + span.text.length) {
        cut.push({ ...span, text: span.text.slice(from), mark: false });
        break;
      }
      if (range[0] > start) {
        cut.push({ ...span, text: span.text.slice(from, range[0] - at), mark: false });
        from = range[0] - at;
        continue;
      }
      const end = Math.min(range[1] - at, span.text.length);
      cut.push({ ...span, text: span.text.slice(from, end), mark: true });
      from = end;
      if (range[1] <= at + end) next += 1;
    }
    at += span.text.length;
  }
  return cut;
}
