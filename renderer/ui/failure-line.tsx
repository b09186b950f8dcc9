import type { ReactNode } from "react";
import type { Failure } from "#shared/failure.ts";
import { StateShape } from "./state-mark.tsx";

/** Cause and next step in one line, with the buttons that do it. */
export function FailureLine({ failure, children }: { failure: Failure; children?: ReactNode }) {
  return (
    <div role="alert" className="flex items-center gap-2 rounded-md bg-bad-wash px-3 py-1.5">
      <StateShape look={{ shape: "alert", tone: "bad", word: "" }} />
      <p className="min-w-0 flex-1">
        {failure.message} {failure.next && <span className="text-muted">{failure.next}</span>}
      </p>
      {children && <div className="flex shrink-0 gap-1.5">{children}</div>}
    </div>
  );
}
