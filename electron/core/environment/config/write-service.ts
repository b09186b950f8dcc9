/** How a service is written into a deckhand.yaml: one part of it at a time, so that what did not change keeps its form and comments. */
import { relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PROCESS_POLICY, TASK_POLICY } from "../../service/restart-policy.ts";
import { DEFAULT_RULES } from "../../service/service-rules.ts";
import { DEFAULT_GRACE_MS, type DetectedService } from "../detect/detected.ts";
import { commandOf } from "./command-form.ts";
import { usualProbe } from "./config-service.ts";
import { durationText } from "./units.ts";
import { probeText, ruleText } from "./write-probe.ts";
import { hooksText, hookText, limitsText, needsText, portsText, restartText, watchText } from "./write-rules.ts";
import { dollars, ownVariables, readsFiles, type Inherited, type TypedVariables } from "./write-variables.ts";

/** What the `yaml` library makes a node of. Names of strangers are keys of maps only. */
type Writable = unknown;

export interface WriteContext {
  /** The project's folder, absolute. */
  readonly directory: string;
  readonly inherited: Inherited;
  /** Absent: nothing was typed. */
  readonly typed?: TypedVariables;
}

/** One part of a service: the keys that may say it, and how it is said. */
export interface ServicePart {
  /** All keys that have a say in it; those that are not written are removed. */
  readonly keys: readonly string[];
  /** What it is made of; equal ones are not written. */
  of(service: DetectedService, context: WriteContext): unknown;
  /** Keys and values; `undefined` values are left out. */
  write(service: DetectedService, context: WriteContext): readonly (readonly [string, Writable])[];
  /** Something that `base` has and `service` has not, which can only be said by writing the service whole. */
  cannotSay?(service: DetectedService, base: DetectedService): boolean;
}

/** What a service would be if nothing but its command were written. */
export function bareService(service: DetectedService, { directory, inherited }: WriteContext): DetectedService {
  const isTask = service.plan.kind === "task";
  return {
    ...service,
    plan: {
      ...service.plan,
      workingDirectory: directory,
      ports: [],
      profiles: [],
      probe: usualProbe(service.plan),
    },
    dependencies: new Map(),
    environment: Object.fromEntries([...inherited.files, ...inherited.profile]),
    restart: isTask ? TASK_POLICY : PROCESS_POLICY,
    rules: DEFAULT_RULES,
    graceMs: DEFAULT_GRACE_MS,
  };
}

export const commandPart: ServicePart = {
  keys: ["command", "compose", "type"],
  of: ({ run, plan }) => (run.kind === "compose" ? run.service : [run, plan.kind]),
  write: ({ run, plan }) =>
    run.kind === "compose"
      ? [["compose", { service: run.service }]]
      : [
          ["command", commandOf(run.argv)],
          ["type", plan.kind === "task" ? "task" : undefined],
        ],
};

export const variablesPart: ServicePart = {
  keys: ["env_file", "environment", "env", "dotenv"],
  of: (service, { inherited }) => [readsFiles(service, inherited), [...ownVariables(service, inherited)]],
  write: (service, { inherited, typed }) => {
    const own = ownVariables(service, inherited, typed?.get(service.plan.name));
    return [
      ["dotenv", readsFiles(service, inherited) ? undefined : false],
      ["environment", own.size === 0 ? undefined : own],
    ];
  },
  cannotSay: (service, base) => Object.keys(base.environment).some((name) => !Object.hasOwn(service.environment, name)),
};

export const portsPart: ServicePart = {
  keys: ["ports"],
  of: ({ plan }) => plan.ports,
  write: ({ plan }) => [["ports", portsText(plan.ports)]],
};

export const healthPart: ServicePart = {
  keys: ["healthcheck", "readiness", "readiness_probe", "readinessProbe"],
  // What a container's own check is, only its compose file says.
  of: ({ plan, rules }) => [plan.probe?.kind === "compose" ? "compose" : plan.probe, rules.readiness],
  write: ({ plan, rules }) => [["healthcheck", probeText(plan.probe, rules.readiness)]],
};

export const replicasPart: ServicePart = {
  keys: ["replicas", "scale"],
  of: ({ rules }) => rules.replicas,
  write: ({ rules }) => [["replicas", rules.replicas]],
};

