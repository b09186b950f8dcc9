/** The order of the rows: waves as the plan has them, names inside a wave in the order the host gives them. */
import type { ServiceStatus } from "#shared/schema/service.ts";

export type Row = { readonly service: ServiceStatus; readonly startsWave: boolean };

export function inWaves(services: readonly ServiceStatus[]): readonly Row[] {
  const ordered = services.toSorted((one, other) => one.wave - other.wave);
  return ordered.map((service, index) => ({ service, startsWave: ordered[index - 1]?.wave !== service.wave }));
}

/** The figures of the head: sums over what is running. */
export function totals(services: readonly ServiceStatus[]): { ready: number; memoryBytes: number; cpuPercent: number } {
  let ready = 0;
  let memoryBytes = 0;
  let cpuPercent = 0;
  for (const service of services) {
    if (service.ready) ready += 1;
    memoryBytes += service.memoryBytes ?? 0;
    cpuPercent += service.cpuPercent ?? 0;
  }
  return { ready, memoryBytes, cpuPercent };
}
