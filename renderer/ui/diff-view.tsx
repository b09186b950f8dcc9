import { useMemo } from "react";
import { parseDiff, type DiffRow } from "./diff.ts";

const looks: Record<DiffRow["kind"], { row: string; sign: string; name: string }> = {
  file: { row: "text-muted", sign: "", name: "" },
  hunk: { row: "text-faint", sign: "", name: "" },
  added: { row: "bg-good-wash text-good", sign: "+", name: "added" },
  removed: { row: "bg-bad-wash text-bad", sign: "−", name: "removed" },
  same: { row: "", sign: "", name: "" },
};

/** A file's change, in full: sign, colour and both line numbers. */
export function DiffView({ diff }: { diff: string }) {
  const rows = useMemo(() => parseDiff(diff), [diff]);
  return (
    <div
      role="figure"
      aria-label="Change"
      className="overflow-x-auto rounded-md bg-sunken py-1 font-mono text-sm inset-ring inset-ring-line"
    >
      <div className="w-max min-w-full">
        {rows.map((row, index) => (
          // A diff does not change; its rows have no other identity than their place.
          // eslint-disable-next-line react/no-array-index-key
          <div key={index} className={`flex leading-5 ${looks[row.kind].row}`}>
            <span className="w-[4ch] shrink-0 text-right text-faint tabular-nums select-none">{row.oldLine}</span>
            <span className="w-[5ch] shrink-0 pr-[1ch] text-right text-faint tabular-nums select-none">
              {row.newLine}
            </span>
            <span
              className="w-[2ch] shrink-0 select-none"
              aria-label={looks[row.kind].name || undefined}
              role={looks[row.kind].name ? "img" : undefined}
            >
              {looks[row.kind].sign}
            </span>
            <span className="pr-3 whitespace-pre">{row.text || " "}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
