import { useState } from "react";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField } from "./field.tsx";

const fields = [["command"], ["working_dir"]] as const;

/** What is run, and where. */
export function CommandForm({ draft, ...of }: FormOf & { draft: ServiceDraft }) {
  const [command, setCommand] = useState(draft.command);
  const [folder, setFolder] = useState(draft.workingDirectory);
  const edit = {
    ...(command.trim() === draft.command ? {} : { command: command.trim() }),
    ...(folder.trim() === draft.workingDirectory ? {} : { workingDirectory: folder.trim() }),
  };
  return (
    <EditForm
      label={`Command of ${of.service}`}
      of={of}
      edit={edit}
      fields={fields}
      unchanged={Object.keys(edit).length === 0}
    >
      <TextField label="Shell line" at={fields[0]} value={command} onChange={setCommand} code autoFocus />
      <TextField label="Folder, from the project’s" at={fields[1]} value={folder} onChange={setFolder} code />
    </EditForm>
  );
}
