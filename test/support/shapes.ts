/**
 * Projects of many kinds, each a few small files written after real public ones. What `expected.json` says was written from what
 * the people of such a project would want started, not from what the code answers.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import type { Detection, ServicePlan } from "#shared/schema/environment.ts";

const folder = resolve(import.meta.dirname, "../fixtures/projects/shapes");

const expectedSchema = z.strictObject({
  /** What kind of project it is, and what its people want. */
  about: z.string(),
  services: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.string(),
      command: z.string(),
      source: z.string(),
      /** `name:port` or `name:port:VARIABLE`. */
      ports: z.array(z.string()),
      /** Where it runs, where that is not the project's own folder. */
      folder: z.string().optional(),
      /** Shown, and started only when it is named. */
      disabled: z.literal(true).optional(),
    }),
  ),
  /** Waves of what a start without names starts. */
  order: z.array(z.array(z.string())),
  /** Codes. */
  problems: z.array(z.string()),
});

/** What matters of a detection: services, order, ports, sources, problems. */
export type Shape = Omit<z.infer<typeof expectedSchema>, "about">;

export const shapeNames: readonly string[] = readdirSync(folder).sort();

export function shapeFolder(name: string): string {
  return join(folder, name);
}

/** What the people of a project want. */
export function expectedShape(name: string): Shape {
  const { about: _, ...shape } = expectedSchema.parse(
    JSON.parse(readFileSync(join(shapeFolder(name), "expected.json"), "utf8")),
  );
  return shape;
}

/** What was detected of it. */
export function shapeOf(name: string, detection: Detection): Shape {
  const disabled = new Set(detection.services.filter((service) => service.disabled).map((service) => service.name));
  const order = detection.order.map((wave) => wave.filter((service) => !disabled.has(service)));
  return {
    services: detection.services.map((service) => seen(service, shapeFolder(name))),
    order: order.filter((wave) => wave.length > 0),
    problems: detection.problems.map(({ code }) => code),
  };
}

function seen(service: ServicePlan, directory: string): Shape["services"][number] {
  const { name, kind, command, source, ports, workingDirectory, disabled } = service;
  const within = relative(directory, workingDirectory);
  return {
    name,
    kind,
    command: typeof command === "string" ? command : command.join(" "),
    source,
    ports: ports.map((port) => [port.name, port.port, ...(port.env === null ? [] : [port.env])].join(":")),
    ...(within === "" ? {} : { folder: within }),
    ...(disabled === true ? { disabled } : {}),
  };
}
