/** What changes between two plans of one project: for another profile, and for a file that was edited. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { DetectedService } from "../detect/detected.ts";

export interface PlanDifference {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  /** Each with what differs, in words: `its command`, `its environment`. */
  readonly restart: readonly { readonly name: string; readonly changed: readonly string[] }[];
  readonly unchanged: readonly string[];
}

export interface PlansToCompare {
  readonly before: ReadonlyMap<string, DetectedService>;
  readonly after: ReadonlyMap<string, DetectedService>;
  /** Only these run now; absent: all of `before` that are not disabled. */
  readonly running?: ReadonlySet<string>;
}

/**
 * What would have to be done so that exactly what `after` says runs. A service is restarted only if something differs that a
 * running one cannot take over; where it stands in which file, what it waits for and its profiles are no such things.
 */
export function comparePlans({ before, after, running }: PlansToCompare): PlanDifference {
  const isRunning = (name: string) =>
    running === undefined ? before.get(name)?.rules.disabled === false : running.has(name);
  const start: string[] = [];
  const restart: { name: string; changed: readonly string[] }[] = [];
  const unchanged: string[] = [];
  const stays = new Set<string>();
  for (const [name, service] of after) {
    // One that somebody has started by name, although it is disabled, is left to them.
    const wasDisabled = before.get(name)?.rules.disabled === true;
    if (service.rules.disabled && !(wasDisabled && isRunning(name))) continue;
    stays.add(name);
    const old = before.get(name);
    if (!isRunning(name) || old === undefined) start.push(name);
    else {
      const changed = differences(old, service);
      if (changed.length === 0) unchanged.push(name);
      else restart.push({ name, changed });
    }
  }
  const known = new Set([...before.keys(), ...(running ?? [])]);
  const stop = [...known].filter((name) => isRunning(name) && !stays.has(name));
  return { start, stop, restart, unchanged };
}

/** In words, what of a service differs so that a running one has to be restarted. */
export function differences(a: DetectedService, b: DetectedService): readonly string[] {
  return aspects.filter(([, of]) => !isDeepStrictEqual(of(a), of(b))).map(([word]) => word);
}

const aspects: readonly (readonly [string, (service: DetectedService) => unknown])[] = [
  ["its command", ({ run, plan }) => [run, plan.kind]],
  ["its folder", ({ plan }) => plan.workingDirectory],
  ["its environment", ({ environment, templates }) => [environment, templates]],
  ["its ports", ({ plan }) => plan.ports],
  [
    "its health check",
    ({ plan, rules }) => [plan.probe, rules.readiness, rules.liveness, rules.startup, rules.readyLine],
  ],
  ["when it is restarted", ({ restart, rules }) => [restart, rules.endsEnvironment, rules.successExitCodes]],
  ["how it is stopped", ({ graceMs, rules }) => [graceMs, rules.stop]],
  ["what it watches", ({ rules }) => rules.watch],
  ["its limits", ({ rules }) => rules.limits],
  ["how many of it run", ({ rules }) => rules.replicas],
  ["its hooks", ({ rules }) => rules.hooks],
  ["its log file", ({ rules }) => rules.logFile],
  ["its definition", ({ run, digest }) => (run.kind === "compose" ? digest : "")],
];
