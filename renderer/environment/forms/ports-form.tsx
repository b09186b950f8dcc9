import { Plus, X } from "lucide-react";
import type { PortDraft } from "#shared/schema/service-edit.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField, TickField, Wrong } from "./field.tsx";
import type { FieldPath } from "./field-problems.ts";
import { isSame, useRows } from "./rows.ts";

const fieldsOf = (name: string): FieldPath[] => [
  ["ports", name],
  ["ports", name, "prefer"],
  ["ports", name, "env"],
  ["ports", name, "option"],
];

/** The ports a service wants, and how it is told which it got. */
export function PortsForm({ draft, ...of }: FormOf & { draft: readonly PortDraft[] }) {
  const { rows, values, add, change, remove } = useRows(draft);
  return (
    <EditForm
      label={`Ports of ${of.service}`}
      of={of}
      edit={{ ports: values }}
      fields={[["ports"], ...values.flatMap(({ name }) => fieldsOf(name))]}
      unchanged={isSame(values, draft)}
    >
      {rows.map(({ id, value: port }, index) => (
        <fieldset key={id} className="flex flex-col gap-1.5">
          <legend className="sr-only">Port {port.name || index + 1}</legend>
          <div className="flex items-end gap-1.5">
            <TextField
              label="Name"
              at={["ports", port.name]}
              toldBelow
              value={port.name}
              onChange={(name) => change(id, { name })}
              className="flex-1"
            />
            <TextField
              label="Port"
              at={["ports", port.name, "prefer"]}
              toldBelow
              value={port.prefer}
              onChange={(prefer) => change(id, { prefer })}
              autoFocus={index === 0}
              className="w-17"
            />
            <IconButton
              label={`Remove the port ${port.name || index + 1}`}
              className="mb-0.5"
              onClick={() => remove(id)}
            >
              <X />
            </IconButton>
          </div>
          <Wrong at={["ports", port.name]} />
          <Wrong at={["ports", port.name, "prefer"]} />
          <div className="flex gap-1.5">
            <TextField
              label="Told by variable"
              at={["ports", port.name, "env"]}
              toldBelow
              value={port.env}
              placeholder="none"
              onChange={(env) => change(id, { env })}
              code
              className="flex-1"
            />
            <TextField
              label="or by option"
              at={["ports", port.name, "option"]}
              toldBelow
              value={port.option}
              placeholder="none"
              onChange={(option) => change(id, { option })}
              code
              className="flex-1"
            />
          </div>
          <Wrong at={["ports", port.name, "env"]} />
          <Wrong at={["ports", port.name, "option"]} />
          <TickField
            label="Only this port: wait until it is free"
            on={port.strict}
            onChange={(strict) => change(id, { strict })}
          />
        </fieldset>
      ))}
      {rows.length === 0 && <p className="text-sm text-muted">It listens on no port.</p>}
      <Wrong at={["ports"]} />
      <Button
        small
        className="self-start"
        icon={<Plus className="size-3" aria-hidden="true" />}
        onClick={() =>
          add({ name: freeName(values), prefer: "", env: values.length === 0 ? "PORT" : "", option: "", strict: false })
        }
      >
        Add port
      </Button>
      <p className="text-sm text-muted">
        Without a variable or an option the command fixes its port, and it cannot be moved where somebody else has it.
      </p>
    </EditForm>
  );
}

function freeName(ports: readonly PortDraft[]): string {
  const names = new Set(ports.map(({ name }) => name));
  let name = "http";
  for (let count = 2; names.has(name); count += 1) name = `port${count}`;
  return name;
}
