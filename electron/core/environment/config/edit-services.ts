/**
 * Carries out what a person edited on screen on the services of a plan. What was typed is read by what reads a deckhand.yaml, and
 * laid over the service in the same way, so that there is one place that knows what can be. Pure.
 */
import type { FieldProblem, ServiceEdit } from "#shared/schema/service-edit.ts";
import type { ProbeSpec } from "#shared/schema/service.ts";
import { AppError } from "../../lib/error.ts";
import { isInside } from "../../lib/inside.ts";
import { commandService } from "../detect/command-service.ts";
import { isUsableName, type DetectedService } from "../detect/detected.ts";
import { unknownService } from "../plan.ts";
import { commandForm } from "./command-form.ts";
import { changed, usualProbe } from "./config-service.ts";
import { writtenEdit } from "./edit-written.ts";
import { environmentForm } from "./environment-form.ts";
import { followingPorts } from "./following-ports.ts";
import { inside, type Spot } from "./form.ts";
import { orderProblems } from "./order-problems.ts";
import { folderOf } from "./project-folder.ts";
import { commandLine, execLine, variableOrigin, type OriginContext } from "./service-draft.ts";
import { serviceForm, type ServiceConfig } from "./service-form.ts";
import type { TypedVariables } from "./write-variables.ts";

export interface EditContext extends OriginContext {
  /** The project's folder, absolute. */
  readonly directory: string;
}

/** The services as they shall be. */
export interface EditedServices {
  readonly services: ReadonlyMap<string, DetectedService>;
  /** Of each service the variables that were typed, in the words of deckhand.yaml: `${NAME}` in them is still to be replaced. */
  readonly typed: TypedVariables;
}

/**
 * @throws AppError `unknown_service`; `bad_input` where something cannot be as it was typed: `details.fields` has the places.
 */
export function editServices(
  services: ReadonlyMap<string, DetectedService>,
  edits: readonly ServiceEdit[],
  context: EditContext,
): EditedServices {
  const result = new Map(services);
  const problems: FieldProblem[] = [];
  for (const edit of edits) {
    const spot: Spot = { path: [], report: (path, message) => problems.push({ path: [...path], message }) };
    const old = result.get(edit.service) ?? newService(edit, context, result.keys());
    result.set(edit.service, edited(old, edit, { ...context, spot }));
  }
  problems.push(...orderProblems(services, result, new Set(edits.map(({ service }) => service))));
  const [first] = problems;
  const typed = new Map(edits.map(({ service, environment = [] }) => [service, typedOf(environment)] as const));
  if (first === undefined) return { services: result, typed };
  throw new AppError("bad_input", first.message, { details: { fields: problems } });
}

