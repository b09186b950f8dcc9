/** Makes the service that a deckhand.yaml describes: a command, a container of the compose file, or a detected one with changes. */
import type { ServicePlan } from "#shared/schema/environment.ts";
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";
import type { ServiceRules } from "../../service/service-rules.ts";
import { commandService } from "../detect/command-service.ts";
import type { DetectedService } from "../detect/detected.ts";
import { canBeTold } from "../told-ports.ts";
import { commandOf } from "./command-form.ts";
import { contained, restartOf, rulesOf, specOf } from "./config-rules.ts";
import type { Spot } from "./form.ts";
import { inside } from "./form.ts";
import type { PortConfig } from "./port-form.ts";
import { folderOf } from "./project-folder.ts";
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
  /** Of those, the ones that are completed at the start; absent: none. */
  readonly templates?: ReadonlyMap<string, string>;
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
  const ports = config.ports?.map((port, index) => portOf(port, base.plan.ports[index])) ?? base.plan.ports;
  const isContainer = base.run.kind === "compose";
  const kind =
    isContainer || config.type === undefined ? base.plan.kind : config.type === "task" ? ("task" as const) : "process";
  const readiness = config.healthcheck ?? config.readiness ?? config.readiness_probe ?? config.readinessProbe;
  const spec = specOf(readiness, ports, inside(context.spot, "healthcheck"));
  const first = ports[0];
  const usual = config.ports !== undefined && !isContainer ? usualProbe({ kind, ports }) : base.plan.probe;
  const probe = spec === "none" ? null : (spec ?? usual);
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
  const { templates: _, ...rest } = base;
  return {
    ...rest,
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
    ...templatesOf(base, context),
    restart: restartOf(base.restart, config),
    rules,
    graceMs: config.stop_grace_period ?? config.shutdown?.timeout_seconds ?? base.graceMs,
    http,
    portAssumed: config.ports === undefined && base.portAssumed,
    trust: {
      ...base.trust,
      name,
      source,
      detail: withLines(base.trust.detail, [...commandsBeside(probe, rules), ...optionsOf(config)]),
    },
    // Where it runs decides what runs.
    digest: workingDirectory === plan.workingDirectory ? base.digest : `${base.digest} in ${workingDirectory}`,
  };
}

/** How a port is told is as it was found out, where the file only says which it is to be. */
function portOf({ usual, ...stated }: PortConfig, found: ServicePort | undefined): ServicePort {
  if (usual !== true || found === undefined || !canBeTold(found)) return stated;
  const { env, option } = found;
  return { ...stated, env, ...(option === undefined ? {} : { option }) };
}

/** What is said anew counts as it is said. */
function templatesOf(
  base: DetectedService,
  { environment, templates }: ServiceContext,
): Pick<DetectedService, "templates"> {
  if (base.run.kind === "compose") return {};
  const kept = Object.entries(base.templates ?? {}).filter(([name]) => !Object.hasOwn(environment, name));
  const all = [...kept, ...(templates ?? [])];
  return all.length === 0 ? {} : { templates: Object.fromEntries(all) };
}

/** Tcp on the first port: how a process is checked whose file names ports and no check. */
export function usualProbe({ kind, ports }: Pick<ServicePlan, "kind" | "ports">): ProbeSpec | null {
  const first = ports[0];
  return kind === "process" && first !== undefined ? { kind: "tcp", port: first.port } : null;
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

/** What the file puts behind the command for its ports. */
function optionsOf({ ports = [] }: ServiceConfig): string[] {
  return ports.flatMap(({ name, option }) => (option === undefined ? [] : [`for its port ${name}: ${option}`]));
}

/** A service that is changed may have some of them already. */
function withLines(detail: string, lines: readonly string[]): string {
  const known = new Set(detail.split("\n"));
  return [detail, ...lines.filter((line) => !known.has(line))].join("\n");
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
