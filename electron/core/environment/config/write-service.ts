/** How a service is written into a deckhand.yaml: one part of it at a time, so that what did not change keeps its form and comments. */
import { relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ProbeSpec } from "#shared/schema/service.ts";
import type { ProbeTimings } from "../../service/probe.ts";
import { PROCESS_POLICY, TASK_POLICY } from "../../service/restart-policy.ts";
import { DEFAULT_RULES, type HookRule, type ProbeRule } from "../../service/service-rules.ts";
import { DEFAULT_GRACE_MS, type Dependency, type DetectedService } from "../detect/detected.ts";
import type { InheritedVariables } from "./inherited-variables.ts";
import { commandOf, HOOK_DEADLINE_MS } from "./command-form.ts";
import { durationText, sizeText } from "./units.ts";

/** What the `yaml` library makes a node of. Names of strangers are keys of maps only. */
export type Writable = unknown;

export interface WriteContext {
  /** The project's folder, absolute. */
  readonly directory: string;
  /** What services get from files and the profile: it stays there, so that no secret is copied. */
  readonly inherited: Pick<InheritedVariables, "files" | "profile">;
}

/** One part of a service: the keys that may say it, and how it is said. */
export interface ServicePart {
  /** All keys that have a say in it; those that are not written are removed. */
  readonly keys: readonly string[];
  /** What it is made of; equal ones are not written. */
  of(service: DetectedService, context: WriteContext): unknown;
  /** Keys and values; `undefined` values are left out. */
  write(service: DetectedService, context: WriteContext): readonly (readonly [string, Writable])[];
}

