import { Plus, X } from "lucide-react";
import { dependencyConditionSchema, type DependencyCondition } from "#shared/schema/service.ts";
import type { NeedDraft } from "#shared/schema/service-edit.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Picker } from "../../ui/picker.tsx";
import { conditionWord } from "../probe-words.ts";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TickField, Wrong } from "./field.tsx";
import { isSame, useRows } from "./rows.ts";

/** Which services this one waits for, and until when. */
export function NeedsForm({
  draft,
  others,
  ...of
}: FormOf & { draft: readonly NeedDraft[]; others: readonly string[] }) {
  const { rows, values, add, change, remove } = useRows(draft);
  const taken = new Set(values.map(({ name }) => name));
  const free = others.filter((name) => !taken.has(name));
  const [next] = free;
  return (
    <EditForm
      label={`Needs of ${of.service}`}
      of={of}
      edit={{ needs: values }}
      fields={[["depends_on"], ...values.map(({ name }) => ["depends_on", name])]}
      unchanged={isSame(values, draft)}
    >
      {rows.map(({ id, value: need }) => (
        <fieldset key={id} className="flex flex-col gap-1.5">
          <legend className="sr-only">{need.name}</legend>
          <div className="flex items-center gap-1.5">
            <Picker
              label="Service"
              value={need.name}
              choices={[need.name, ...free].map((name) => ({ value: name, label: name }))}
              onChange={(name) => change(id, { name })}
              className="flex-1"
            />
            <Picker
              label={`${need.name} must be`}
              value={need.condition}
              choices={dependencyConditionSchema.options.map((value: DependencyCondition) => ({
                value,
                label: conditionWord(value),
              }))}
              onChange={(condition) => change(id, { condition })}
              className="flex-1"
            />
            <IconButton label={`Do not wait for ${need.name}`} onClick={() => remove(id)}>
              <X />
            </IconButton>
          </div>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            <TickField
              label="Optional"
              on={!need.required}
              onChange={(optional) => change(id, { required: !optional })}
            />
            <TickField label="Restart with it" on={need.restart} onChange={(restart) => change(id, { restart })} />
          </div>
          <Wrong at={["depends_on", need.name]} />
        </fieldset>
      ))}
      {rows.length === 0 && <p className="text-sm text-muted">It waits for nothing.</p>}
      <Wrong at={["depends_on"]} />
      {next !== undefined && (
        <Button
          small
          className="self-start"
          icon={<Plus className="size-3" aria-hidden="true" />}
          onClick={() => add({ name: next, condition: "service_started", required: true, restart: false })}
        >
          Add need
        </Button>
      )}
    </EditForm>
  );
}
