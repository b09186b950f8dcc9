/** Rows of the list as text for the clipboard. */
import { lineAsText } from "../ui/log-text.ts";
import { isGap, missing, type Row } from "./log-buffer.ts";

export function rowsAsText(rows: readonly Row[]): string {
  return rows.map((row) => (isGap(row) ? `… ${missing(row)} lines are not here` : lineAsText(row))).join("\n");
}

/** "1 line", "42 lines". */
export const countLines = (count: number): string => `${count} ${count === 1 ? "line" : "lines"}`;
