import { Pencil } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { IconButton } from "../ui/button.tsx";
import { CloseForm } from "./forms/edit-form.tsx";

/** A fact that can be changed: a pencil beside it opens its form in its place. */
export function Editable({
  name,
  label,
  form,
  children,
}: {
  name: string;
  /** What is edited, for the button. */
  label: string;
  /** Null: it cannot be changed here, or not yet. It puts itself away by {@link CloseForm}. */
  form: ReactNode;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    // Where one was before; the button is there again only after this render.
    requestAnimationFrame(() => pencil.current?.focus());
  };
  if (open && form !== null)
    return (
      <div className="col-span-2 my-1">
        <dt className="mb-1 font-medium">{name}</dt>
        <dd>
          <CloseForm value={close}>{form}</CloseForm>
        </dd>
      </div>
    );
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="flex min-w-0 items-start gap-1">
        <span className="min-w-0 flex-1">{children}</span>
        {form !== null && (
          <IconButton ref={pencil} label={label} className="-my-0.5" onClick={() => setOpen(true)}>
            <Pencil />
          </IconButton>
        )}
      </dd>
    </>
  );
}
