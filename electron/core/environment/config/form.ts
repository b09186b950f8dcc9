/**
 * What a value of a configuration file may look like: one description that reads the value and is printed as JSON Schema for
 * editors, so that the two cannot differ.
 *
 * A validator that answers yes or no about the whole is of no use here: a wrong key must be told with its place, and everything
 * beside it must still count. So a form reads what it can, reports what it cannot, and answers `undefined` for what is lost.
 * Keys are strangers' (`__proto__`), hence maps.
 */
import { isYamlMap, type YamlPath, type YamlValue } from "../detect/yaml-values.ts";
import { nearestWord } from "./nearest-word.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a value stands, and who is told of what is wrong with it. */
export interface Spot {
  readonly path: YamlPath;
  /** A warning: nothing is lost by it. */
  readonly report: (path: YamlPath, message: string, severity?: "error" | "warning") => void;
}

export interface Form<Value> {
  /** What is expected, for messages: ``a duration such as `10s` ``. */
  readonly says: string;
  readonly schema: JsonSchema;
  /** Undefined: it is none, and that was reported. */
  read(value: YamlValue, spot: Spot): Value | undefined;
}

/** The value a form reads. */
export type Read<F> = F extends Form<infer Value> ? Value : never;

export function inside(spot: Spot, step: string | number): Spot {
  return { path: [...spot.path, step], report: spot.report };
}

/** Says that a value is not what was expected there. */
export function refuse(value: YamlValue, spot: Spot, says: string): undefined {
  const key = spot.path.findLast((step) => typeof step === "string") ?? "the file";
  spot.report(spot.path, `\`${key}\` is ${shown(value)}, but ${says} is expected. Correct it.`);
  return undefined;
}

/** A value for a message. */
export function shown(value: YamlValue): string {
  if (value === null) return "empty";
  if (isYamlMap(value)) return "a map";
  if (Array.isArray(value)) return "a list";
  const written = JSON.stringify(value);
  return written.length > 60 ? `${written.slice(0, 57)}…` : written;
}

/** A form made of a function that answers `undefined` for what it does not take. */
export function scalar<Value>(
  says: string,
  schema: JsonSchema,
  take: (value: string | number | boolean) => Value | undefined,
): Form<Value> {
  return {
    says,
    schema,
    read(value, spot) {
      const taken = isScalarValue(value) ? take(value) : undefined;
      return taken === undefined ? refuse(value, spot, says) : taken;
    },
  };
}

function isScalarValue(value: YamlValue): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Text; numbers are taken as they are written. Never empty, and without NUL, which no argument or variable can hold. */
export function text(says = "a text"): Form<string> {
  return scalar(says, { type: ["string", "number"], minLength: 1 }, (value) => {
    if (typeof value === "boolean") return undefined;
    const written = String(value);
    return written === "" || written.includes("\0") ? undefined : written;
  });
}

export function flag(): Form<boolean> {
  return scalar("`true` or `false`", { type: "boolean" }, (value) => (typeof value === "boolean" ? value : undefined));
}

export function wholeNumber(min: number, max: number): Form<number> {
  const says = `a whole number from ${min} to ${max}`;
  return scalar(says, { type: "integer", minimum: min, maximum: max }, (value) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max
      ? number
      : undefined;
  });
}

/** One of some words; aliases stand for one of the others. */
export function words<Word extends string>(meanings: Readonly<Record<string, Word>>, hint?: string): Form<Word> {
  const byWord = new Map(Object.entries(meanings));
  const says = `one of ${(hint ?? [...byWord.keys()].join(", ")).trim()}`;
  return scalar(says, { enum: [...byWord.keys()] }, (value) => byWord.get(String(value)));
}

/** What is wrong with one item loses that item only. */
export function listOf<Value>(item: Form<Value>, says = `a list (${item.says})`): Form<readonly Value[]> {
  return {
    says,
    schema: { type: "array", items: item.schema },
    read(value, spot) {
      if (!Array.isArray(value)) return refuse(value, spot, says);
      return readItems(item, value, spot);
    },
  };
}

/** One, or a list of them. */
export function oneOrMore<Value>(item: Form<Value>): Form<readonly Value[]> {
  return {
    says: `${item.says}, or a list`,
    schema: { anyOf: [item.schema, { type: "array", items: item.schema }] },
    read(value, spot) {
      if (Array.isArray(value)) return readItems(item, value, spot);
      const one = item.read(value, spot);
      return one === undefined ? undefined : [one];
    },
  };
}

function readItems<Value>(item: Form<Value>, values: readonly YamlValue[], spot: Spot): Value[] {
  return values.flatMap((one, index) => {
    const read = item.read(one, inside(spot, index));
    return read === undefined ? [] : [read];
  });
}

/** Names to values. `takeName` answers what is wrong with a name, or null. */
export function mapOf<Value>(
  item: Form<Value>,
  options: { readonly says?: string; readonly takeName?: (name: string) => string | null } = {},
): Form<ReadonlyMap<string, Value>> {
  const says = options.says ?? `a map (name: ${item.says})`;
  return {
    says,
    schema: { type: "object", additionalProperties: item.schema },
    read(value, spot) {
      if (!isYamlMap(value)) return refuse(value, spot, says);
      const result = new Map<string, Value>();
      for (const [name, one] of value) {
        const wrong = options.takeName?.(name) ?? null;
        if (wrong !== null) {
          spot.report([...spot.path, name], wrong);
          continue;
        }
        const read = item.read(one, inside(spot, name));
        if (read !== undefined) result.set(name, read);
      }
      return result;
    },
  };
}

