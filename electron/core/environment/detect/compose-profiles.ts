/** Which services of a compose file a profile selects: the section "Profiles" of the compose specification. Pure. */

/** A service as its profiles see it. */
export interface ProfiledService {
  readonly profiles: readonly string[];
  /** Those it cannot do without. */
  readonly needs: readonly string[];
}

export interface ProfileSelection {
  /** Those that may run, asked for or not. */
  readonly enabled: ReadonlySet<string>;
  /** What a start is about, in the order of the file. */
  readonly services: readonly string[];
  /** `[service, needed]`: the needed one is not part of what is selected, so that the selection cannot be started. */
  readonly invalid: readonly (readonly [string, string])[];
}

/**
 * A service without profiles is always selected, one with profiles where one of them is active. One that is asked for by
 * name is selected whatever its profiles are, makes them active, and brings what it needs.
 *
 * @param active `*` stands for every profile.
 */
export function selectByProfiles(
  services: ReadonlyMap<string, ProfiledService>,
  active: Iterable<string>,
  named: readonly string[] = [],
): ProfileSelection {
  const profiles = new Set(active);
  for (const name of named) for (const profile of services.get(name)?.profiles ?? []) profiles.add(profile);
  const isActive = ({ profiles: own }: ProfiledService) =>
    own.length === 0 || profiles.has("*") || own.some((profile) => profiles.has(profile));
  const enabled = new Set([...services].filter(([, service]) => isActive(service)).map(([name]) => name));
  const selected = named.length === 0 ? enabled : new Set<string>();
  const queue = [...named];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (selected.has(name) || !enabled.has(name)) continue;
    selected.add(name);
    queue.push(...(services.get(name)?.needs ?? []));
  }
  const invalid = [...selected].flatMap((name) =>
    (services.get(name)?.needs ?? [])
      .filter((other) => !selected.has(other))
      .map((other): readonly [string, string] => [name, other]),
  );
  return { enabled, services: [...services.keys()].filter((name) => selected.has(name)), invalid };
}
