/** The variables of a service as rows of a form. A secret has no value here: it is kept, or replaced, and never shown. Pure. */
import type { ServiceDraft, ServiceEdit } from "#shared/schema/service-edit.ts";

export interface VariableRow {
  readonly name: string;
  /** As it was typed; null: as it is, and not known here. */
  readonly value: string | null;
  /** Null: a new one. */
  readonly known: ServiceDraft["environment"][number] | null;
}

export function rowsOf(environment: ServiceDraft["environment"]): VariableRow[] {
  return environment.map((known) => ({ name: known.name, value: known.value, known }));
}

/** What differs from what is set: typed values, and null for what was taken out. A row with nothing in it does not count. */
export function changesOf(
  rows: readonly VariableRow[],
  environment: ServiceDraft["environment"],
): NonNullable<ServiceEdit["environment"]> {
  const kept = new Set(rows.map(({ name }) => name));
  const gone = environment.filter(({ name }) => !kept.has(name)).map(({ name }) => [name, null] as const);
  const typed = rows.flatMap(({ name, value, known }) => {
    if (value === null || value === known?.value || (known === null && name === "" && value === "")) return [];
    return [[name, value] as const];
  });
  return [...gone, ...typed].map(([name, value]) => [name, value]);
}
