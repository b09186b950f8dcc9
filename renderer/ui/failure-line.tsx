import type { ReactNode } from "react";
import type { Failure } from "#shared/failure.ts";
import { StateShape } from "./state-mark.tsx";
import { Words } from "./words.tsx";

/** Cause and next step in one line, with the buttons that do it. */
export function FailureLine({ failure, children }: { failure: Failure; children?: ReactNode }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-2 gap-y-1.5 rounded-md bg-bad-wash px-3 py-1.5">
      <div className="flex min-w-0 grow basis-60 gap-2">
        {/* Beside the first line, however many there are. */}
        <span className="mt-1">
          <StateShape look={{ shape: "alert", tone: "bad", word: "" }} />
        </span>
        <FailureWords failure={failure} />
      </div>
      {children && <div className="flex shrink-0 gap-1.5">{children}</div>}
    </div>
  );
}

/** What happened, and then what to do. In a narrow place the buttons beside it go below. */
export function FailureWords({ failure: { message, next } }: { failure: Failure }) {
  return (
    <p className="min-w-0 grow basis-60 wrap-anywhere">
      <Words text={message} />{" "}
      {next && (
        <span className="text-muted">
          <Words text={next} />
        </span>
      )}
    </p>
  );
}
