import type { ReactNode } from "react";
import { formatDuration } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";

export function Cell({
  column = "",
  children,
  title,
}: {
  column?: string;
  children?: ReactNode;
  title?: string | undefined;
}) {
  return (
    <span role="gridcell" className={`min-w-0 truncate ${column}`} title={title}>
      {children}
    </span>
  );
}

/** A figure: right-aligned, of steady width, and nothing at all where there is none. */
export function Figure({ column, children }: { column: string; children: ReactNode }) {
  return (
    <span role="gridcell" className={`truncate text-right text-muted tabular-nums ${column}`}>
      {children}
    </span>
  );
}

/** Counts on from what the host said at `at` (ms since the epoch), so that it moves between two pushes. */
export function Uptime({ ms, at }: { ms: number | null; at: number }) {
  return ms === null ? null : <Counting ms={ms} at={at} />;
}

function Counting({ ms, at }: { ms: number; at: number }) {
  const now = useNow();
  return formatDuration(ms + (at > 0 ? Math.max(0, now - at) : 0));
}
