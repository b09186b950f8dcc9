import { useState } from "react";
import type { LimitsDraft } from "#shared/schema/service-edit.ts";
import { Picker } from "../../ui/picker.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField, Wrong } from "./field.tsx";
import { isSame } from "./rows.ts";

const consequences: readonly { readonly value: LimitsDraft["onExceed"]; readonly label: string }[] = [
  { value: "restart", label: "Then restart it" },
  { value: "stop", label: "Then stop it" },
  { value: "notify", label: "Then only say so" },
];

const fields = [["limits", "memory"], ["limits", "cpu"], ["limits", "cpu_for"], ["limits"]] as const;

/** What a service may take of the machine, all its processes together. */
export function LimitsForm({ draft, ...of }: FormOf & { draft: LimitsDraft }) {
  const [limits, setLimits] = useState(draft);
  const change = (part: Partial<LimitsDraft>) => setLimits((old) => ({ ...old, ...part }));
  return (
    <EditForm
      label={`Limits of ${of.service}`}
      of={of}
      edit={{ limits }}
      fields={fields}
      unchanged={isSame(limits, draft)}
    >
      <TextField
        label="Memory"
        at={fields[0]}
        value={limits.memory}
        placeholder="not limited"
        onChange={(memory) => change({ memory })}
        hint="such as 512MiB"
        autoFocus
      />
      <div className="grid grid-cols-2 gap-2">
        <TextField
          label="Processor"
          at={fields[1]}
          value={limits.cpu}
          placeholder="not limited"
          onChange={(cpu) => change({ cpu })}
          hint="80%, or 1.5 cores"
        />
        <TextField
          label="for longer than"
          at={fields[2]}
          value={limits.cpuFor}
          placeholder="as usual"
          onChange={(cpuFor) => change({ cpuFor })}
        />
      </div>
      <Picker
        label="When it takes more"
        value={limits.onExceed}
        choices={consequences}
        onChange={(onExceed) => change({ onExceed })}
        className="w-full"
      />
      <Wrong at={fields[3]} />
    </EditForm>
  );
}
