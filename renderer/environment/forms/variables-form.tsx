import { Plus, X } from "lucide-react";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField, Wrong } from "./field.tsx";
import { useRows } from "./rows.ts";
import { changesOf, rowsOf, type VariableRow } from "./variable-rows.ts";

const origins = { service: null, files: "from a file of variables", profile: "from the profile" } as const;

/** The variables that are set for a service. The host keeps its secrets: one can be replaced here, and not be read. */
export function VariablesForm({ draft, ...of }: FormOf & { draft: ServiceDraft["environment"] }) {
  const { rows, values, add, change, remove } = useRows(rowsOf(draft));
  const changes = changesOf(values, draft);
  return (
    <EditForm
      label={`Variables of ${of.service}`}
      of={of}
      edit={{ environment: changes }}
      fields={[["environment"], ...values.map(({ name }) => ["environment", name])]}
      unchanged={changes.length === 0}
    >
      {rows.map(({ id, value }) => (
        <Variable key={id} row={value} onChange={(part) => change(id, part)} onRemove={() => remove(id)} />
      ))}
      <Wrong at={["environment"]} />
      <Button
        small
        className="self-start"
        icon={<Plus className="size-3" aria-hidden="true" />}
        onClick={() => add({ name: "", value: "", known: null })}
      >
        Add variable
      </Button>
      <p className="text-sm text-muted">
        <code className="font-mono">{"${NAME}"}</code> stands for another variable; a dollar is written{" "}
        <code className="font-mono">$$</code>. What is typed here is written into the project: keep secrets in{" "}
        <code className="font-mono">.env</code>.
      </p>
    </EditForm>
  );
}

function Variable({
  row: { name, value, known },
  onChange,
  onRemove,
}: {
  row: VariableRow;
  onChange: (part: Partial<VariableRow>) => void;
  onRemove: () => void;
}) {
  const shown = name || "the new variable";
  const origin = known === null ? null : origins[known.from];
  const isSecret = known !== null && known.value === null;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center gap-1.5">
        {known === null ? (
          <TextField
            label="Name of the variable"
            hideLabel
            at={["environment", name, "name"]}
            value={name}
            placeholder="NAME"
            onChange={(next) => onChange({ name: next })}
            code
            autoFocus
            className="flex-1"
          />
        ) : (
          <span className="min-w-0 flex-1 truncate font-mono text-sm" title={name}>
            {name}
            {origin !== null && <span className="font-sans text-faint"> {origin}</span>}
          </span>
        )}
        {/* What comes from elsewhere can only be taken out there. */}
        {origin === null && (
          <IconButton label={`Remove ${shown}`} onClick={onRemove}>
            <X />
          </IconButton>
        )}
      </div>
      <TextField
        label={`Value of ${shown}`}
        hideLabel
        at={["environment", name]}
        value={value ?? ""}
        placeholder={value === null ? "•••••••• kept as it is" : "empty"}
        onChange={(next) => onChange({ value: isSecret && next === "" ? null : next })}
        code
        type={isSecret ? "password" : "text"}
      />
    </div>
  );
}
