import { useState } from "react";
import type { RestartDraft } from "#shared/schema/service-edit.ts";
import { Picker } from "../../ui/picker.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField } from "./field.tsx";
import { isSame } from "./rows.ts";

const modes: readonly { readonly value: RestartDraft["mode"]; readonly label: string }[] = [
  { value: "no", label: "Never" },
  { value: "on-failure", label: "When it fails" },
  { value: "always", label: "Whenever it ends" },
  { value: "unless-stopped", label: "Unless it was stopped" },
];

const fields = [["restart"], ["restart_limit", "max"], ["restart_limit", "window"]] as const;

/** When a service that ended is started again, and when that is given up. */
export function RestartForm({ draft, ...of }: FormOf & { draft: RestartDraft }) {
  const [restart, setRestart] = useState(draft);
  const change = (part: Partial<RestartDraft>) => setRestart((old) => ({ ...old, ...part }));
  return (
    <EditForm
      label={`Restart of ${of.service}`}
      of={of}
      edit={{ restart }}
      fields={fields}
      unchanged={isSame(restart, draft)}
    >
      <Picker
        label="Started again"
        value={restart.mode}
        choices={modes}
        onChange={(mode) => change({ mode })}
        className="w-full"
      />
      {restart.mode !== "no" && (
        <TextField
          label="At most, in a row"
          at={fields[0]}
          value={restart.retries}
          placeholder="as the limit allows"
          onChange={(retries) => change({ retries })}
        />
      )}
      {restart.mode !== "no" && (
        <div className="grid grid-cols-2 gap-2">
          <TextField
            label="Given up after"
            at={fields[1]}
            value={restart.max}
            onChange={(max) => change({ max })}
            hint="restarts"
          />
          <TextField
            label="within"
            at={fields[2]}
            value={restart.window}
            onChange={(window) => change({ window })}
            hint="such as 60s"
          />
        </div>
      )}
    </EditForm>
  );
}
