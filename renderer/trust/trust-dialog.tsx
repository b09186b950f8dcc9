import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Failure } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { TrustItem, TrustReview } from "#shared/schema/workspace.ts";
import { trustReviewQuery } from "../ipc/queries.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { Warnings } from "../ui/warnings.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";

const kinds: Record<TrustItem["kind"], string> = {
  command: "Commands",
  compose: "Containers",
  opencode: "OpenCode configuration",
};
const introductions: Record<TrustReview["state"], string> = {
  never: "Nothing of this folder has run yet. Approve it only if you trust whoever wrote it.",
  changed: "What would run has changed since you approved it. Read it again before it runs.",
  trusted: "You have approved exactly this. It asks again as soon as anything of it changes.",
};

/** Everything that would run, before any of it does. The answer is no unless the person says otherwise. */
export function TrustDialog({ workspace, approved }: { workspace: WorkspaceId; approved: (() => void) | null }) {
  const { client, view } = useApp();
  const review = useQuery(trustReviewQuery(client, workspace));
  const [failure, setFailure] = useState<Failure | null>(null);
  const [pending, setPending] = useState(false);
  const cancel = useRef<HTMLButtonElement>(null);
  const close = () => view.set({ dialog: null });

  const grant = async (contentHash: string) => {
    setPending(true);
    setFailure(null);
    try {
      await client.call("trust.grant", { workspace, contentHash });
      close();
      approved?.();
    } catch (error) {
      const trouble = failureOf(error);
      setFailure(trouble);
      // It changed while it was being read: show what would run now.
      if (trouble.code === "trust_changed") await review.refetch();
    } finally {
      setPending(false);
    }
  };

  const name = review.data?.directory.split("/").findLast(Boolean) ?? "this folder";
  const trusted = review.data?.state === "trusted" && approved === null;
  return (
    <Dialog
      alert
      wide
      title={trusted ? `What may run in “${name}”` : `Run what is in “${name}”?`}
      description={review.data ? introductions[review.data.state] : "Reading what the folder would run…"}
      onClose={close}
      initialFocus={cancel}
      footer={
        <>
          <span className="mr-auto min-w-0 truncate font-mono text-xs text-faint" title={review.data?.directory}>
            {review.data?.directory}
          </span>
          <Button ref={cancel} onClick={close}>
            {trusted ? "Close" : "Cancel"}
          </Button>
          {!trusted && (
            <Button
              kind="primary"
              pending={pending}
              disabled={!review.data}
              onClick={() => review.data && void grant(review.data.contentHash)}
            >
              {approved ? "Trust and run" : "Trust"}
            </Button>
          )}
        </>
      }
    >
      {(failure ?? review.error) && (
        <div className="mb-3">
          <FailureLine failure={failure ?? failureOf(review.error)} />
        </div>
      )}
      {review.data?.items.length === 0 && <p className="text-muted">This folder would run nothing.</p>}
      {(["command", "compose", "opencode"] as const).map((kind) => (
        <Items key={kind} title={kinds[kind]} items={review.data?.items.filter((item) => item.kind === kind) ?? []} />
      ))}
    </Dialog>
  );
}

function Items({ title, items }: { title: string; items: TrustItem[] }) {
  if (items.length === 0) return null;
  return (
    <section className="mb-3 last:mb-0">
      <h3 className="mb-1 text-sm font-medium text-muted">
        {title} <span className="text-faint tabular-nums">{items.length}</span>
      </h3>
      <ul className="divide-y divide-line rounded-lg bg-sunken inset-ring inset-ring-line">
        {items.map((item) => (
          <li key={`${item.source}:${item.name}`} className="px-3 py-2">
            <div className="flex items-baseline justify-between gap-4">
              <span className="font-medium">{item.name}</span>
              <span className="truncate font-mono text-xs text-faint">{item.source}</span>
            </div>
            <code className="mt-0.5 block font-mono text-sm break-all whitespace-pre-wrap">{item.detail}</code>
            <div className="mt-1.5 empty:hidden">
              <Warnings of={item.name} warnings={item.warnings} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
