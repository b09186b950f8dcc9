/** The variable syntax of compose files: `$A`, `${A}`, `${A:-x}`, `${A-x}`, `${A:?x}`, `${A?x}`, `${A:+x}`, `${A+x}`, `$$`. */

export type Interpolated =
  | { readonly ok: true; readonly text: string; readonly missing: readonly string[] }
  | { readonly ok: false; readonly reason: string };

export type Template =
  | {
      readonly ok: true;
      readonly text: string;
      readonly missing: readonly string[];
      /** Some of its variables are only known later: `text` is in the syntax of this file still. */
      readonly isLate: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/** How deep defaults may hold defaults. */
const MAX_DEPTH = 16;

class InterpolationError extends Error {}

/** What a replacement goes by, and what it has met. */
interface Replacement {
  readonly variables: ReadonlyMap<string, string>;
  readonly missing: Set<string>;
  /** Null: everything is replaced. */
  readonly late: { readonly is: (name: string) => boolean; met: boolean } | null;
}

/** Replaces the variables of one text. A variable that is not set counts as empty and is named in `missing`. */
export function interpolate(text: string, variables: ReadonlyMap<string, string>): Interpolated {
  const missing = new Set<string>();
  return attempt<Interpolated>(() => {
    const replaced = replace(text, { variables, missing, late: null }, 0);
    return { ok: true, text: replaced, missing: [...missing] };
  });
}

/**
 * The same, but for the variables of which `isLate` says that they are only known later: these stay as they are written, with
 * what is known of them now as their default. If there are any, `interpolate` makes of the result what it makes of the text.
 */
export function interpolateExcept(
  text: string,
  variables: ReadonlyMap<string, string>,
  isLate: (name: string) => boolean,
): Template {
  return attempt<Template>(() => {
    const missing = new Set<string>();
    const late = { is: isLate, met: false };
    const kept = replace(text, { variables, missing, late }, 0);
    const all = late.met ? kept : replace(text, { variables, missing, late: null }, 0);
    return { ok: true, text: all, missing: [...missing], isLate: late.met };
  });
}

function attempt<Result>(work: () => Result): Result | { readonly ok: false; readonly reason: string } {
  try {
    return work();
  } catch (error) {
    if (error instanceof InterpolationError) return { ok: false, reason: error.message };
    throw error;
  }
}

/** A text that means itself, in a result that is replaced once more. */
function literal(text: string, { late }: Replacement): string {
  return late === null ? text : text.replaceAll("$", "$$$$");
}

function replace(text: string, replacement: Replacement, depth: number): string {
  if (depth > MAX_DEPTH) throw new InterpolationError("variables are nested too deeply");
  let result = "";
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf("$", index);
    if (dollar < 0) return result + text.slice(index);
    result += text.slice(index, dollar);
    const next = text.charAt(dollar + 1);
    if (next === "$") {
      result += literal("$", replacement);
      index = dollar + 2;
    } else if (next === "{") {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) throw new InterpolationError(`\`${text.slice(dollar, dollar + 40)}\` has no closing brace`);
      result += braced(text.slice(dollar + 2, end), replacement, depth);
      index = end + 1;
    } else {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1, dollar + 257))?.[0];
      if (name === undefined) {
        result += literal("$", replacement);
        index = dollar + 1;
      } else {
        result += lookUp(name, replacement);
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

function braced(body: string, replacement: Replacement, depth: number): string {
  const [, name, operator = "", rest = ""] = /^([A-Za-z_]\w*)(:?[-?+])?([\s\S]*)$/.exec(body) ?? [];
  if (name === undefined || (operator === "" && rest !== "")) {
    throw new InterpolationError(`\`\${${body.slice(0, 40)}}\` is no variable`);
  }
  const { variables, late } = replacement;
  const value = variables.get(name);
  const present = value !== undefined && !(operator.startsWith(":") && value === "");
  const kind = operator.at(-1);
  const other = () => replace(rest, replacement, depth + 1);
  if (late?.is(name) === true && !(kind === "+" && present)) {
    late.met = true;
    if (present && kind !== undefined) return lateVariable(name, operator.replace("?", "-"), value, replacement);
    return kind === undefined ? lateVariable(name, "-", value, replacement) : `\${${name}${operator}${other()}}`;
  }
  if (kind === "-") return present ? literal(value, replacement) : other();
  if (kind === "+") return present ? other() : "";
  if (kind === "?" && !present) {
    const said = other();
    throw new InterpolationError(`the variable ${name} must be set${said === "" ? "" : `: ${said}`}`);
  }
  return lookUp(name, replacement);
}

function lookUp(name: string, replacement: Replacement): string {
  const { variables, missing, late } = replacement;
  const value = variables.get(name);
  if (late?.is(name) === true) {
    late.met = true;
    return lateVariable(name, "-", value, replacement);
  }
  if (value === undefined) missing.add(name);
  return literal(value ?? "", replacement);
}

/** What is known of it now counts where it does not become known later. A brace in it would end it early, so that is left out. */
function lateVariable(name: string, operator: string, value: string | undefined, replacement: Replacement): string {
  if (value === undefined || /[{}]/.test(value)) return `\${${name}}`;
  return `\${${name}${operator}${literal(value, replacement)}}`;
}
