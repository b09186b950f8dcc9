import { Minus, Plus } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { useActions, usePending } from "../view/app.ts";
import { countOf } from "./replicas.ts";

/** How many of a service there are, one more or one less at a press; and why there can be only one. */
export function ScaleControl({
  workspace,
  draft: { service, replicas },
  services,
}: {
  workspace: WorkspaceId;
  draft: Pick<ServiceDraft, "service" | "replicas">;
  services: readonly ServiceStatus[];
}) {
  const actions = useActions();
  const pending = usePending(`scale:${workspace}:${service}`);
  const { count: saved, max, obstacle } = replicas;
  const count = countOf(services, service);
  if (obstacle !== null) return <span className="text-muted">There can be one only: {obstacle}</span>;
  const scale = (next: number) => void actions.scale(workspace, service, next);
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <span className="inline-flex items-center rounded-md inset-ring inset-ring-line">
        <IconButton label={`One less of ${service}`} disabled={pending || count <= 1} onClick={() => scale(count - 1)}>
          <Minus />
        </IconButton>
        <span className="min-w-6 text-center tabular-nums" aria-live="polite" aria-label={`${count} of ${service}`}>
          {count}
        </span>
        <IconButton
          label={`One more of ${service}`}
          disabled={pending || count >= max}
          onClick={() => scale(count + 1)}
        >
          <Plus />
        </IconButton>
      </span>
      {count >= max && <span className="text-sm text-muted">at most {max}</span>}
      {count !== saved && (
        <>
          <span className="text-sm text-muted">until Deckhand ends; its files say {saved}</span>
          <Button
            small
            onClick={() =>
              actions.editConfig({ workspace, write: "changes", edits: [{ service, replicas: String(count) }] })
            }
          >
            Save {count}…
          </Button>
        </>
      )}
    </span>
  );
}
