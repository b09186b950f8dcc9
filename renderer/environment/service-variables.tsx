import { Pencil } from "lucide-react";
import { useCallback, useState } from "react";
import type { PlannedService } from "#shared/schema/plan.ts";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { IconButton } from "../ui/button.tsx";
import { Absent } from "./fact.tsx";
import { CloseForm } from "./forms/edit-form.tsx";
import { VariablesForm } from "./forms/variables-form.tsx";

/** What is set for it. A secret never comes to this page: there is nothing here that could be shown by mistake. */
export function ServiceVariables({
  workspace,
  planned: { name, environment },
  draft,
}: {
  workspace: WorkspaceId;
  planned: PlannedService;
  /** Null: not known yet. */
  draft: ServiceDraft | null;
}) {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <section className="mt-4" aria-label="Variables">
      <h3 className="mb-1 flex items-center gap-1 text-sm font-medium text-muted">
        Variables <span className="text-faint tabular-nums">{environment.length}</span>
        {draft !== null && !draft.container && !open && (
          <IconButton label={`Edit the variables of ${name}`} className="ml-auto" onClick={() => setOpen(true)}>
            <Pencil />
          </IconButton>
        )}
      </h3>
      {open && draft !== null ? (
        <CloseForm value={close}>
          <VariablesForm workspace={workspace} service={name} draft={draft.environment} />
        </CloseForm>
      ) : environment.length === 0 ? (
        <p className="text-sm">
          <Absent /> <span className="text-muted">beyond those of the login shell and of ports</span>
        </p>
      ) : (
        <dl className="flex flex-col gap-1 rounded-md bg-sunken px-2.5 py-2 font-mono text-sm inset-ring inset-ring-line">
          {environment.map(({ name: variable, value }) => (
            <div key={variable} className="break-all">
              <dt className="inline text-muted">{variable}=</dt>
              <dd className="inline">
                {value ?? (
                  <span className="font-sans text-faint" title="A secret: its value stays on the host">
                    ••••••••<span className="sr-only">secret, not shown</span>
                  </span>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
