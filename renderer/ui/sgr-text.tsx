import { memo } from "react";
import { cutSpans, sgrSpans } from "./sgr.ts";

const none: readonly (readonly [number, number])[] = [];

/** Text in its SGR colours, with marked ranges. */
export const SgrText = memo(function SgrText({
  text,
  marked = none,
}: {
  text: string;
  marked?: readonly (readonly [number, number])[];
}) {
  const spans = cutSpans(sgrSpans(text), marked);
  return spans.map((span, index) =>
    span.mark ? (
      // The pieces of one line have no identity but their place.
      // eslint-disable-next-line react/no-array-index-key
      <mark key={index} className={span.className}>
        {span.text}
      </mark>
    ) : (
      // eslint-disable-next-line react/no-array-index-key
      <span key={index} className={span.className || undefined}>
        {span.text}
      </span>
    ),
  );
});
