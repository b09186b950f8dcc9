/** Variables of several sources, by name. */
export type Variables = Readonly<Record<string, string>>;

/**
 * Puts variables together; of the same name the last one counts.
 *
 * A dictionary from its beginning: of an object literal with two hundred members V8 makes two hundred shapes, one for each that
 * is added, which takes ten to fifty times as long (measured), and every start of a service has several such steps.
 */
export function joinVariables(...layers: readonly Variables[]): Record<string, string> {
  const joined = Object.create(null) as Record<string, string>;
  for (const layer of layers) for (const name of Object.keys(layer)) joined[name] = layer[name] ?? "";
  return joined;
}
