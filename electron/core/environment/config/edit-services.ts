/** Carries out what a person edited on screen on the services of a plan. Pure. */
import type { ServiceEdit } from "#shared/schema/plan.ts";
import { AppError } from "../../lib/error.ts";
import { isInside } from "../../lib/inside.ts";
import { commandService } from "../detect/command-service.ts";
import { isUsableName, type DetectedService } from "../detect/detected.ts";
import { unknownService } from "../plan.ts";
import { folderOf } from "./project-folder.ts";

/**
 * The services as they shall be.
 *
 * @param directory The project's folder, absolute.
 * @throws AppError `unknown_service`, `bad_input`.
 */
export function editServices(
  services: ReadonlyMap<string, DetectedService>,
  edits: readonly ServiceEdit[],
  directory: string,
): ReadonlyMap<string, DetectedService> {
  const result = new Map(services);
  for (const edit of edits) {
    const old = result.get(edit.service) ?? newService(edit, directory, result.keys());
    result.set(edit.service, edited(old, edit, directory));
  }
  return result;
}

function newService(edit: ServiceEdit, directory: string, known: Iterable<string>): DetectedService {
  const { service: name, command } = edit;
  if (command === undefined) throw unknownService(name, known);
  if (!isUsableName(name)) {
    throw new AppError("bad_input", `"${name}" can be no name of a service.`, {
      next: "Take one without control characters that does not begin with a dash.",
    });
  }
  return commandService({ name, command, directory, source: "deckhand.yaml", role: "service" });
}

function edited(old: DetectedService, edit: ServiceEdit, directory: string): DetectedService {
  const { disabled, command, workingDirectory, environment, ports, needs, probe, restart, replicas } = edit;
  let { plan, rules } = old;
  let next = old;
  if (command !== undefined) {
    if (old.run.kind === "compose") {
      throw new AppError("bad_input", `${edit.service} is a container; its command stands in the compose file.`, {
        next: `Change it in ${plan.source}.`,
      });
    }
    plan = { ...plan, command };
    next = { ...next, run: { kind: "argv", argv: ["/bin/sh", "-c", command] } };
  }
  if (workingDirectory !== undefined) plan = { ...plan, workingDirectory: folderIn(workingDirectory, directory) };
  if (ports !== undefined) plan = { ...plan, ports };
  if (probe !== undefined) plan = { ...plan, probe };
  if (disabled !== undefined) {
    const { disabled: _, ...rest } = plan;
    plan = disabled ? { ...rest, disabled } : rest;
    rules = { ...rules, disabled };
  }
  if (replicas !== undefined) rules = { ...rules, replicas };
  if (environment !== undefined) next = { ...next, environment: withVariables(old.environment, environment) };
  if (restart !== undefined) next = { ...next, restart: { ...old.restart, ...restart } };
  if (needs !== undefined) {
    plan = { ...plan, dependsOn: Object.fromEntries(needs.map(({ name, condition }) => [name, condition])) };
    const dependencies = needs.map(
      ({ name, condition, required, restart: follows }) =>
        [name, { condition, required, ...(follows ? { restart: true } : {}) }] as const,
    );
    next = { ...next, dependencies: new Map(dependencies) };
  }
  return { ...next, plan, rules };
}

function folderIn(folder: string, directory: string): string {
  const path = folderOf(folder, directory);
  if (!isInside(directory, path)) {
    throw new AppError("bad_input", `${folder} is not inside the project.`, { next: "Name a folder of the project." });
  }
  return path;
}

function withVariables(
  old: Readonly<Record<string, string>>,
  changes: NonNullable<ServiceEdit["environment"]>,
): Readonly<Record<string, string>> {
  const result = new Map(Object.entries(old));
  for (const [name, value] of changes) {
    if (value === null) result.delete(name);
    else result.set(name, value);
  }
  return Object.fromEntries(result);
}
