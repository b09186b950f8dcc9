/** A service as the fields of a form hold it: everything as a person would type it into a deckhand.yaml. Pure. */
import { relative } from "node:path";
import type { ProbeDraft, ServiceDraft } from "#shared/schema/service-edit.ts";
import type { ProbeSpec } from "#shared/schema/service.ts";
import type { DetectedService } from "../detect/detected.ts";
import { isYamlMap, type YamlValue } from "../detect/yaml-values.ts";
import { MAX_REPLICAS } from "../../service/service-rules.ts";
import { onlyOnce } from "../replicas.ts";
import { shellWord } from "../told-ports.ts";
import { commandOf } from "./command-form.ts";
import { timeKeys } from "./edit-written.ts";
import { durationText, sizeText } from "./units.ts";
import { timingsText } from "./write-probe.ts";
import { writtenValue, type Inherited } from "./write-variables.ts";

export interface OriginContext {
  readonly inherited: Inherited;
  /** What the deckhand.yaml says of each service, as written. */
  readonly stated: ReadonlyMap<string, YamlValue>;
}

export interface DraftContext extends OriginContext {
  readonly directory: string;
  readonly file: string | null;
  /** All services there are. */
  readonly names: Iterable<string>;
  /** Whether a value is better not shown. */
  readonly isSecret: (name: string, value: string) => boolean;
}

export function serviceDraft(service: DetectedService, context: DraftContext): ServiceDraft {
  const { plan, rules, restart, graceMs, dependencies, environment } = service;
  const { directory, file, names, isSecret } = context;
  const { limits, watch } = rules;
  return {
    service: plan.name,
    container: service.run.kind === "compose",
    command: commandLine(service),
    workingDirectory: relative(directory, plan.workingDirectory) || ".",
    environment: Object.entries(environment).map(([name, value]) => ({
      name,
      value: isSecret(name, value) ? null : (statedValue(service, name, context) ?? writtenValue(service, name, value)),
      from: variableOrigin(service, name, context),
    })),
    ports: plan.ports.map(({ name, port, env, option, strict }) => ({
      name,
      prefer: String(port),
      env: env ?? "",
      option: option ?? "",
      strict: strict ?? false,
    })),
    needs: [...dependencies].map(([name, { condition, required, restart: follows }]) => ({
      name,
      condition,
      required,
      restart: follows ?? false,
    })),
    others: [...names].filter((name) => name !== plan.name),
    probe: probeDraft(service),
    restart: {
      mode: restart.mode,
      retries: restart.maxRetries === null ? "" : String(restart.maxRetries),
      max: String(restart.limit.max),
      window: durationText(restart.limit.windowMs),
    },
    stop: { signal: rules.stop.signal, grace: durationText(graceMs) },
    limits: {
      memory: limits === null || limits.memoryBytes === null ? "" : sizeText(limits.memoryBytes),
      cpu: limits === null || limits.cpuPercent === null ? "" : `${limits.cpuPercent}%`,
      cpuFor: limits === null || limits.cpuPercent === null ? "" : durationText(limits.cpuForMs),
      onExceed: limits?.onExceed ?? "restart",
    },
    watch:
      watch === null
        ? { paths: [], ignore: [], debounce: "" }
        : { paths: [...watch.paths], ignore: [...watch.ignore], debounce: durationText(watch.debounceMs) },
    replicas: { count: rules.replicas, max: MAX_REPLICAS, obstacle: onlyOnce(service) },
    file,
  };
}

function probeDraft({ plan, rules }: DetectedService): ProbeDraft {
  const { probe } = plan;
  const times = new Map(Object.entries(timingsText(rules.readiness)));
  const typed = Object.fromEntries(timeKeys.map(([field, key]) => [field, String(times.get(key) ?? "")]));
  return {
    kind: probe?.kind ?? "none",
    tcp: probe?.kind === "tcp" ? String(probe.port) : "",
    url: probe?.kind === "http" ? probe.url : "",
    status: probe?.kind === "http" && probe.status !== undefined ? String(probe.status) : "",
    exec: execLine(probe),
    log: probe?.kind === "log" ? probe.pattern : "",
    ...(typed as Pick<ProbeDraft, (typeof timeKeys)[number][0]>),
  };
}

/** What is run for a service, as a shell line; empty for a container. */
export function commandLine({ run }: Pick<DetectedService, "run">): string {
  return run.kind === "compose" ? "" : lineOf(run.argv);
}

/** The same of a check; empty where it is another kind of check. */
export function execLine(probe: ProbeSpec | null): string {
  if (probe?.kind !== "exec") return "";
  const [program = "", ...rest] = probe.command;
  return lineOf([program, ...rest]);
}

function lineOf(argv: readonly [string, ...string[]]): string {
  const command = commandOf(argv);
  return typeof command === "string" ? command : command.map(shellWord).join(" ");
}

/** Who gives a service one of its variables. */
export function variableOrigin(
  { plan, run, environment }: DetectedService,
  name: string,
  { inherited, stated }: OriginContext,
): "service" | "files" | "profile" {
  const entry = stated.get(plan.name);
  if (statedVariables(entry).has(name)) return "service";
  const value = environment[name];
  if (inherited.profile.get(name) === value) return "profile";
  if (inherited.files.get(name) === value) return "files";
  // A command of the file has nothing from anywhere else, and files of its own are said with `env_file`.
  const whole = isYamlMap(entry) && (entry.has("command") || entry.has("env_file"));
  return run.kind !== "compose" && whole ? "files" : "service";
}

/** As the file has it: it may refer to other variables. Null: it does not say it, or only that it is to be there. */
function statedValue({ plan }: DetectedService, name: string, { stated }: OriginContext): string | null {
  return statedVariables(stated.get(plan.name)).get(name) ?? null;
}

/** In compose's two forms. */
function statedVariables(entry: YamlValue | undefined): ReadonlyMap<string, string | null> {
  if (!isYamlMap(entry)) return new Map();
  const value = entry.get("environment") ?? entry.get("env") ?? null;
  const textOf = (one: YamlValue | undefined) => (one === undefined || one === null ? null : String(one));
  if (isYamlMap(value)) return new Map([...value].map(([name, one]) => [name, textOf(one)]));
  const lines = Array.isArray(value) ? value.map(String) : [];
  return new Map(
    lines.map((line) => {
      const [, name = line, text = null] = /^([^=]*)=(.*)$/s.exec(line) ?? [];
      return [name, text];
    }),
  );
}
