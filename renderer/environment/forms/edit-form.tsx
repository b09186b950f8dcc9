import { createContext, use, useMemo, useState, type ReactNode } from "react";
import type { Failure } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { FieldProblem, ServiceEdit } from "#shared/schema/service-edit.ts";
import { Button } from "../../ui/button.tsx";
import { FailureLine } from "../../ui/failure-line.tsx";
import { Words } from "../../ui/words.tsx";
import { failureOf } from "../../view/actions.ts";
import { useApp } from "../../view/app.ts";
import { fieldProblems, placeProblems, type FieldPath, type PlacedProblems } from "./field-problems.ts";

/** What every form of a service is given. */
export interface FormOf {
  readonly workspace: WorkspaceId;
  readonly service: string;
}

/** Puts the form away that stands in it: it was saved, or called off. */
export const CloseForm = createContext<() => void>(() => {});

const nothing: PlacedProblems = { at: () => null, rest: [] };
const Problems = createContext<PlacedProblems>(nothing);

/** What is wrong with a field of the form around it; null: nothing is. */
export const useProblem = (field: FieldPath): string | null => use(Problems).at(field);

/**
 * The frame of a form: it asks the host what would be written, shows what cannot be where it was typed, and leads to the change
 * before it is made. What was typed stays until it is saved or called off.
 */
export function EditForm({
  label,
  of: { workspace, service },
  edit,
  fields,
  unchanged,
  children,
}: {
  label: string;
  of: FormOf;
  /** What was typed. */
  edit: Omit<ServiceEdit, "service">;
  /** Its fields, by their places in deckhand.yaml. */
  fields: readonly FieldPath[];
  unchanged: boolean;
  children: ReactNode;
}) {
  const { client, actions } = useApp();
  const onClose = use(CloseForm);
  const [problems, setProblems] = useState<readonly FieldProblem[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [pending, setPending] = useState(false);
  const placed = useMemo(() => placeProblems(problems, fields), [problems, fields]);

  const check = async () => {
    const change = { workspace, write: "changes" as const, edits: [{ service, ...edit }] };
    setPending(true);
    try {
      await client.call("config.preview", change);
      setProblems([]);
      setFailure(null);
      actions.editConfig(change, onClose);
    } catch (error) {
      const trouble = failureOf(error);
      const wrong = fieldProblems(trouble);
      setProblems(wrong);
      setFailure(wrong.length === 0 ? trouble : null);
    } finally {
      setPending(false);
    }
  };

  return (
    <form
      aria-label={label}
      className="flex flex-col gap-2.5 rounded-md bg-sunken p-2.5 inset-ring inset-ring-line"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!unchanged && !pending) void check();
      }}
      // Esc takes back the edit, and leaves the details open.
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        onClose();
      }}
    >
      <Problems value={placed}>{children}</Problems>
      {placed.rest.map((message) => (
        <p key={message} role="alert" className="text-sm text-bad">
          <Words text={message} />
        </p>
      ))}
      {failure && <FailureLine failure={failure} />}
      <div className="flex gap-1.5">
        <Button small kind="primary" type="submit" pending={pending} disabled={unchanged}>
          Continue…
        </Button>
        <Button small onClick={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
