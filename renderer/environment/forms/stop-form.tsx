import { useState } from "react";
import type { StopDraft } from "#shared/schema/service-edit.ts";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField } from "./field.tsx";
import { isSame } from "./rows.ts";

const fields = [["stop_signal"], ["stop_grace_period"]] as const;

/** How a service is asked to end, and when it is ended. */
export function StopForm({ draft, ...of }: FormOf & { draft: StopDraft }) {
  const [stop, setStop] = useState(draft);
  const change = (part: Partial<StopDraft>) => setStop((old) => ({ ...old, ...part }));
  return (
    <EditForm label={`Stop of ${of.service}`} of={of} edit={{ stop }} fields={fields} unchanged={isSame(stop, draft)}>
      <div className="grid grid-cols-2 gap-2">
        <TextField
          label="Signal"
          at={fields[0]}
          value={stop.signal}
          onChange={(signal) => change({ signal })}
          code
          autoFocus
        />
        <TextField
          label="Killed after"
          at={fields[1]}
          value={stop.grace}
          onChange={(grace) => change({ grace })}
          hint="such as 10s"
        />
      </div>
    </EditForm>
  );
}
