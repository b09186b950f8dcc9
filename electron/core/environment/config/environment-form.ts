/** Variables and the files they come from, in compose's forms. */
import { argument } from "./command-form.ts";
import { byShape, flag, keys, listOf, mapOf, mapped, orNull, shown, text, type Form, named } from "./form.ts";

/** A value; null: whatever the files and the login shell say. */
export type EnvironmentConfig = ReadonlyMap<string, string | null>;

/** Why a name can be no variable, or null. */
export function wrongVariable(name: string): string | null {
  return name === "" || name.includes("=") || /\p{C}/u.test(name)
    ? `${shown(name)} is no name of a variable. Rename it.`
    : null;
}

export const environmentForm: Form<EnvironmentConfig> = named(
  "environment",
  byShape<EnvironmentConfig>("a map (NAME: value), or a list of `NAME=value`", {
    map: mapOf(orNull(argument), { says: "a map (NAME: value)", takeName: wrongVariable }),
    list: mapped(listOf(text("`NAME=value`")), (lines, spot): EnvironmentConfig => {
      const result = new Map<string, string | null>();
      for (const line of lines) {
        const equals = line.indexOf("=");
        const name = equals < 0 ? line : line.slice(0, equals);
        const wrong = wrongVariable(name);
        if (wrong !== null) spot.report(spot.path, wrong);
        else result.set(name, equals < 0 ? null : line.slice(equals + 1));
      }
      return result;
    }),
  }),
);

export interface EnvFileConfig {
  readonly path: string;
  readonly required: boolean;
}

const pathForm = mapped(text("a file"), (path): EnvFileConfig => ({ path, required: true }));

const oneForm = byShape<EnvFileConfig>("a file, or `{ path, required }`", {
  single: pathForm,
  map: mapped(
    keys("a file of variables", { path: text("a file"), required: flag(), format: text() }, { required: ["path"] }),
    ({ path = "", required = true }): EnvFileConfig => ({ path, required }),
  ),
});

export const envFileForm: Form<readonly EnvFileConfig[]> = named(
  "envFiles",
  byShape<readonly EnvFileConfig[]>("a file, or a list of files", {
    single: mapped(pathForm, (file) => [file]),
    map: mapped(oneForm, (file) => [file]),
    list: listOf(oneForm),
  }),
);
