/** What the host says of a form, each where it belongs. Pure. */
import { z } from "zod";
import type { Failure } from "#shared/failure.ts";
import { fieldProblemSchema, type FieldProblem } from "#shared/schema/service-edit.ts";

/** Keys of deckhand.yaml that lead to a field, below its service. */
export type FieldPath = readonly (string | number)[];

/** The places of a refusal; empty where it is about no field. */
export function fieldProblems({ code, details }: Failure): readonly FieldProblem[] {
  if (code !== "bad_input") return [];
  const read = z.array(fieldProblemSchema).safeParse(details["fields"]);
  return read.success ? read.data : [];
}

export interface PlacedProblems {
  /** What is wrong with a field; null: nothing. */
  readonly at: (field: FieldPath) => string | null;
  /** What is about none of the fields. */
  readonly rest: readonly string[];
}

/** Gives each problem to the field that is nearest to its place, from above. */
export function placeProblems(problems: readonly FieldProblem[], fields: readonly FieldPath[]): PlacedProblems {
  const placed = new Map<string, string>();
  const rest: string[] = [];
  for (const { path, message } of problems) {
    const field = fields
      .filter((one) => one.length <= path.length && one.every((step, index) => step === path[index]))
      .reduce<FieldPath | null>((best, one) => (best === null || one.length > best.length ? one : best), null);
    if (field === null) rest.push(message);
    else placed.set(keyOf(field), [placed.get(keyOf(field)), message].filter(Boolean).join(" "));
  }
  return { at: (field) => placed.get(keyOf(field)) ?? null, rest };
}

function keyOf(path: FieldPath): string {
  return JSON.stringify(path);
}
