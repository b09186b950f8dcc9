import { Eye, EyeOff, Plus, X } from "lucide-react";
import { useState, type ClipboardEvent, type FocusEvent } from "react";
import { Button, IconButton } from "../ui/button.tsx";
import { useActions } from "../view/app.ts";
import { pasted, rowProblems, rowsOf, sameVariables, settingOf, type Variable } from "./environment-rows.ts";
import { inputLook } from "../ui/input-look.ts";
import { Reset } from "./field.tsx";

/** Variables that every server gets on top of the login shell's. Values stay masked until they are asked for. */
export function EnvironmentSetting({ variables }: { variables: Readonly<Record<string, string>> }) {
  const actions = useActions();
  const [rows, setRows] = useState<Variable[]>(() => rowsOf(variables));
  const [known, setKnown] = useState(variables);
  const [shown, setShown] = useState(false);
  const problems = rowProblems(rows);
  const nextId = Math.max(-1, ...rows.map(({ id }) => id)) + 1;

  // Changed elsewhere, or put back: then these are the rows. What comes back of our own change leaves them as they are.
  if (!sameVariables(known, variables)) {
    setKnown(variables);
    if (!sameVariables(settingOf(rows), variables)) setRows(rowsOf(variables));
  }
  const save = (next: readonly Variable[]) => {
    if (Object.keys(rowProblems(next)).length > 0) return;
    const setting = settingOf(next);
    if (!sameVariables(setting, variables)) void actions.changeSettings({ server: { environment: setting } });
  };
  const change = (id: number, part: Partial<Variable>) =>
    setRows((old) => old.map((row) => (row.id === id ? Object.assign({}, row, part) : row)));
  const paste = (id: number) => (event: ClipboardEvent) => {
    const both = pasted(event.clipboardData.getData("text"));
    if (!both) return;
    event.preventDefault();
    change(id, both);
  };
  const replace = (next: Variable[]) => {
    setRows(next);
    save(next);
  };
  // Going from the name to the value of one row is no end of typing.
  const left = (event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) save(rows);
  };

  return (
    <section aria-label="Extra environment">
      <div className="flex items-center justify-between">
        <h4 className="font-medium">Extra environment</h4>
        <span className="flex items-center gap-2">
          <Reset name="Extra environment" shown={Object.keys(variables).length > 0} onReset={() => replace([])} />
          {rows.length > 0 && (
            <IconButton
              label={shown ? "Hide the values" : "Show the values"}
              aria-pressed={shown}
              onClick={() => setShown(!shown)}
            >
              {shown ? <EyeOff /> : <Eye />}
            </IconButton>
          )}
          <Button
            small
            icon={<Plus className="size-3" aria-hidden="true" />}
            onClick={() => setRows((old) => [...old, { id: nextId, name: "", value: "" }])}
          >
            Add variable
          </Button>
        </span>
      </div>
      <p className="text-sm text-muted">Added to the environment of your login shell.</p>
      <ul className="mt-1.5 flex flex-col gap-1.5">
        {rows.map((row, index) => (
          <li key={row.id} onBlur={left}>
            <div className="flex items-center gap-1.5">
              <input
                aria-label={`Name of variable ${index + 1}`}
                aria-invalid={row.id in problems}
                value={row.name}
                // A row that was just added is where one goes on.
                autoFocus={row.id === nextId - 1 && row.name === "" && row.value === ""}
                placeholder="NAME"
                spellCheck={false}
                autoComplete="off"
                onPaste={paste(row.id)}
                onChange={(event) => change(row.id, { name: event.target.value })}
                className={`${inputLook} w-44 font-mono`}
              />
              <span aria-hidden="true" className="text-faint">
                =
              </span>
              <input
                aria-label={`Value of ${row.name || `variable ${index + 1}`}`}
                type={shown ? "text" : "password"}
                value={row.value}
                placeholder="value"
                spellCheck={false}
                autoComplete="off"
                onChange={(event) => change(row.id, { value: event.target.value })}
                className={`${inputLook} min-w-0 flex-1 font-mono`}
              />
              <IconButton
                label={`Remove ${row.name || `variable ${index + 1}`}`}
                onClick={() => replace(rows.filter(({ id }) => id !== row.id))}
              >
                <X />
              </IconButton>
            </div>
            {problems[row.id] && (
              <p role="alert" className="mt-0.5 text-sm text-bad">
                {problems[row.id]}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
