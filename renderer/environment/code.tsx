import type { ReactNode } from "react";

/** A command, a path or a name out of a file. */
export function Code({ children, muted = false }: { children: ReactNode; muted?: boolean }) {
  return <code className={`font-mono text-sm wrap-anywhere ${muted ? "text-muted" : ""}`}>{children}</code>;
}
