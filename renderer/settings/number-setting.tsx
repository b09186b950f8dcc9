import { useId, useState } from "react";
import { defaultServerSettings, type ServerSettings } from "#shared/schema/settings.ts";
import { useActions } from "../view/app.ts";
import { inputLook } from "../ui/input-look.ts";
import { Field, Reset } from "./field.tsx";
import { checkNumber, showNumber, takesHint, type NumberField } from "./server-fields.ts";

/** A number with its unit. What is typed counts when the field is left or Enter is pressed, if it is one that fits. */
export function NumberSetting({ field, settings }: { field: NumberField; settings: ServerSettings }) {
  const actions = useActions();
  const id = useId();
  const value = settings[field.name];
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? showNumber(field, value);
  const checked = checkNumber(field, text);
  const byDefault = defaultServerSettings[field.name];
  const save = () => {
    if (!checked.ok) return;
    setTyped(null);
    if (checked.value !== value) void actions.changeSettings({ server: { [field.name]: checked.value } });
  };
  const defaultText = showNumber(field, byDefault);
  const shownDefault = defaultText === "" ? field.empty?.word.toLowerCase() : `${defaultText} ${field.unit}`.trim();
  return (
    <Field
      label={<label htmlFor={id}>{field.label}</label>}
      hint={
        <span id={`${id}-hint`}>
          {field.hint} Default: {shownDefault}. {takesHint(field.takes)}
        </span>
      }
      error={!checked.ok && <span id={`${id}-error`}>{checked.wants}</span>}
    >
      <Reset
        name={field.label}
        shown={value !== byDefault}
        onReset={() => {
          setTyped(null);
          void actions.changeSettings({ server: { [field.name]: byDefault } });
        }}
      />
      <input
        id={id}
        inputMode="numeric"
        value={text}
        placeholder={field.empty?.word}
        aria-invalid={!checked.ok}
        aria-describedby={checked.ok ? `${id}-hint` : `${id}-error`}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Enter" && save()}
        className={`${inputLook} w-22 text-right tabular-nums`}
      />
      {field.unit !== "" && <span className="w-13 text-sm text-muted">{field.unit}</span>}
    </Field>
  );
}
