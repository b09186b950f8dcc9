/** How the variables of a service are written: its own, and none that it gets from the project's files or the profile anyway. */
import type { DetectedService } from "../detect/detected.ts";
import type { InheritedVariables } from "./inherited-variables.ts";

/** What services get from files and the profile: it stays there, so that no secret is copied. */
export type Inherited = Pick<InheritedVariables, "files" | "profile">;

/** By service and name: what a person typed, which is written as it is. */
export type TypedVariables = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Where variables are replaced at reading, a dollar is written twice. */
export function dollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** A value as it is written: what is completed at the start is known as it was written. */
export function writtenValue(
  { templates = {} }: Pick<DetectedService, "templates">,
  name: string,
  value: string,
): string {
  return Object.hasOwn(templates, name) ? value : dollars(value);
}

/** Whether it has everything that the files say, as all commands of a deckhand.yaml have unless they say otherwise. */
export function readsFiles({ environment }: Pick<DetectedService, "environment">, { files }: Inherited): boolean {
  return [...files.keys()].every((name) => Object.hasOwn(environment, name));
}

/**
 * Names and values as they are written, sorted. Null: taken from what the files say, which is how a service that does not read
 * them has one of their values all the same.
 */
export function ownVariables(
  service: Pick<DetectedService, "environment" | "templates">,
  { files, profile }: Inherited,
  typed: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string | null> {
  const { environment } = service;
  const given = new Map([...(readsFiles({ environment }, { files, profile }) ? files : []), ...profile]);
  return new Map(
    Object.entries(environment)
      .filter(([name, value]) => typed.has(name) || given.get(name) !== value)
      .map(([name, value]) => {
        const text = isFromFiles(name, value, { files, profile }) ? null : writtenValue(service, name, value);
        return [name, typed.get(name) ?? text] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A name without a value means what is known of it, where the profile comes last. */
function isFromFiles(name: string, value: string, { files, profile }: Inherited): boolean {
  return files.get(name) === value && !profile.has(name);
}
