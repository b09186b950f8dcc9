/** Environment variables as rows of a form: what is typed may be unfinished, and an unfinished row is nobody's setting. */
import { checkSetting, type Checked } from "./server-fields.ts";

export type Variable = { readonly id: number; readonly name: string; readonly value: string };

export function rowsOf(variables: Readonly<Record<string, string>>): Variable[] {
  return Object.entries(variables).map(([name, value], id) => ({ id, name, value }));
}

/** What is wrong with a row, by its id; an empty object where everything can be used. */
export function rowProblems(rows: readonly Variable[]): Record<number, string> {
  const problems: Record<number, string> = {};
  const seen = new Set<string>();
  for (const { id, name, value } of rows) {
    if (name === "" && value === "") continue;
    const checked = variable(name, value);
    if (!checked.ok) problems[id] = checked.wants;
    else if (seen.has(name)) problems[id] = `${name} stands here twice.`;
    seen.add(name);
  }
  return problems;
}

/** The rows as the setting; rows with nothing in them do not count. */
export function settingOf(rows: readonly Variable[]): Record<string, string> {
  return Object.fromEntries(rows.filter(({ name }) => name !== "").map(({ name, value }) => [name, value]));
}

/** Whatever order they stand in. */
export function sameVariables(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** `NAME=value` that was pasted into the field of the name, taken apart. */
export function pasted(text: string): { name: string; value: string } | null {
  const found = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/s.exec(text.trim());
  return found?.[1] === undefined ? null : { name: found[1], value: (found[2] ?? "").replace(/^(["'])(.*)\1$/s, "$2") };
}

function variable(name: string, value: string): Checked<Record<string, string>> {
  if (name === "") return { ok: false, wants: "A name is missing." };
  return checkSetting("environment", { [name]: value });
}
