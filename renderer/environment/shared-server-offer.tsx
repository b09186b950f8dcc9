import { useEffect, useRef } from "react";
import type { Failure } from "#shared/failure.ts";
import type { SharedServer } from "#shared/schema/server.ts";
import { Button } from "../ui/button.tsx";
import { FailureLine } from "../ui/failure-line.tsx";

/** The shared server of OpenCode 2, to be adopted with one press; or why that one is not offered. Without one: nothing. */
export function SharedServerOffer({
  shared,
  failure,
  pending,
  disabled,
  primary,
  onUse,
}: {
  shared: SharedServer;
  /** Why it could not be adopted. */
  failure: Failure | null;
  pending: boolean;
  disabled: boolean;
  /** There is nothing else to be pressed here. */
  primary: boolean;
  onUse: (url: string) => void;
}) {
  const button = useRef<HTMLButtonElement>(null);
  // While it waited it could not keep the focus.
  useEffect(() => {
    if (failure) button.current?.focus();
  }, [failure]);
  if (shared.kind === "refused") {
    return (
      <p className="mb-3 text-sm break-words text-muted">OpenCode’s shared server is not offered: {shared.reason}</p>
    );
  }
  return (
    <section aria-label="Shared server" className="mb-4 flex flex-col gap-2 empty:hidden">
      {shared.kind === "found" && (
        <div className="flex items-center gap-3 rounded-md bg-sunken px-3 py-2">
          <div className="min-w-0 flex-1">
            <h3 className="font-medium">OpenCode’s shared server</h3>
            <p className="truncate font-mono text-sm text-muted">
              {shared.url}
              {shared.version !== null && ` · ${shared.version}`}
            </p>
          </div>
          <Button
            ref={button}
            kind={primary ? "primary" : "plain"}
            aria-label="Use OpenCode’s shared server"
            title="Its password is read from its registration on this machine"
            pending={pending}
            disabled={disabled}
            onClick={() => onUse(shared.url)}
          >
            Use it
          </Button>
        </div>
      )}
      {failure && <FailureLine failure={failure} />}
    </section>
  );
}
