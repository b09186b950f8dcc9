/** A fresh environment for each test of a file, with the shortest ways to say what runs in it. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { DetectedService } from "../../electron/core/environment/detect/detected.ts";
import type { RunOutcome } from "../../electron/core/environment/run.ts";
import {
  DEFAULT_LIMIT,
  PROCESS_POLICY,
  TASK_POLICY,
  type RestartPolicy,
} from "../../electron/core/service/restart-policy.ts";
import { DEFAULT_RULES, type ServiceRules } from "../../electron/core/service/service-rules.ts";
import { createEnvironmentWorld, linesOf, madeProject, type EnvironmentWorld, type Made } from "./environment-world.ts";
import { bundleGuardian } from "./guardian-bundle.ts";
import { quickClock } from "./quick-clock.ts";
import { until } from "./until.ts";

export const done = "service_completed_successfully";

export interface EnvironmentStage {
  readonly world: EnvironmentWorld;
  /** Starts services and answers with the id of the run. */
  begin(services: readonly Made[], names?: readonly string[]): string;
  /** Starts services and waits for the outcome. */
  run(...services: Made[]): Promise<RunOutcome>;
  settled(runId: string): Promise<RunOutcome>;
  phases(): Record<string, string>;
  /** Waits until services are in these phases. */
  reaches(phases: Record<string, string>, ms?: number): Promise<unknown>;
  /** Lines that programs wrote to a file in the project's folder. */
  lines(file?: string): string[];
}

/**
 * To be called once at the top of a test file.
 *
 * @param options.speed How many times as fast time passes for delays, periods and deadlines (not for the grace of a stop).
 */
export function environmentStage(options: { readonly speed?: number } = {}): EnvironmentStage {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  let world: EnvironmentWorld | null = null;
  beforeAll(async () => {
    guardian = await bundleGuardian();
  });
  afterAll(() => guardian.remove());
  beforeEach(() => {
    world = createEnvironmentWorld({ guardianPath: guardian.path, clock: quickClock(options.speed ?? 1) });
  });
  afterEach(async () => {
    await world?.close();
    expect(world?.errors).toEqual([]);
  });
  const current = (): EnvironmentWorld => {
    if (world === null) throw new Error("no test is running");
    return world;
  };
  const phases = () =>
    Object.fromEntries(
      current()
        .environment.status()
        .services.map(({ name, phase }) => [name, phase as string]),
    );
  const begin: EnvironmentStage["begin"] = (services, names) => {
    const detected = madeProject(current().folder, services);
    const request = { detected, profile: "dev", ...(names === undefined ? {} : { services: names }) };
    return current().environment.start(request).runId;
  };
  const settled = (runId: string) => current().environment.settled(runId, AbortSignal.timeout(60_000));
  return {
    get world() {
      return current();
    },
    begin,
    run: (...services) => settled(begin(services)),
    settled,
    phases,
    reaches: (wanted, ms = 15_000) =>
      until(`${JSON.stringify(wanted)}`, ms, () => {
        const now = phases();
        return Object.entries(wanted).every(([name, phase]) => now[name] === phase);
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; they are ${JSON.stringify(phases())}`);
      }),
    lines: (file = "order.txt") => linesOf(join(current().folder, file)),
  };
}

/** A line of a shell, as a service. What it says about its rules, its restarts and its probe is laid over the defaults. */
export interface ShellOptions extends Omit<Made, "name" | "argv" | "args"> {
  readonly rules?: Partial<ServiceRules>;
  readonly restart?: Partial<RestartPolicy>;
  readonly probe?: DetectedService["plan"]["probe"];
}

export function shell(name: string, line: string, options: ShellOptions = {}): Made {
  return program(name, ["/bin/sh", "-c", line], options);
}

/** A task of a shell that writes its name to order.txt. */
export function writes(name: string, needs: Made["needs"] = {}): Made {
  return shell(name, `echo ${name} >> order.txt`, { kind: "task", needs });
}

/** A program of Node's, as a service. */
export function script(name: string, source: string, options: ShellOptions = {}): Made {
  return program(name, [process.execPath, "-e", source], options);
}

export function program(name: string, argv: readonly [string, ...string[]], options: ShellOptions = {}): Made {
  const { rules, restart, probe, more, ...made } = options;
  const policy = made.kind === "task" ? TASK_POLICY : PROCESS_POLICY;
  return {
    ...made,
    name,
    argv,
    more: { restart: { ...policy, ...restart }, rules: { ...DEFAULT_RULES, ...rules }, ...more },
    ...(probe === undefined ? {} : { plan: { probe } }),
  };
}

/** Restarted at most so many times, and not by the clock's limit. */
export function onFailure(maxRetries: number): Partial<RestartPolicy> {
  return { mode: "on-failure", maxRetries, beforeReady: true, limit: { ...DEFAULT_LIMIT, max: 100 } };
}