/** What a service would be if nothing but its command were written. */
export function bareService(service: DetectedService, { directory, inherited }: WriteContext): DetectedService {
  const isTask = service.plan.kind === "task";
  const first = service.plan.ports[0];
  return {
    ...service,
    plan: {
      ...service.plan,
      workingDirectory: directory,
      ports: [],
      profiles: [],
      probe: isTask || first === undefined ? null : { kind: "tcp", port: first.port },
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
  {
    keys: ["env_file", "environment", "env", "dotenv"],
    of: (service, context) => [readsFiles(service, context), [...ownVariables(service, context)]],
    write: (service, context) => {
      const own = ownVariables(service, context);
      return [
        ["dotenv", readsFiles(service, context) ? undefined : false],
        ["environment", own.size === 0 ? undefined : own],
      ];
    },
  },
  {
    keys: ["ports"],
    of: ({ plan }) => plan.ports,
    write: ({ plan }) => [["ports", portsOf(plan.ports)]],
  },
  {
    keys: ["depends_on"],
    of: ({ dependencies }) => [...dependencies],
    write: ({ dependencies }) => [
      ["depends_on", new Map([...dependencies].map(([name, dependency]) => [name, dependencyText(dependency)]))],
    ],
  },
  {
    keys: ["healthcheck", "readiness", "readiness_probe", "readinessProbe"],
    of: ({ plan, rules }) => [plan.probe, rules.readiness],
    write: ({ plan, rules }) => [["healthcheck", probeText(plan.probe, rules.readiness)]],
  },
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
      ["restart", restart.maxRetries === null ? restart.mode : `${restart.mode}:${restart.maxRetries}`],
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
    keys: ["limits", "mem_limit", "cpus", "replicas", "scale", "deploy"],
    of: ({ rules }) => [rules.limits, rules.replicas],
    write: ({ rules }) => [
      ["limits", limitsText(rules.limits)],
      ["replicas", rules.replicas > 1 ? rules.replicas : undefined],
    ],
  },
  {
    keys: ["hooks", "pre_start", "post_start", "pre_stop", "post_stop"],
    of: ({ rules }) => rules.hooks,
    write: ({ rules }) => [
      ["pre_start", hookTexts(rules.hooks.preStart)],
      ["post_start", hookTexts(rules.hooks.postStart)],
      ["pre_stop", hookTexts(rules.hooks.preStop)],
      ["post_stop", hookTexts(rules.hooks.postStop)],
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

/** Where variables are replaced at reading, a dollar is written twice. */
function dollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** Whether it has everything that the files say, as all commands of a deckhand.yaml have unless they say otherwise. */
function readsFiles({ environment }: DetectedService, { inherited }: WriteContext): boolean {
  return [...inherited.files.keys()].every((name) => Object.hasOwn(environment, name));
}

function ownVariables(service: DetectedService, context: WriteContext): ReadonlyMap<string, string> {
  const { files, profile } = context.inherited;
  const given = new Map([...(readsFiles(service, context) ? files : []), ...profile]);
  return new Map(
    Object.entries(service.environment)
      .filter(([name, value]) => given.get(name) !== value)
      // What is completed at the start is known as it was written.
      .map(([name, value]) => [name, Object.hasOwn(service.templates ?? {}, name) ? value : dollars(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function portsOf(ports: DetectedService["plan"]["ports"]): ReadonlyMap<string, Writable> {
  const result = new Map<string, Writable>();
  for (const { name, port, env, option, strict } of ports) {
    // Two ports of one name are two entries all the same.
    let free = name;
    for (let count = 2; result.has(free); count += 1) free = `${name}-${count}`;
    const fixed = env === null && option === undefined && strict === undefined;
    const told = option === undefined ? { env } : env === null ? { option } : { env, option };
    result.set(free, fixed ? port : { prefer: port, ...told, ...(strict === undefined ? {} : { strict }) });
  }
  return result;
}

function dependencyText({ condition, required, restart }: Dependency): Writable {
  if (required && restart === undefined) return condition;
  return { condition, ...(required ? {} : { required }), ...(restart === undefined ? {} : { restart }) };
}

function probeText(spec: ProbeSpec | null, timings: Partial<ProbeTimings>): Writable {
  const times = timingsText(timings);
  if (spec === null) return false;
  switch (spec.kind) {
    case "tcp":
      return { tcp: spec.port, ...times };
    case "http": {
      const { url, status, headers } = spec;
      if (status === undefined && headers === undefined) return { http: url, ...times };
      const more = headers === undefined ? {} : { headers: new Map(Object.entries(headers)) };
      return { http: { url, ...(status === undefined ? {} : { status }), ...more }, ...times };
    }
    case "log":
      return { log: spec.pattern, ...times };
    case "exec": {
      const [program = "", ...rest] = spec.command;
      return { exec: commandOf([program, ...rest]), ...times };
    }
    case "notify":
      return { notify: true, ...times };
    default:
      // A container's check is its compose file's; only the times can be ours.
      return Object.keys(times).length === 0 ? undefined : times;
  }
}

function ruleText(rule: ProbeRule | null): Writable {
  return rule === null ? false : probeText(rule.spec, rule.timings);
}

const timingKeys: readonly (readonly [keyof ProbeTimings, string, "time" | "count"])[] = [
  ["initialDelayMs", "initial_delay", "time"],
  ["periodMs", "interval", "time"],
  ["timeoutMs", "timeout", "time"],
  ["startPeriodMs", "start_period", "time"],
  ["startIntervalMs", "start_interval", "time"],
  ["successThreshold", "success_threshold", "count"],
  ["failureThreshold", "retries", "count"],
  ["deadlineMs", "deadline", "time"],
];

function timingsText(timings: Partial<ProbeTimings>): Readonly<Record<string, Writable>> {
  return Object.fromEntries(
    timingKeys.flatMap(([key, word, kind]) => {
      const value = timings[key];
      return value === undefined ? [] : [[word, kind === "time" ? durationText(value) : value]];
    }),
  );
}

function hookText({ argv, deadlineMs }: HookRule): Writable {
  const command = commandOf(argv);
  return deadlineMs === HOOK_DEADLINE_MS ? command : { command, timeout: durationText(deadlineMs) };
}

function hookTexts(hooks: readonly HookRule[]): Writable {
  return hooks.length === 0 ? undefined : hooks.map(hookText);
}

function watchText(watch: DetectedService["rules"]["watch"]): Writable {
  if (watch === null) return undefined;
  const { paths, ignore, debounceMs } = watch;
  return { paths, ...(ignore.length === 0 ? {} : { ignore }), debounce: durationText(debounceMs) };
}

function limitsText(limits: DetectedService["rules"]["limits"]): Writable {
  if (limits === null) return undefined;
  const { memoryBytes, cpuPercent, cpuForMs, onExceed } = limits;
  return {
    ...(memoryBytes === null ? {} : { memory: sizeText(memoryBytes) }),
    ...(cpuPercent === null ? {} : { cpu: `${cpuPercent}%`, cpu_for: durationText(cpuForMs) }),
    on_exceed: onExceed,
  };
}
