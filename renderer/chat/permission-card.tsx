import { ShieldQuestion } from "lucide-react";
import { useState } from "react";
import type { PermissionRequest } from "#shared/schema/chat.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Button } from "../ui/button.tsx";
import { useActions, usePending } from "../view/app.ts";
import { DiffView } from "../ui/diff-view.tsx";
import { describePermission } from "./tool-facts.ts";

/** What the agent wants to do, in full, before it may. Nothing here answers "always" but a press on that very button. */
export function PermissionCard({
  workspace,
  request,
  child,
}: {
  workspace: WorkspaceId;
  request: PermissionRequest;
  child: string | null;
}) {
  const actions = useActions();
  const pending = usePending(`permission:${request.id}`);
  const [advice, setAdvice] = useState<string | null>(null);
  const asked = describePermission(request);
  const reject = () => void actions.replyPermission(workspace, request.id, "reject", advice?.trim() || undefined);
  return (
    <section
      role="group"
      aria-label={`Permission: ${asked.title}`}
      className="flex max-h-[60vh] flex-col rounded-lg bg-raised shadow-pop inset-ring-2 inset-ring-busy"
    >
      <h2 className="flex shrink-0 items-center gap-2 px-3 pt-2.5 font-semibold">
        <ShieldQuestion className="size-4 text-busy" aria-hidden="true" />
        {asked.title}?
        {child && <span className="truncate font-normal text-muted">asked by the sub-agent “{child}”</span>}
      </h2>
      <div className="min-h-0 overflow-y-auto px-3 py-2">
        {asked.subjects.length > 0 && <p className="mb-1.5 font-mono text-sm break-all">{asked.subjects.join("\n")}</p>}
        {asked.command && (
          <pre className="rounded-md bg-sunken px-2.5 py-2 font-mono text-sm break-words whitespace-pre-wrap inset-ring inset-ring-line">
            {asked.command}
          </pre>
        )}
        {asked.diff && <DiffView diff={asked.diff} />}
        {request.always.length > 0 && (
          <p className="mt-1.5 text-sm text-muted">
            “Always” would allow{" "}
            {request.always.map((pattern, index) => (
              <span key={pattern}>
                {index > 0 && ", "}
                <code className="font-mono text-text">{pattern}</code>
              </span>
            ))}{" "}
            in every session of this workspace until its server restarts.
          </p>
        )}
        {advice !== null && (
          <input
            // It appears because the person asked for it with the button beside it.
            autoFocus
            aria-label="What the agent should do instead"
            value={advice}
            onChange={(event) => setAdvice(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && advice.trim()) reject();
              if (event.key === "Escape") setAdvice(null);
            }}
            placeholder="What should it do instead?"
            className="mt-2 h-7 w-full rounded-md bg-sunken px-2 inset-ring inset-ring-line-strong"
          />
        )}
      </div>
      <div className="flex shrink-0 flex-wrap items-center gap-2 px-3 pb-2.5">
        <Button
          kind="primary"
          pending={pending}
          onClick={() => void actions.replyPermission(workspace, request.id, "once")}
        >
          Allow once
        </Button>
        <Button disabled={pending} onClick={() => void actions.replyPermission(workspace, request.id, "always")}>
          Always allow
        </Button>
        <span className="ml-auto flex gap-2">
          {advice === null && (
            <Button kind="quiet" disabled={pending} onClick={() => setAdvice("")}>
              With a reason…
            </Button>
          )}
          <Button kind="danger" disabled={pending} onClick={reject}>
            Reject
          </Button>
        </span>
      </div>
    </section>
  );
}