/** All but the command. */
export const serviceParts: readonly ServicePart[] = [
  {
    keys: ["disabled"],
    of: ({ rules }) => rules.disabled,
    write: ({ rules }) => [["disabled", rules.disabled]],
  },
  {
    keys: ["profiles"],
    of: ({ plan }) => plan.profiles,
    write: ({ plan }) => [["profiles", plan.profiles]],
  },
  {
    keys: ["working_dir"],
    of: ({ plan }) => plan.workingDirectory,
    write: ({ plan }, { directory }) => [["working_dir", dollars(relative(directory, plan.workingDirectory) || ".")]],
  },
  variablesPart,
  portsPart,
  {
    keys: ["depends_on"],
    of: ({ dependencies }) => [...dependencies],
    write: ({ dependencies }) => [["depends_on", needsText(dependencies)]],
  },
  healthPart,
  {
    keys: ["liveness", "liveness_probe", "livenessProbe"],
    of: ({ rules }) => rules.liveness,
    write: ({ rules }) => [["liveness", ruleText(rules.liveness)]],
  },
  {
    keys: ["startup", "startup_probe", "startupProbe"],
    of: ({ rules }) => rules.startup,
    write: ({ rules }) => [["startup", ruleText(rules.startup)]],
  },
  {
    keys: ["ready_log_line"],
    // The line of a log check is that one by itself.
    of: ({ plan, rules }) =>
      plan.probe?.kind === "log" && plan.probe.pattern === rules.readyLine ? null : rules.readyLine,
    write: ({ rules }) => [["ready_log_line", rules.readyLine ?? undefined]],
  },
  {
    keys: ["restart", "restart_limit", "exit_on_failure", "exit_on_end"],
    of: ({ restart, rules }) => [restart.mode, restart.maxRetries, restart.limit, rules.endsEnvironment],
    write: ({ restart, rules }) => [
      ["restart", restartText(restart)],
      ["restart_limit", { max: restart.limit.max, window: durationText(restart.limit.windowMs) }],
      ["exit_on_failure", rules.endsEnvironment === "failure" ? true : undefined],
      ["exit_on_end", rules.endsEnvironment === "end" ? true : undefined],
    ],
  },
  {
    keys: ["success_exit_codes"],
    of: ({ rules }) => rules.successExitCodes,
    write: ({ rules }) => [["success_exit_codes", rules.successExitCodes]],
  },
  {
    keys: ["stop_signal", "stop_grace_period", "stop_command", "shutdown"],
    of: ({ rules, graceMs }) => [rules.stop, graceMs],
    write: ({ rules, graceMs }) => [
      ["stop_signal", rules.stop.signal],
      ["stop_grace_period", durationText(graceMs)],
      ["stop_command", rules.stop.command === null ? undefined : hookText(rules.stop.command)],
    ],
  },
  {
    keys: ["watch"],
    of: ({ rules }) => rules.watch,
    write: ({ rules }) => [["watch", watchText(rules.watch)]],
  },
  {
    keys: ["limits", "mem_limit", "cpus", "deploy"],
    of: ({ rules }) => rules.limits,
    write: ({ rules }) => [["limits", limitsText(rules.limits)]],
  },
  replicasPart,
  {
    keys: ["hooks", "pre_start", "post_start", "pre_stop", "post_stop"],
    of: ({ rules }) => rules.hooks,
    write: ({ rules }) => [
      ["pre_start", hooksText(rules.hooks.preStart)],
      ["post_start", hooksText(rules.hooks.postStart)],
      ["pre_stop", hooksText(rules.hooks.preStop)],
      ["post_stop", hooksText(rules.hooks.postStop)],
    ],
  },
  {
    keys: ["log_file", "log_location"],
    of: ({ rules }) => rules.logFile,
    write: ({ rules }) => [["log_file", rules.logFile === null ? undefined : dollars(rules.logFile)]],
  },
];

/** Whether a part says the same of two services. */
export function saysTheSame(part: ServicePart, a: DetectedService, b: DetectedService, context: WriteContext): boolean {
  return isDeepStrictEqual(part.of(a, context), part.of(b, context));
}
