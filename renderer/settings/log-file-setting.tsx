import { useId, useState } from "react";
import { useActions } from "../view/app.ts";
import { inputLook } from "../ui/input-look.ts";
import { Reset } from "./field.tsx";
import { checkSetting } from "./server-fields.ts";

/** The path of the plain-text log, over the whole width. Saved when the field is left, if it is one. */
export function LogFileSetting({ logFile }: { logFile: string | null }) {
  const actions = useActions();
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? logFile ?? "";
  const checked = checkSetting("logFile", text.trim() === "" ? null : text.trim());
  const save = () => {
    if (!checked.ok) return;
    setTyped(null);
    if (checked.value !== logFile) void actions.changeSettings({ server: { logFile: checked.value } });
  };
  return (
    <div>
      <div className="flex items-baseline justify-between">
        <label htmlFor={id} className="font-medium">
          Log file
        </label>
        <Reset
          name="Log file"
          shown={logFile !== null}
          onReset={() => {
            setTyped(null);
            void actions.changeSettings({ server: { logFile: null } });
          }}
        />
      </div>
      <div id={`${id}-hint`} className="mb-1.5 text-sm text-muted">
        A plain-text copy of what servers write, rotated. Default: none.
      </div>
      <input
        id={id}
        value={text}
        placeholder="None"
        spellCheck={false}
        autoComplete="off"
        aria-invalid={!checked.ok}
        aria-describedby={checked.ok ? `${id}-hint` : `${id}-error`}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Enter" && save()}
        className={`${inputLook} w-full font-mono`}
      />
      {!checked.ok && (
        <div id={`${id}-error`} role="alert" className="mt-0.5 text-sm text-bad">
          {checked.wants}
        </div>
      )}
    </div>
  );
}
