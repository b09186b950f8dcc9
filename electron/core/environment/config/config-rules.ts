/** The rules a deckhand.yaml sets for a service, laid over those it has. */
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";
import { isInside } from "../../lib/inside.ts";
import type { RestartPolicy } from "../../service/restart-policy.ts";
import type { ProbeRule, ServiceRules } from "../../service/service-rules.ts";
import type { HookConfig } from "./command-form.ts";
import type { ServiceContext } from "./config-service.ts";
import { inside, type Spot } from "./form.ts";
import type { ProbeConfig, ProbeTarget } from "./probe-form.ts";
import { folderOf } from "./project-folder.ts";
import type { ServiceConfig } from "./service-form.ts";

/** Null: the file says nothing about it. */
export function specOf(
  config: ProbeConfig | undefined,
  ports: readonly ServicePort[],
  spot: Spot,
): ProbeSpec | "none" | null {
  const target = config?.target ?? null;
  return target === null || target === "none" ? target : probeSpec(target, ports, spot);
}

function probeSpec(target: ProbeTarget, ports: readonly ServicePort[], spot: Spot): ProbeSpec | null {
  if (target.kind === "http") return { ...target, url: movableUrl(target.url, ports) };
  if (target.kind !== "tcp") return target;
  const { port } = target;
  if (typeof port === "number") return { kind: "tcp", port };
  const variable = /^\$\{(\w+)\}$/.exec(port)?.[1];
  const named = ports.find((one) => one.name === port || (variable !== undefined && one.env === variable));
  if (named !== undefined) return { kind: "tcp", port: named.port };
  const known = ports.map((one) => one.name).join(", ");
  const next = known === "" ? "Declare it under `ports`" : `There are: ${known}`;
  spot.report(
    spot.path,
    `The health check is of the port ${JSON.stringify(port)}, which the service does not have. ${next}.`,
  );
  return null;
}

/** A port that may be moved is asked for by its variable, or the check would ask somebody else's. */
function movableUrl(url: string, ports: readonly ServicePort[]): string {
  const [whole, start = "", port = ""] =
    /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):)(\d+)(?=$|[/?#])/.exec(url) ?? [];
  const env = ports.find((one) => String(one.port) === port)?.env ?? null;
  return whole === undefined || env === null ? url : `${start}\${${env}}${url.slice(whole.length)}`;
}

export function restartOf(base: RestartPolicy, config: ServiceConfig): RestartPolicy {
  const { restart, restart_limit: limit } = config;
  return {
    ...base,
    ...(restart === undefined
      ? {}
      : { mode: restart.mode, maxRetries: restart.maxRetries, beforeReady: restart.mode !== "no" }),
    ...(limit === undefined
      ? {}
      : { limit: { max: limit.max ?? base.limit.max, windowMs: limit.window ?? base.limit.windowMs } }),
  };
}

interface RuleFacts {
  readonly probe: ProbeSpec | null;
  readonly readiness: ProbeConfig | undefined;
  readonly ports: readonly ServicePort[];
  readonly spot: Spot;
}

export function rulesOf(
  base: ServiceRules,
  config: ServiceConfig,
  { probe, readiness, ports, spot }: RuleFacts,
): ServiceRules {
  const ruleOf = (given: ProbeConfig | undefined, old: ProbeRule | null, key: string): ProbeRule | null => {
    if (given === undefined) return old;
    const spec = specOf(given, ports, inside(spot, key));
    if (spec === "none") return null;
    const kept = spec ?? old?.spec ?? null;
    return kept === null ? null : { spec: kept, timings: given.timings };
  };
  const hooksOf = (given: readonly HookConfig[] | undefined, old: readonly HookConfig[]) => given ?? old;
  const stopCommand = config.stop_command ?? config.shutdown?.command;
  const replicas = config.replicas ?? config.scale ?? config.deploy?.replicas ?? base.replicas;
  return {
    readiness: readiness?.timings ?? base.readiness,
    liveness: ruleOf(config.liveness ?? config.liveness_probe ?? config.livenessProbe, base.liveness, "liveness"),
    startup: ruleOf(config.startup ?? config.startup_probe ?? config.startupProbe, base.startup, "startup"),
    readyLine:
      config.ready_log_line ?? (probe?.kind === "log" && readiness !== undefined ? probe.pattern : base.readyLine),
    stop: {
      signal: config.stop_signal ?? config.shutdown?.signal ?? base.stop.signal,
      command: stopCommand ?? base.stop.command,
    },
    successExitCodes: config.success_exit_codes ?? base.successExitCodes,
    endsEnvironment: endsOf(base.endsEnvironment, config),
    watch: config.watch ?? base.watch,
    limits: limitsOf(config) ?? base.limits,
    replicas,
    hooks: {
      preStart: hooksOf(config.hooks?.pre_start ?? config.pre_start, base.hooks.preStart),
      postStart: hooksOf(config.hooks?.post_start ?? config.post_start, base.hooks.postStart),
      preStop: hooksOf(config.hooks?.pre_stop ?? config.pre_stop, base.hooks.preStop),
      postStop: hooksOf(config.hooks?.post_stop ?? config.post_stop, base.hooks.postStop),
    },
    logFile: config.log_file ?? config.log_location ?? base.logFile,
    disabled: config.disabled ?? base.disabled,
  };
}

/** Nothing is watched and nothing is written outside the project, whatever a file says. */
export function contained(
  rules: ServiceRules,
  folder: string,
  { directory, spot, name }: ServiceContext,
): ServiceRules {
  const { watch, logFile } = rules;
  const refuse = (key: string, path: string) =>
    spot.report(
      [...spot.path, key],
      `\`${key}\` of ${name} is ${JSON.stringify(path).slice(0, 80)}, outside the project, and is ignored. Name a place inside.`,
      "error",
    );
  const paths = watch?.paths.filter((path) => {
    const mayBeWatched = isInside(directory, folderOf(path, folder));
    if (!mayBeWatched) refuse("watch", path);
    return mayBeWatched;
  });
  const isLogInside = logFile === null || isInside(directory, folderOf(logFile, directory));
  if (!isLogInside) refuse("log_file", logFile);
  return {
    ...rules,
    watch: watch === null || paths === undefined || paths.length === 0 ? null : { ...watch, paths },
    logFile: isLogInside ? logFile : null,
  };
}

function endsOf(base: ServiceRules["endsEnvironment"], config: ServiceConfig): ServiceRules["endsEnvironment"] {
  if (config.exit_on_end === true) return "end";
  if (config.exit_on_failure === true || config.restart?.endsEnvironment === true) return "failure";
  return config.exit_on_end === false || config.exit_on_failure === false ? "never" : base;
}

/** A load that lasts this long is none of a build or a first request any more. */
const CPU_FOR_MS = 60_000;

function limitsOf(config: ServiceConfig): ServiceRules["limits"] {
  const { limits, deploy } = config;
  const memoryBytes = limits?.memory ?? config.mem_limit ?? deploy?.resources?.limits?.memory ?? null;
  const cpuPercent = limits?.cpu ?? limits?.cpus ?? config.cpus ?? deploy?.resources?.limits?.cpus ?? null;
  if (memoryBytes === null && cpuPercent === null) return null;
  return { memoryBytes, cpuPercent, cpuForMs: limits?.cpu_for ?? CPU_FOR_MS, onExceed: limits?.on_exceed ?? "restart" };
}
