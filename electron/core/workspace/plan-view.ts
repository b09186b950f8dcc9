/** A plan as a person sees it before anything of it is started: everything that is known, but no secrets. Pure. */
import type { EnvironmentPlan, PlannedService } from "#shared/schema/plan.ts";
import type { DetectedProject, DetectedService } from "../environment/detect/detected.ts";
import { servicesToStart } from "../environment/plan.ts";
import { AppError } from "../lib/error.ts";
import type { HookRule } from "../service/service-rules.ts";
import { DEFAULT_PROFILE } from "./admission.ts";

/**
 * @param services What the start would be about; undefined: all that are not disabled.
 * @throws AppError `unknown_service`.
 */
export function planView(
  detected: DetectedProject,
  services: readonly string[] | undefined,
  config: EnvironmentPlan["config"],
): EnvironmentPlan {
  const { detection, profiles } = detected;
  const starts = startingOf(detected, services);
  const waves = new Map(detection.order.flatMap((wave, index) => wave.map((name) => [name, index] as const)));
  return {
    ...detection,
    services: [...detected.services].map(([name, service]) =>
      plannedService(service, starts.has(name), waves.get(name) ?? null),
    ),
    profiles: [...new Set([DEFAULT_PROFILE, ...profiles])],
    config,
  };
}

/** Nothing, where the plan cannot be started: its problems say why. */
function startingOf(detected: DetectedProject, services: readonly string[] | undefined): ReadonlySet<string> {
  try {
    return servicesToStart(detected, services);
  } catch (error) {
    if (error instanceof AppError && error.code !== "unknown_service") return new Set();
    throw error;
  }
}

function plannedService(service: DetectedService, starts: boolean, wave: number | null): PlannedService {
  const { plan, rules, restart, graceMs, dependencies, environment, trust } = service;
  const { hooks, stop, limits, watch } = rules;
  return {
    ...plan,
    starts,
    wave,
    needs: [...dependencies].map(([name, need]) => ({
      name,
      condition: need.condition,
      required: need.required,
      restart: need.restart ?? false,
    })),
    environment: Object.entries(environment).map(([name, value]) => ({
      name,
      value: looksSecret(name, value) ? null : value,
    })),
    rules: {
      restart: { mode: restart.mode, maxRetries: restart.maxRetries, limit: { ...restart.limit } },
      stop: { signal: stop.signal, graceMs, command: stop.command === null ? null : textOf(stop.command) },
      hooks: [
        ...hooks.preStart.map((hook) => ({ moment: "pre-start" as const, command: textOf(hook) })),
        ...hooks.postStart.map((hook) => ({ moment: "post-start" as const, command: textOf(hook) })),
        ...hooks.preStop.map((hook) => ({ moment: "pre-stop" as const, command: textOf(hook) })),
        ...hooks.postStop.map((hook) => ({ moment: "post-stop" as const, command: textOf(hook) })),
      ],
      liveness: rules.liveness?.spec ?? null,
      startup: rules.startup?.spec ?? null,
      readyLine: rules.readyLine,
      successExitCodes: [...rules.successExitCodes],
      endsEnvironment: rules.endsEnvironment,
      watch: watch === null ? null : { ...watch, paths: [...watch.paths], ignore: [...watch.ignore] },
      limits:
        limits === null
          ? null
          : { memoryBytes: limits.memoryBytes, cpuPercent: limits.cpuPercent, onExceed: limits.onExceed },
      logFile: rules.logFile,
    },
    warnings: [...trust.warnings],
  };
}

/** As a person wrote it: what is behind `sh -c` is a shell line. */
function textOf({ argv }: HookRule): string {
  const [program, flag, line] = argv;
  return argv.length === 3 && program.endsWith("sh") && flag === "-c" && line !== undefined ? line : argv.join(" ");
}

const secretName = /pass|secret|token|credential|private|auth|api_?key|_key$|^key$|salt|cookie|session|dsn|webhook/i;
/** A password in an address: `postgres://me:secret@db`. */
const secretAddress = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Whether a variable is one whose value is better not shown. Rather one too many than one too few. */
export function looksSecret(name: string, value: string): boolean {
  return value !== "" && (secretName.test(name) || secretAddress.test(value));
}
