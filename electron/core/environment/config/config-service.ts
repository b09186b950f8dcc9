/** Makes the service that a deckhand.yaml describes: a command, a container of the compose file, or a detected one with changes. */
import { isAbsolute, join, relative, sep } from "node:path";
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";
import type { RestartPolicy } from "../../service/restart-policy.ts";
import type { ProbeRule, ServiceRules } from "../../service/service-rules.ts";
import { commandService } from "../detect/command-service.ts";
import type { DetectedService } from "../detect/detected.ts";
import { commandOf, type HookConfig } from "./command-form.ts";
import type { Spot } from "./form.ts";
import { inside } from "./form.ts";
import type { ProbeConfig, ProbeTarget } from "./probe-form.ts";
import type { ServiceConfig } from "./service-form.ts";

export interface ServiceContext {
  readonly name: string;
  /** `deckhand.yaml#services.web`. */
  readonly source: string;
  /** The project's, absolute. */
  readonly directory: string;
  /** `file:line:column` of one of its dependencies. */
  readonly placeOf: (dependency: string) => string;
  readonly spot: Spot;
  /** What the files, the profile and the service say, in that order. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A service that runs a command of its own. */
export function commandOfConfig(config: ServiceConfig, context: ServiceContext): DetectedService | null {
  const { command } = config;
  if (command === undefined) return null;
  const { name, source, directory } = context;
  const isTask = config.type === "task";
  const line = typeof command === "string" ? command : command.join(" ");
  const plain = commandService({ name, command, directory, source, role: isTask ? "migrate" : "service" });
  const fresh: DetectedService = { ...plain, role: roleOf(isTask, `${name} ${line}`), statesOrder: true };
  return changed(fresh, config, context);
}

function roleOf(isTask: boolean, text: string): DetectedService["role"] {
  if (!isTask) return "service";
  return /migrat/i.test(text) ? "migrate" : /\bseed/i.test(text) ? "seed" : "service";
}

/** A service that is there already, with what the file says laid over it. */
export function changed(base: DetectedService, given: ServiceConfig, context: ServiceContext): DetectedService {
  const config = base.run.kind === "compose" ? withoutProcessKeys(given, context) : given;
  const { name, directory, source } = context;
  const workingDirectory =
    config.working_dir === undefined ? base.plan.workingDirectory : folderOf(config.working_dir, directory);
  const ports = config.ports === undefined ? base.plan.ports : config.ports.map((port): ServicePort => ({ ...port }));
  const isContainer = base.run.kind === "compose";
  const kind =
    isContainer || config.type === undefined ? base.plan.kind : config.type === "task" ? ("task" as const) : "process";
  const readiness = config.healthcheck ?? config.readiness ?? config.readiness_probe ?? config.readinessProbe;
  const spec = specOf(readiness, ports, inside(context.spot, "healthcheck"));
  const first = ports[0];
  const usual = kind === "process" && first !== undefined ? ({ kind: "tcp", port: first.port } as const) : null;
  const probe =
    spec === "none" ? null : (spec ?? (config.ports !== undefined && !isContainer ? usual : base.plan.probe));
  const rules = contained(
    rulesOf(base.rules, config, { probe, readiness, ports, spot: context.spot }),
    workingDirectory,
    context,
  );
  const dependencies = config.depends_on ?? base.dependencies;
  const { plan } = base;
  const http =
    probe?.kind === "http" ||
    (config.ports === undefined ? base.http : first !== undefined && !isContainer && speaksHttp(first));
  return {
    ...base,
    plan: {
      name,
      kind,
      command: plan.command,
      workingDirectory,
      source,
      ports,
      // From entries: a name like `__proto__` becomes an own key like any other.
      dependsOn: Object.fromEntries([...dependencies].map(([other, { condition }]) => [other, condition])),
      profiles: config.profiles === undefined ? plan.profiles : [...config.profiles],
      probe,
      ...(rules.replicas > 1 ? { replicas: rules.replicas } : {}),
      ...(rules.disabled ? { disabled: true } : {}),
    },
    dependencies,
    ...(config.depends_on === undefined
      ? {}
      : {
          statesOrder: true,
          dependencyPlaces: new Map([...dependencies.keys()].map((other) => [other, context.placeOf(other)])),
        }),
    environment: isContainer ? base.environment : { ...base.environment, ...context.environment },
    restart: restartOf(base.restart, config),
    rules,
    graceMs: config.stop_grace_period ?? config.shutdown?.timeout_seconds ?? base.graceMs,
    http,
    portAssumed: config.ports === undefined && base.portAssumed,
    trust: {
      ...base.trust,
      name,
      source,
      detail: [base.trust.detail, ...commandsBeside(probe, rules)].join("\n"),
    },
    // Where it runs decides what runs.
    digest: workingDirectory === plan.workingDirectory ? base.digest : `${base.digest} in ${workingDirectory}`,
  };
}

/** What the compose file decides for a container; said here, it would have no effect. */
const composeDecides = ["type", "working_dir", "env_file", "environment", "env", "dotenv", "ports"] as const;

function withoutProcessKeys(config: ServiceConfig, { name, spot }: ServiceContext): ServiceConfig {
  const kept = new Map<string, unknown>(Object.entries(config));
  for (const key of composeDecides) {
    if (!kept.delete(key)) continue;
    const message = `${name} is a container, so its \`${key}\` is what the compose file says; this one is ignored. Change it there.`;
    spot.report([...spot.path, key], message, "warning");
  }
  return Object.fromEntries(kept);
}

/** Ports of databases and the like have names of their own; what is called nothing in particular is a web server. */
function speaksHttp({ name, env }: ServicePort): boolean {
  return env === "PORT" || /^(?:https?|web|www|ui|app|api|dev|server|site|\d+)$/i.test(name);
}

/** Absolute; the folder a path of the file means. */
export function folderOf(path: string, directory: string): string {
  return isAbsolute(path) ? join(path) : join(directory, path).replace(/(?<=.)[\\/]+$/, "");
}

/** Whether a folder lies inside the project, so that it may be looked at. */
export function relativeInside(folder: string, directory: string): string | null {
  const way = relative(directory, folder);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way) ? null : way;
}

