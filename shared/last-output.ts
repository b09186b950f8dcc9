import type { Failure } from "./failure.ts";

/** What a failed process said last, a line each. Empty where the failure has none of it. */
export interface LastOutput {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Both as one, where nobody kept them apart. */
  readonly mixed: readonly string[];
}

/** The last lines that a failure carries in its details, whichever of the agreed names they have there. */
export function lastOutput({ details }: Pick<Failure, "details">): LastOutput {
  const stdout = linesOf(details["stdout"]);
  const stderr = linesOf(details["stderr"]);
  const apart = stdout.length > 0 || stderr.length > 0;
  return { stdout, stderr, mixed: apart ? [] : [details["tail"], details["lines"]].flatMap(linesOf) };
}

function linesOf(value: unknown): readonly string[] {
  if (typeof value === "string") return value === "" ? [] : value.replace(/\n$/, "").split("\n");
  return Array.isArray(value) ? value.map(String) : [];
}
