import { Plus, X } from "lucide-react";
import { useState } from "react";
import type { WatchDraft } from "#shared/schema/service-edit.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField, Wrong } from "./field.tsx";
import { isSame, useRows, type Rows } from "./rows.ts";

type Line = { readonly text: string };

const linesOf = (texts: readonly string[]): Line[] => texts.map((text) => ({ text }));

/** Files whose change restarts a service. */
export function WatchForm({ draft, ...of }: FormOf & { draft: WatchDraft }) {
  const paths = useRows(linesOf(draft.paths));
  const ignore = useRows(linesOf(draft.ignore));
  const [debounce, setDebounce] = useState(draft.debounce);
  const watch = {
    paths: paths.values.map(({ text }) => text),
    ignore: ignore.values.map(({ text }) => text),
    debounce,
  };
  return (
    <EditForm
      label={`Watched files of ${of.service}`}
      of={of}
      edit={{ watch }}
      fields={[
        ["watch"],
        ["watch", "debounce"],
        ...watch.paths.map((_, index) => ["watch", "paths", index]),
        ...watch.ignore.map((_, index) => ["watch", "ignore", index]),
      ]}
      unchanged={isSame(watch, draft)}
    >
      <Lines of={paths} under="paths" word="Path" add="Add path" />
      {paths.rows.length === 0 ? (
        <p className="text-sm text-muted">No change of a file restarts it.</p>
      ) : (
        <>
          <Lines of={ignore} under="ignore" word="Left out" add="Leave out…" />
          <TextField
            label="Restart when nothing more has changed for"
            at={["watch", "debounce"]}
            value={debounce}
            placeholder="300ms"
            onChange={setDebounce}
          />
        </>
      )}
      <Wrong at={["watch"]} />
    </EditForm>
  );
}

function Lines({
  of: { rows, add: addRow, change, remove },
  under,
  word,
  add,
}: {
  of: Rows<Line>;
  under: "paths" | "ignore";
  word: string;
  add: string;
}) {
  return (
    <div className="flex flex-col gap-1.5">
      {rows.map(({ id, value: { text } }, index) => (
        <div key={id} className="flex items-start gap-1.5">
          <TextField
            label={`${word} ${index + 1}`}
            hideLabel
            at={["watch", under, index]}
            value={text}
            placeholder={under === "paths" ? "src" : "**/*.test.ts"}
            onChange={(next) => change(id, { text: next })}
            autoFocus={text === ""}
            code
            className="flex-1"
          />
          <IconButton label={`Remove ${text || `${word.toLowerCase()} ${index + 1}`}`} onClick={() => remove(id)}>
            <X />
          </IconButton>
        </div>
      ))}
      <Button
        small
        className="self-start"
        icon={<Plus className="size-3" aria-hidden="true" />}
        onClick={() => addRow({ text: "" })}
      >
        {add}
      </Button>
    </div>
  );
}
