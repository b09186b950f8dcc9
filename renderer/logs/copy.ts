/** Lines as text for the clipboard: without colours, with time and source, so that they say where they are from. */
import { formatClock } from "../ui/format.ts";
import { plainText } from "../ui/sgr.ts";
import { isGap, missing, type Row } from "./log-buffer.ts";

export function rowsAsText(rows: readonly Row[]): string {
  return rows
    .map((row) =>
      isGap(row)
        ? `… ${missing(row)} lines are not here`
        : `${formatClock(row.at)} ${row.source}: ${plainText(row.text)}`,
    )
    .join("\n");
}

/** "1 line", "42 lines". */
export const countLines = (count: number): string => `${count} ${count === 1 ? "line" : "lines"}`;
