/** How long each step of a start took, and which of them everything else had to wait for. Pure, over the pushed states. */
import type { ServiceStatus, StartStep } from "#shared/schema/service.ts";

/** One service's way to being ready in its latest start. Times in ms since the epoch. */
export interface Way {
  /** When it was wanted. */
  readonly wantedAt: number;
  /** When the making of it began; null while it waits for others. */
  readonly begunAt: number | null;
  /** When it was ready or given up; null while it is on its way. */
  readonly endedAt: number | null;
}

/** Null before its first start. */
export function wayOf({ steps }: Pick<ServiceStatus, "steps">): Way | null {
  const [first] = steps ?? [];
  const last = steps?.at(-1);
  if (!first || !last) return null;
  const begun = steps?.find(({ step }) => step !== "waiting");
  const end = endOf(last);
  return {
    wantedAt: Date.parse(first.startedAt),
    begunAt: begun ? Date.parse(begun.startedAt) : null,
    // Who has only waited has ended where nothing came of it; while it waits, it is on its way.
    endedAt: end,
  };
}

function endOf({ startedAt, ms }: StartStep): number | null {
  return ms === null ? null : Date.parse(startedAt) + ms;
}

/** What its own start took, without waiting for others; so far where it goes on. Null before it began. In ms. */
export function tookOf({ begunAt, endedAt }: Way, now: number): number | null {
  return begunAt === null ? null : Math.max(0, (endedAt ?? now) - begunAt);
}

/** A start of several services at one time. */
export interface Start {
  readonly startedAt: number;
  /** Null while one of them is on its way. */
  readonly endedAt: number | null;
  readonly ways: ReadonlyMap<string, Way>;
}

/** Wishes of one start come at one time; what is wanted this much later was started by somebody else. In ms. */
const APART_MS = 2_000;

/** The start that most services were part of, the newest of equals. What was started alone since is not in it. */
export function startOf(services: readonly ServiceStatus[]): Start | null {
  const ways = services
    .flatMap((service) => {
      const way = wayOf(service);
      return way === null ? [] : [[service.name, way] as const];
    })
    .toSorted(([, one], [, other]) => one.wantedAt - other.wantedAt);
  let best: (typeof ways)[number][] = [];
  let group: (typeof ways)[number][] = [];
  for (const each of ways) {
    const before = group.at(-1);
    if (before && each[1].wantedAt - before[1].wantedAt > APART_MS) group = [];
    group.push(each);
    if (group.length >= best.length) best = group;
  }
  const [first] = best;
  if (!first) return null;
  const ends = best.map(([, { endedAt }]) => endedAt);
  return {
    startedAt: first[1].wantedAt,
    endedAt: ends.reduce<number | null>((most, end) => (most === null || end === null ? null : Math.max(most, end)), 0),
    ways: new Map(best),
  };
}

/**
 * The chain that decides when everything is ready: from the service that was last, back over whichever of its needs was last.
 * While something is not ready, the chain goes over that. First what begins, in the end what everything waits for.
 */
export function criticalPath(services: readonly ServiceStatus[]): readonly string[] {
  const wanted = new Map(
    services.filter(({ desired }) => desired === "running").map((service) => [service.name, service]),
  );
  const path = new Set<string>();
  let current = latest([...wanted.values()]);
  while (current !== undefined && !path.has(current.name)) {
    path.add(current.name);
    current = latest(current.dependsOn.flatMap((name) => wanted.get(name) ?? []));
  }
  // One alone is no path.
  return path.size > 1 ? [...path].toReversed() : [];
}

function latest(services: readonly ServiceStatus[]): ServiceStatus | undefined {
  const [first, ...rest] = services;
  if (!first) return undefined;
  return rest.reduce((one, other) => (isLater(other, one) ? other : one), first);
}

function isLater(one: ServiceStatus, other: ServiceStatus): boolean {
  const [mine, theirs] = [endedOf(one), endedOf(other)];
  return mine === theirs ? one.wave > other.wave : mine > theirs;
}

/** What is not ready yet is later than everything that is; what was ready once and is not now counts as it came. */
function endedOf(service: ServiceStatus): number {
  const ended = wayOf(service)?.endedAt ?? null;
  if (service.ready) return ended ?? 0;
  return service.health === "unhealthy" && ended !== null ? ended : Number.POSITIVE_INFINITY;
}
