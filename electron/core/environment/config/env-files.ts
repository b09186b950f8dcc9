/** Variables from files such as `.env`, read inside the project, each file once. */
import { join, relative } from "node:path";
import { parse } from "dotenv";
import type { Problem } from "#shared/schema/environment.ts";
import { interpolate } from "../detect/interpolate.ts";
import type { ProjectFiles } from "../detect/project-files.ts";

export type Variables = ReadonlyMap<string, string>;

export type EnvFileReading =
  | { readonly kind: "values"; readonly values: Variables }
  | { readonly kind: "missing" }
  | { readonly kind: "problem"; readonly problem: Problem };

export class EnvFiles {
  readonly #files: ProjectFiles;
  readonly #read = new Map<string, Promise<EnvFileReading>>();

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  /**
   * @param path Relative to `folder`, which is absolute; or absolute.
   * @param known What its values may refer to, as dotenv-expand allows; text in single quotes stays as it is.
   */
  async read(path: string, folder: string, known: Variables): Promise<EnvFileReading> {
    const { directory } = this.#files;
    const wanted = relative(directory, path.startsWith("/") ? path : join(folder, path));
    let reading = this.#read.get(wanted);
    if (reading === undefined) {
      reading = this.#load(wanted);
      this.#read.set(wanted, reading);
    }
    const found = await reading;
    return found.kind === "values" ? { kind: "values", values: expanded(found.values, known) } : found;
  }

  async #load(path: string): Promise<EnvFileReading> {
    const file = await this.#files.readText(path);
    if (file.kind !== "text") return file;
    const literal = new Set(
      [...file.text.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*'/gm)].map(([, name]) => name),
    );
    // A dollar that is to stay one is doubled for `expanded`.
    const values = Object.entries(parse(file.text)).map(
      ([name, value]) => [name, literal.has(name) ? value.replaceAll("$", "$$$$") : value] as const,
    );
    return { kind: "values", values: new Map(values) };
  }
}

/** Who would read the file itself expects its variables replaced; what is not known stays as it is written. */
function expanded(values: Variables, known: Variables): Variables {
  const result = new Map<string, string>();
  const variables = new Map(known);
  for (const [name, value] of values) {
    const text = value.includes("$") ? withKnown(value, variables) : value;
    result.set(name, text ?? value);
    variables.set(name, text ?? value);
  }
  return result;
}

/**
 * Replaces the variables of a text as compose does; those that are not known and have no default stay as they are written, since
 * they may be given at the start. Null: the text is wrong.
 */
export function withKnown(text: string, known: Variables): string | null {
  const first = interpolate(text, known);
  if (!first.ok) return null;
  if (first.missing.length === 0) return first.text;
  const kept = interpolate(text, new Map([...known, ...first.missing.map((name) => [name, `\${${name}}`] as const)]));
  return kept.ok ? kept.text : first.text;
}
