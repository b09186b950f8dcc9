import { useId, type ReactNode } from "react";
import { inputLook } from "../../ui/input-look.ts";
import { Words } from "../../ui/words.tsx";
import { useProblem } from "./edit-form.tsx";
import type { FieldPath } from "./field-problems.ts";

/** Something that is typed, with its name above it and what is wrong with it below. */
export function TextField({
  label,
  at,
  value,
  onChange,
  placeholder,
  hint,
  code = false,
  hideLabel = false,
  toldBelow = false,
  autoFocus = false,
  type = "text",
  className = "",
}: {
  label: string;
  /** Its place in deckhand.yaml. */
  at: FieldPath;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  hint?: ReactNode;
  code?: boolean;
  /** It stands in a row whose head names it. */
  hideLabel?: boolean;
  /** It stands in a row; what is wrong with it is said below the row, by {@link Wrong}. */
  toldBelow?: boolean;
  autoFocus?: boolean;
  type?: "text" | "password";
  className?: string;
}) {
  const id = useId();
  const problem = useProblem(at);
  const below = toldBelow ? undefined : problem !== null ? `${id}-problem` : hint ? `${id}-hint` : undefined;
  return (
    <div className={`min-w-0 ${className}`}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "mb-0.5 block text-sm text-muted"}>
        {label}
      </label>
      <input
        id={id}
        type={type}
        value={value}
        placeholder={placeholder}
        autoFocus={autoFocus}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem !== null}
        aria-describedby={below}
        onChange={(event) => onChange(event.target.value)}
        className={`${inputLook} w-full bg-raised ${code ? "font-mono" : ""}`}
      />
      {toldBelow ? null : problem !== null ? (
        <p id={`${id}-problem`} role="alert" className="mt-0.5 text-sm break-words text-bad">
          <Words text={problem} />
        </p>
      ) : (
        hint && (
          <p id={`${id}-hint`} className="mt-0.5 text-sm text-muted">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

/** A box to tick, with what it means. */
export function TickField({ label, on, onChange }: { label: ReactNode; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className="flex w-fit items-center gap-1.5 text-sm">
      <input
        type="checkbox"
        checked={on}
        onChange={(event) => onChange(event.target.checked)}
        className="size-3.5 accent-accent"
      />
      {label}
    </label>
  );
}

/** What is wrong with a place that is no single field. */
export function Wrong({ at }: { at: FieldPath }) {
  const problem = useProblem(at);
  return problem === null ? null : (
    <p role="alert" className="text-sm break-words text-bad">
      <Words text={problem} />
    </p>
  );
}