/** Unknown keys of one map that are told one by one. */
const MAX_UNKNOWN = 20;

type Fields = Readonly<Record<string, Form<unknown>>>;
type ReadFields<F extends Fields> = { readonly [Key in keyof F]?: Read<F[Key]> };

/**
 * A map with known keys. An empty value counts as absent, unless its form takes `null` by itself. Unknown keys are reported with
 * the known one that looks most like them; keys that begin with `x-` are everybody's own.
 *
 * @param elsewhere Keys that are known but mean nothing here, each with the sentence that says why; they are reported, too.
 */
export function keys<F extends Fields>(
  says: string,
  fields: F,
  options: {
    readonly elsewhere?: ReadonlyMap<string, string>;
    readonly required?: readonly (keyof F & string)[];
    readonly description?: string;
  } = {},
): Form<ReadFields<F>> {
  const forms = new Map(Object.entries(fields));
  return {
    says,
    schema: {
      ...(options.description === undefined ? {} : { description: options.description }),
      type: "object",
      properties: Object.fromEntries([...forms].map(([key, form]) => [key, form.schema])),
      patternProperties: { "^x-": {} },
      additionalProperties: false,
      ...(options.required === undefined ? {} : { required: options.required }),
    },
    read(value, spot) {
      if (!isYamlMap(value)) return refuse(value, spot, says);
      const result = new Map<string, unknown>();
      let unknown = 0;
      for (const [key, one] of value) {
        const form = forms.get(key);
        if (form === undefined) {
          const ignored = options.elsewhere?.get(key);
          if (ignored !== undefined) spot.report([...spot.path, key], ignored, "warning");
          else if (!key.startsWith("x-")) {
            unknown += 1;
            if (unknown <= MAX_UNKNOWN) spot.report([...spot.path, key], unknownKey(key, forms));
          }
        } else if (one !== null || acceptsNull.has(form)) {
          const read = form.read(one, inside(spot, key));
          if (read !== undefined) result.set(key, read);
        }
      }
      if (unknown > MAX_UNKNOWN) {
        spot.report(spot.path, `${unknown - MAX_UNKNOWN} more keys are not known here. Remove them.`);
      }
      for (const key of options.required ?? []) {
        if (result.has(key)) continue;
        // A wrong one was reported already.
        if (!value.has(key)) spot.report(spot.path, `\`${key}\` is missing in ${says}. Add it.`);
        return undefined;
      }
      // Only known keys, so nothing of a stranger's becomes a key of an object.
      return Object.fromEntries(result) as ReadFields<F>;
    },
  };
}

function unknownKey(key: string, forms: ReadonlyMap<string, unknown>): string {
  const near = nearestWord(key, forms.keys());
  const next = near === null ? "Remove it" : `Did you mean \`${near}\`?`;
  const listed = near === null ? `, or use one of ${[...forms.keys()].slice(0, 12).join(", ")}.` : "";
  return `${shown(key)} is no key that is known here. ${next}${listed}`;
}

const acceptsNull = new WeakSet<object>();

/** The same, and `null` (an empty value) is a value of its own. */
export function orNull<Value>(form: Form<Value>): Form<Value | null> {
  const both: Form<Value | null> = {
    says: form.says,
    schema: { anyOf: [form.schema, { type: "null" }] },
    read: (value, spot) => (value === null ? null : form.read(value, spot)),
  };
  acceptsNull.add(both);
  return both;
}

/** Changes what was read; `change` answers `undefined` for what it does not take, and says so itself. */
export function mapped<From, To>(
  form: Form<From>,
  change: (read: From, spot: Spot, value: YamlValue) => To | undefined,
): Form<To> {
  return {
    says: form.says,
    schema: form.schema,
    read(value, spot) {
      const read = form.read(value, spot);
      return read === undefined ? undefined : change(read, spot, value);
    },
  };
}

/** Different forms for a map, a list and a single value, so that a message speaks of the one that was meant. */
export function byShape<Value>(
  says: string,
  shapes: { readonly map?: Form<Value>; readonly list?: Form<Value>; readonly single?: Form<Value> },
): Form<Value> {
  const forms = [shapes.single, shapes.list, shapes.map].filter((form) => form !== undefined);
  return {
    says,
    schema: { anyOf: forms.map((form) => form.schema) },
    read(value, spot) {
      const form = isYamlMap(value) ? shapes.map : Array.isArray(value) ? shapes.list : shapes.single;
      return form === undefined || value === null ? refuse(value, spot, says) : form.read(value, spot);
    },
  };
}

const definitions = new Map<string, JsonSchema>();

/** The same, and its schema is printed once, under a name, however often the form is used. */
export function named<Value>(name: string, form: Form<Value>): Form<Value> {
  definitions.set(name, form.schema);
  return { says: form.says, schema: { $ref: `#/$defs/${name}` }, read: (value, spot) => form.read(value, spot) };
}

/** The schemas of all named forms. */
export function schemaDefinitions(): JsonSchema {
  return Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same, with a sentence for editors. */
export function described<Value>(description: string, form: Form<Value>): Form<Value> {
  const copy: Form<Value> = {
    says: form.says,
    schema: { description, ...form.schema },
    read: (value, spot) => form.read(value, spot),
  };
  if (acceptsNull.has(form)) acceptsNull.add(copy);
  return copy;
}
