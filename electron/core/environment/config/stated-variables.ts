/**
 * The variables that a service or a profile of a deckhand.yaml sets, with the variables in them replaced as docker compose does it.
 * Ports and addresses are not known while a file is read, so a value that speaks of one is completed at each start.
 */
import { interpolate, interpolateExcept } from "../detect/interpolate.ts";
import type { DetectedService } from "../detect/detected.ts";
import { toldVariables, variableName } from "../service-variables.ts";
import type { ConfigFile } from "./config-file.ts";
import type { Variables } from "./env-files.ts";
import type { EnvironmentConfig } from "./environment-form.ts";
import { shown, type Spot } from "./form.ts";

export interface StatedVariables {
  /** As far as they are known; of the others, what is written. */
  readonly values: Variables;
  /** The values that are completed at the start, in compose's syntax, with what was known at reading as their defaults. */
  readonly templates: Variables;
}

export interface StatedContext {
  /** What values may refer to, beside those before them. */
  readonly known: Variables;
  /** Whether a variable is given at the start. */
  readonly isLate: (name: string) => boolean;
  /** Of the map they stand in. */
  readonly spot: Spot;
}

/** A name without a value is taken from what is known. A name that nobody knows counts as empty, and is a problem with its place. */
export function statedVariables(stated: EnvironmentConfig | undefined, context: StatedContext): StatedVariables {
  const { isLate, spot } = context;
  const known = new Map(context.known);
  const values = new Map<string, string>();
  const templates = new Map<string, string>();
  const set = (name: string, value: string) => {
    values.set(name, value);
    known.set(name, value);
  };
  for (const [name, value] of stated ?? []) {
    const given = value ?? known.get(name);
    if (given === undefined) continue;
    if (value === null || !value.includes("$")) {
      set(name, given);
      continue;
    }
    const read = interpolateExcept(value, known, (one) => isLate(one) || templates.has(one));
    const path = [...spot.path, name];
    if (!read.ok) {
      spot.report(path, `${wrongText(value, read.reason)} It is left as it is.`);
      set(name, value);
      continue;
    }
    for (const one of read.missing) spot.report(path, `${unknownName(one)} It is empty.`, "warning");
    if (read.isLate) {
      values.set(name, value);
      templates.set(name, read.text);
      known.delete(name);
    } else set(name, read.text);
  }
  return { values, templates };
}

/** Of a text whose variables cannot be replaced. */
export function wrongText(text: string, reason: string): string {
  return `The variables of ${shown(text)} cannot be replaced: ${reason}. Write a dollar that is one as \`$$\`.`;
}

/** Of a name that nobody knows. */
export function unknownName(name: string): string {
  return `Nothing sets the variable ${name}. Set it in \`.env\`, or write a default: \`\${${name}:-…}\`.`;
}

/** What services are told at their start: where the others are. Of the ports of its own each knows by itself. */
export function lateNames(
  names: Iterable<string>,
  services: Iterable<Pick<DetectedService, "plan" | "run">>,
): ReadonlySet<string> {
  const late = new Set<string>();
  const add = (service: string) => {
    const name = variableName(service);
    if (name !== "") for (const kind of ["PORT", "URL"]) late.add(`${name}_${kind}`);
  };
  for (const name of names) add(name);
  for (const { plan, run } of services) {
    add(plan.name);
    for (const name of toldVariables(run)) late.add(name);
  }
  return late;
}

/** All names that a plan of this file may speak of, as far as they are known before it is read. */
export function lateNamesOf(
  config: ConfigFile,
  ...services: readonly (readonly DetectedService[])[]
): ReadonlySet<string> {
  return lateNames(config.services.keys(), services.flat());
}

/**
 * What becomes of the values that wait for the start.
 *
 * @param given What the service is told: it wins over a value of the same name.
 */
export function completedVariables(
  { environment, templates = {} }: Pick<DetectedService, "environment" | "templates">,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const waiting = new Map(Object.entries(templates));
  const known = new Map(Object.entries(environment).filter(([name]) => !waiting.has(name)));
  for (const [name, value] of Object.entries(given)) known.set(name, value);
  const completed = new Map<string, string>();
  for (const [name, template] of waiting) {
    if (Object.hasOwn(given, name)) continue;
    const read = interpolate(template, known);
    // A variable that must be set and is not: what it stands in is of no use, and who reads it says so best.
    const value = read.ok ? read.text : "";
    known.set(name, value);
    completed.set(name, value);
  }
  return Object.fromEntries(completed);
}
