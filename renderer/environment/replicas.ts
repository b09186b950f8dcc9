/** Several of one service, as they stand on screen. Pure. */
import type { ServiceStatus } from "#shared/schema/service.ts";

/** How many of a service there are, by the name its author gave. */
export function countOf(services: readonly Pick<ServiceStatus, "name" | "replica">[], service: string): number {
  const members = services.filter(({ replica }) => replica?.of === service).length;
  return members === 0 ? 1 : members;
}

/**
 * The service whose details were opened; null: none. When another number of it is wanted, `api` becomes `api-0` and its like, and
 * the other way round: then it is the first of them, or the one that is left.
 */
export function openedService<Service extends Pick<ServiceStatus, "name" | "replica">>(
  services: readonly Service[],
  chosen: string | null,
): Service | null {
  if (chosen === null) return null;
  const base = chosen.replace(/-\d+$/, "");
  return (
    services.find(({ name }) => name === chosen) ??
    services.find(({ replica }) => replica?.of === chosen || replica?.of === base) ??
    services.find(({ name }) => name === base) ??
    null
  );
}
