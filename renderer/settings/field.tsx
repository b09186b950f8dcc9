import { useId, type ReactNode } from "react";
import { Toggle } from "../ui/toggle.tsx";

/** One setting: what it is called, what it does, its control at the right, and what is wrong with what was typed. */
export function Field({
  label,
  hint,
  error = null,
  children,
}: {
  label: ReactNode;
  hint: ReactNode;
  error?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="flex items-start justify-between gap-6">
      <div className="min-w-0 flex-1">
        <div className="font-medium">{label}</div>
        <div className="text-sm text-muted">{hint}</div>
        {error && (
          <div role="alert" className="mt-0.5 text-sm text-bad">
            {error}
          </div>
        )}
      </div>
      <div className="flex shrink-0 items-center gap-2">{children}</div>
    </div>
  );
}

/** Puts a setting back; takes no room where there is nothing to put back. */
export function Reset({ name, shown, onReset }: { name: string; shown: boolean; onReset: () => void }) {
  if (!shown) return null;
  return (
    <button
      type="button"
      aria-label={`Reset ${name} to its default`}
      onClick={onReset}
      className="rounded-sm text-sm text-link hover:underline"
    >
      Reset
    </button>
  );
}

export function SwitchRow({
  label,
  hint,
  on,
  onChange,
}: {
  label: string;
  hint: string;
  on: boolean;
  onChange: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <Field label={<span id={id}>{label}</span>} hint={hint}>
      <Toggle labelledBy={id} on={on} onChange={onChange} />
    </Field>
  );
}