function typedOf(environment: NonNullable<ServiceEdit["environment"]>): ReadonlyMap<string, string> {
  return new Map(environment.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
}

function newService(
  edit: ServiceEdit,
  { directory, inherited }: EditContext,
  known: Iterable<string>,
): DetectedService {
  const { service: name, command } = edit;
  if (command === undefined) throw unknownService(name, known);
  if (!isUsableName(name)) {
    throw new AppError("bad_input", `"${name}" can be no name of a service.`, {
      next: "Take one without control characters that does not begin with a dash.",
    });
  }
  // Like every command of the file, it has what the files of variables and the profile say.
  const environment = Object.fromEntries([...inherited.files, ...inherited.profile]);
  return commandService({ name, command, directory, source: "deckhand.yaml", role: "service", environment });
}

interface Editing extends EditContext {
  readonly spot: Spot;
}

function edited(old: DetectedService, edit: ServiceEdit, context: Editing): DetectedService {
  const { directory, spot } = context;
  const config = readEdit(old, edit, spot);
  const { name, source } = old.plan;
  const read = changed(old, config, {
    name,
    source,
    directory,
    placeOf: () => source,
    spot,
    environment: {},
  });
  checkFolder(edit.workingDirectory, context);
  const checked = withCleared(withProbe(read, old, edit), edit);
  return withDisabled(withVariables(withCommand(checked, edit, spot), edit, context), edit.disabled);
}

/** Reads what was typed as the keys of the service. */
function readEdit(old: DetectedService, edit: ServiceEdit, spot: Spot): ServiceConfig {
  reportTwice(edit.ports, "ports", spot);
  reportTwice(edit.needs, "depends_on", spot);
  if (edit.probe?.kind === "compose" && old.run.kind !== "compose") {
    spot.report(["healthcheck"], "Only a container has a check of Docker's. Choose another one.");
  }
  const config = serviceForm.read(writtenEdit(edit), spot) ?? {};
  if (edit.probe?.kind !== "http" || config.healthcheck?.target === null) return config;
  // No form shows them, so that they stay as they are.
  const { probe } = old.plan;
  const target = config.healthcheck?.target;
  if (probe?.kind !== "http" || probe.headers === undefined || target === undefined) return config;
  if (target === "none" || target === null || target.kind !== "http" || config.healthcheck === undefined) return config;
  return { ...config, healthcheck: { ...config.healthcheck, target: { ...target, headers: probe.headers } } };
}

function reportTwice(rows: readonly { readonly name: string }[] | undefined, key: string, spot: Spot): void {
  const names = new Set<string>();
  for (const { name } of rows ?? []) {
    if (names.has(name))
      spot.report([key, name], `${JSON.stringify(name)} stands here twice. Take one of the two out.`);
    names.add(name);
  }
}

function checkFolder(folder: string | undefined, { directory, spot }: Editing): void {
  if (folder === undefined || isInside(directory, folderOf(folder, directory))) return;
  spot.report(["working_dir"], `${folder} is not inside the project. Name a folder of the project.`);
}

/** Where only the ports were edited, a check goes on being of the same ones. */
function withProbe(service: DetectedService, old: DetectedService, { ports, probe }: ServiceEdit): DetectedService {
  const { plan, rules } = service;
  if (probe !== undefined) {
    const { readyLine } = old.rules;
    const isOwn = readyLine !== null && !(old.plan.probe?.kind === "log" && old.plan.probe.pattern === readyLine);
    const own = probe.kind === "compose" ? ({ kind: "compose", healthcheck: true } as const) : null;
    const spec: ProbeSpec | null = own !== null && old.run.kind === "compose" ? own : plan.probe;
    const kept = execLine(old.plan.probe) === probe.exec && probe.kind === "exec" ? old.plan.probe : spec;
    // A line that others wait for is another matter than the check, unless it was that of the check.
    return { ...service, plan: { ...plan, probe: kept }, rules: isOwn ? { ...rules, readyLine } : rules };
  }
  if (ports === undefined || service.run.kind === "compose") return service;
  const move = (spec: ProbeSpec) => followingPorts(spec, old.plan.ports, plan.ports);
  const before = old.plan.probe;
  const had = old.plan.ports.length > 0;
  const spec = before === null ? (had ? null : usualProbe(plan)) : (move(before) ?? usualProbe(plan));
  const ruleOf = (rule: typeof rules.liveness) => {
    const moved = rule === null ? null : move(rule.spec);
    return rule === null || moved === null ? null : { ...rule, spec: moved };
  };
  return {
    ...service,
    plan: { ...plan, probe: spec },
    rules: { ...rules, liveness: ruleOf(rules.liveness), startup: ruleOf(rules.startup) },
  };
}

/** What a file cannot take back by saying nothing. */
function withCleared(service: DetectedService, { limits, watch }: ServiceEdit): DetectedService {
  const unlimited = limits !== undefined && limits.memory === "" && limits.cpu === "";
  const unwatched = watch !== undefined && watch.paths.length === 0;
  return {
    ...service,
    rules: { ...service.rules, ...(unlimited ? { limits: null } : {}), ...(unwatched ? { watch: null } : {}) },
  };
}

function withCommand(service: DetectedService, { command }: ServiceEdit, spot: Spot): DetectedService {
  if (command === undefined || command === commandLine(service)) return service;
  if (service.run.kind === "compose") {
    const { name, source } = service.plan;
    spot.report(["command"], `${name} is a container; its command stands in the compose file. Change it in ${source}.`);
    return service;
  }
  const read = commandForm.read(command, inside(spot, "command"));
  if (typeof read !== "string") return service;
  return {
    ...service,
    plan: { ...service.plan, command: read },
    run: { kind: "argv", argv: ["/bin/sh", "-c", read] },
  };
}

function withVariables(service: DetectedService, { environment }: ServiceEdit, context: Editing): DetectedService {
  if (environment === undefined || environment.length === 0) return service;
  const spot = inside(context.spot, "environment");
  if (service.run.kind === "compose") {
    const { name, source } = service.plan;
    spot.report(
      spot.path,
      `The variables of ${name} stand in the compose file, since it is a container. Change them in ${source}.`,
    );
    return service;
  }
  reportTwice(
    environment.map(([name]) => ({ name })),
    "environment",
    context.spot,
  );
  const given = new Map(environment);
  const read = environmentForm.read(given, spot) ?? new Map<string, string | null>();
  const result = new Map(Object.entries(service.environment));
  for (const [name, value] of given) {
    if (value !== null) {
      const taken = read.get(name);
      if (taken !== undefined && taken !== null) result.set(name, taken);
      continue;
    }
    const from = variableOrigin(service, name, context);
    if (from === "service") result.delete(name);
    else {
      const place = from === "profile" ? "the profile" : "a file of variables such as `.env`";
      spot.report(
        [...spot.path, name],
        `${name} comes from ${place}. Take it out there, or give it another value here.`,
      );
    }
  }
  return { ...service, environment: Object.fromEntries(result) };
}

function withDisabled(service: DetectedService, disabled: boolean | undefined): DetectedService {
  if (disabled === undefined) return service;
  const { disabled: _, ...plan } = service.plan;
  return {
    ...service,
    plan: disabled ? { ...plan, disabled } : plan,
    rules: { ...service.rules, disabled },
  };
}
