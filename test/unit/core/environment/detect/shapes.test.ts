/**
 * Detection on projects of many kinds, each a few small files written after real public ones. What `expected.json` says was
 * written from what the people of such a project would want started, not from what the code answers.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ServicePlan } from "#shared/schema/environment.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";

const shapes = resolve(import.meta.dirname, "../../../../fixtures/projects/shapes");

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

const names = readdirSync(shapes).sort();

test("there are at least thirty", () => expect(names.length).toBeGreaterThanOrEqual(30));

describe("the shape of a project", () => {
  test.each(names)("%s", async (name) => {
    const directory = join(shapes, name);
    const expected = expectedSchema.parse(JSON.parse(readFileSync(join(directory, "expected.json"), "utf8")));
    const { detection } = await detect({ directory, profile: "dev" });
    const disabled = new Set(detection.services.filter((service) => service.disabled).map((service) => service.name));
    const order = detection.order.map((wave) => wave.filter((service) => !disabled.has(service)));
    expect({
      services: detection.services.map((service) => seen(service, directory)),
      order: order.filter((wave) => wave.length > 0),
      problems: detection.problems.map(({ code }) => code),
    }).toEqual({ services: expected.services, order: expected.order, problems: expected.problems });
  });
});

function seen(service: ServicePlan, directory: string) {
  const { name, kind, command, source, ports, workingDirectory, disabled } = service;
  const folder = relative(directory, workingDirectory);
  return {
    name,
    kind,
    command: typeof command === "string" ? command : command.join(" "),
    source,
    ports: ports.map((port) => [port.name, port.port, ...(port.env === null ? [] : [port.env])].join(":")),
    ...(folder === "" ? {} : { folder }),
    ...(disabled === true ? { disabled } : {}),
  };
}
