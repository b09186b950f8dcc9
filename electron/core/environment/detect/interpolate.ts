/** The variable syntax of compose files: `$A`, `${A}`, `${A:-x}`, `${A-x}`, `${A:?x}`, `${A?x}`, `${A:+x}`, `${A+x}`, `$$`. */

export type Interpolated =
  | { readonly ok: true; readonly text: string; readonly missing: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** How deep defaults may hold defaults. */
const MAX_DEPTH = 16;

class InterpolationError extends Error {}

/** Replaces the variables of one text. A variable that is not set counts as empty and is named in `missing`. */
export function interpolate(text: string, variables: ReadonlyMap<string, string>): Interpolated {
  const missing = new Set<string>();
  try {
    return { ok: true, text: replace(text, variables, missing, 0), missing: [...missing] };
  } catch (error) {
    if (error instanceof InterpolationError) return { ok: false, reason: error.message };
    throw error;
  }
}

function replace(text: string, variables: ReadonlyMap<string, string>, missing: Set<string>, depth: number): string {
  if (depth > MAX_DEPTH) throw new InterpolationError("variables are nested too deeply");
  let result = "";
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf("$", index);
    if (dollar < 0) return result + text.slice(index);
    result += text.slice(index, dollar);
    const next = text.charAt(dollar + 1);
    if (next === "$") {
      result += "$";
      index = dollar + 2;
    } else if (next === "{") {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) throw new InterpolationError(`\`${text.slice(dollar, dollar + 40)}\` has no closing brace`);
      result += braced(text.slice(dollar + 2, end), variables, missing, depth);
      index = end + 1;
    } else {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1, dollar + 257))?.[0];
      if (name === undefined) {
        result += "$";
        index = dollar + 1;
      } else {
        result += lookUp(name, variables, missing);
        index = dollar + 1 + name.length;
      }
    }
  }
  return result;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith("${", index)) depth += 1;
    else if (text.charAt(index) === "}") depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}

function braced(body: string, variables: ReadonlyMap<string, string>, missing: Set<string>, depth: number): string {
  const [, name, operator = "", rest = ""] = /^([A-Za-z_]\w*)(:?[-?+])?([\s\S]*)$/.exec(body) ?? [];
  if (name === undefined || (operator === "" && rest !== "")) {
    throw new InterpolationError(`\`\${${body.slice(0, 40)}}\` is no variable`);
  }
  const value = variables.get(name);
  const present = value !== undefined && !(operator.startsWith(":") && value === "");
  const kind = operator.at(-1);
  if (kind === "-") return present ? (value ?? "") : replace(rest, variables, missing, depth + 1);
  if (kind === "+") return present ? replace(rest, variables, missing, depth + 1) : "";
  if (kind === "?" && !present) {
    const said = replace(rest, variables, missing, depth + 1);
    throw new InterpolationError(`the variable ${name} must be set${said === "" ? "" : `: ${said}`}`);
  }
  return lookUp(name, variables, missing);
}

function lookUp(name: string, variables: ReadonlyMap<string, string>, missing: Set<string>): string {
  const value = variables.get(name);
  if (value === undefined) missing.add(name);
  return value ?? "";
}
