import type { Detection } from "#shared/schema/environment.ts";
import { detect } from "../../core/environment/detect/detect.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { align } from "../status-table.ts";
import { directoryOf } from "../workspace-of.ts";

/** Needs no host: it only reads files. */
export const detectCommand: Command = {
  name: "detect",
  usage: "detect [DIR] [--profile P]",
  summary: "what would run, in which order, and every problem found; nothing is started",
  options: { profile: { type: "string" } },
  maxPositionals: 1,
  async run(context) {
    const profile = context.options["profile"] as string | undefined;
    const { detection } = await detect({
      directory: directoryOf(context),
      profile: profile ?? "dev",
      // Whatever is enumerated of it is a string.
      environment: { ...process.env } as Record<string, string>,
    });
    context.output.document(detection);
    if (!context.json) print(context, detection);
    return exitCode.done;
  },
};

function print(context: CommandContext, detection: Detection): void {
  const { line, note, live } = context.output;
  const services = new Map(detection.services.map((service) => [service.name, service]));
  const placed = new Set(detection.order.flat());
  line(`${detection.directory} · ${detection.profile} · ${services.size} services in ${detection.order.length} waves`);
  const waves = detection.order.map((names, index) => ({ heading: `wave ${index + 1}`, names }));
  const rest = [...services.keys()].filter((name) => !placed.has(name));
  if (rest.length > 0) waves.push({ heading: "never, as things stand", names: rest });
  // One table for all waves, so that the columns stand below each other.
  const rows = waves.map(({ names }) => names.flatMap((name) => rowOf(services.get(name))));
  const lines = align(rows.flat());
  const width = live ? (process.stdout.columns ?? Infinity) : Infinity;
  let next = 0;
  for (const [index, { heading }] of waves.entries()) {
    line(heading);
    for (const text of lines.slice(next, next + (rows[index]?.length ?? 0))) {
      const full = `  ${text}`;
      line(full.length < width ? full : `${full.slice(0, width - 2)}…`);
    }
    next += rows[index]?.length ?? 0;
  }
  for (const problem of detection.problems) note(`${problem.severity}: ${problem.message} (${problem.source})`);
}

/** Its command last: of all the columns it is the one that may be cut. */
function rowOf(service: Detection["services"][number] | undefined): string[][] {
  if (service === undefined) return [];
  const { name, kind, ports, dependsOn, source, disabled, replicas } = service;
  const command = Array.isArray(service.command) ? service.command.join(" ") : service.command;
  const needs = Object.keys(dependsOn).join(", ");
  return [
    [
      name,
      `${kind}${replicas === undefined || replicas === 1 ? "" : ` ×${replicas}`}${disabled === true ? ", only by name" : ""}`,
      ports.map(({ port, env }) => (env === null ? `:${port}` : `:${port} (${env})`)).join(" "),
      needs === "" ? "" : `after ${needs}`,
      source,
      command.replace(/\s+/g, " "),
    ],
  ];
}