/** Null: the file says nothing about it. */
function specOf(config: ProbeConfig | undefined, ports: readonly ServicePort[], spot: Spot): ProbeSpec | "none" | null {
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

function restartOf(base: RestartPolicy, config: ServiceConfig): RestartPolicy {
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

function rulesOf(
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
function contained(rules: ServiceRules, folder: string, { directory, spot, name }: ServiceContext): ServiceRules {
  const { watch, logFile } = rules;
  const refuse = (key: string, path: string) =>
    spot.report(
      [...spot.path, key],
      `\`${key}\` of ${name} is ${JSON.stringify(path).slice(0, 80)}, outside the project, and is ignored. Name a place inside.`,
      "error",
    );
  const paths = watch?.paths.filter((path) => {
    const isInside = relativeInside(folderOf(path, folder), directory) !== null;
    if (!isInside) refuse("watch", path);
    return isInside;
  });
  const isLogInside = logFile === null || relativeInside(folderOf(logFile, directory), directory) !== null;
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

/** What else is run for it, as the trust prompt shows it. */
function commandsBeside(probe: ProbeSpec | null, rules: ServiceRules): string[] {
  const line = (what: string, argv: readonly [string, ...string[]]) => {
    const command = commandOf(argv);
    return `${what}: ${typeof command === "string" ? command : command.join(" ")}`;
  };
  const checks = [probe, rules.liveness?.spec, rules.startup?.spec].flatMap((spec) =>
    spec?.kind === "exec" ? [line("check", spec.command as [string, ...string[]])] : [],
  );
  const { hooks, stop } = rules;
  const named = [
    ["before it starts", hooks.preStart],
    ["after it is ready", hooks.postStart],
    ["before it stops", hooks.preStop],
    ["after it stopped", hooks.postStop],
    ["to stop it", stop.command === null ? [] : [stop.command]],
  ] as const;
  return [...checks, ...named.flatMap(([what, list]) => list.map((hook) => line(what, hook.argv)))];
}
