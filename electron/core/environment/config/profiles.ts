/** Which services a profile selects: compose's rules, for every source that has profiles. */

/**
 * The profiles that count: the chosen one, and those of services that are asked for by name, since whoever names a service wants
 * it whatever its profiles are.
 */
export function activeProfiles(
  profile: string,
  services: Iterable<{ readonly name: string; readonly profiles: readonly string[] }>,
  named: readonly string[] = [],
): ReadonlySet<string> {
  const wanted = new Set(named);
  const active = new Set([profile]);
  for (const service of services) {
    if (wanted.has(service.name)) for (const one of service.profiles) active.add(one);
  }
  return active;
}

/** A service without profiles is in all of them. `*` stands for every profile. */
export function isInProfile(profiles: readonly string[], active: ReadonlySet<string>): boolean {
  return profiles.length === 0 || active.has("*") || profiles.some((one) => active.has(one));
}
