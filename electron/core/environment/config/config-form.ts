/** What deckhand.yaml as a whole may say. */
import { isUsableName } from "../detect/detected.ts";
import { environmentForm, envFileForm } from "./environment-form.ts";
import {
  described,
  flag,
  keys,
  mapOf,
  oneOrMore,
  shown,
  text,
  words,
  type Form,
  type JsonSchema,
  type Read,
  named,
  schemaDefinitions,
} from "./form.ts";
import { serviceForm } from "./service-form.ts";

export const profileForm = keys("a profile", {
  description: text(),
  env_file: described("Relative to the project, over `.env` and `.env.local`.", envFileForm),
  environment: environmentForm,
  env: environmentForm,
  services: described(
    "Only these and what they need; without it, all that name no other profile.",
    oneOrMore(text("a service")),
  ),
});
export type ProfileConfig = Read<typeof profileForm>;

/** What can be no name of a service or profile, or null. */
export function wrongName(name: string): string | null {
  return isUsableName(name)
    ? null
    : `${shown(name)} is no name: it is empty, too long, begins with a dash, or has characters that cannot be seen. Rename it.`;
}

const top = {
  version: described("Of this format.", words({ "1": "1", "1.0": "1" } as const, "1")),
  name: text(),
  detect: described("False: only what stands here.", flag()),
  env_file: described("Instead of `.env` and `.env.local`.", envFileForm),
};

/** All but the services and profiles, which are read one by one. */
export const topForm = keys("deckhand.yaml", { ...top, profiles: anyMap(), services: anyMap() });

function anyMap(): Form<true> {
  return { says: "a map", schema: {}, read: () => true };
}

/** The whole of it, as editors are told. */
export function configJsonSchema(): JsonSchema {
  const whole = keys("deckhand.yaml", {
    ...top,
    profiles: described("Named selections and settings of services.", mapOf(named("profile", profileForm))),
    services: described(
      "What runs. A service of the same name replaces a detected one; without a command it changes it.",
      mapOf(named("service", serviceForm)),
    ),
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "deckhand.yaml",
    description: "The environment of a project, for Deckhand. Explicit beats detected.",
    ...whole.schema,
    $defs: schemaDefinitions(),
  };
}
