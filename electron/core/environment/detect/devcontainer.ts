/**
 * What a devcontainer.json adds: the command that its author has run at every start of the container, where nothing else says
 * what is started. What prepares the container (postCreateCommand) is for the container, and is never run on the machine.
 */
import { parse } from "jsonc-parser";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Problem } from "#shared/schema/environment.ts";
import { commandService } from "./command-service.ts";
import { warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { foundPorts, portOf } from "./script-ports.ts";
import { isDestructive } from "./script-tasks.ts";

const places = [".devcontainer/devcontainer.json", ".devcontainer.json"];

const commandSchema = z.union([z.string(), z.array(z.string())]);
const schema = z.looseObject({
  forwardPorts: z.array(z.union([z.number().int(), z.string()])).optional(),
  portsAttributes: z.record(z.string(), z.looseObject({ label: z.string().optional() })).optional(),
  dockerComposeFile: z.union([z.string(), z.array(z.string())]).optional(),
  postStartCommand: z.union([commandSchema, z.record(z.string(), commandSchema)]).optional(),
  postAttachCommand: z.union([commandSchema, z.record(z.string(), commandSchema)]).optional(),
});

/**
 * Reads it.
 *
 * @param found What other sources bring; where a server is among them, they are believed instead.
 * @param composeFiles The compose files whose containers are services.
 */
export async function readDevcontainer(
  files: ProjectFiles,
  found: readonly DetectedService[],
  composeFiles: readonly string[],
): Promise<SourceReading> {
  for (const path of places) {
    const file = await files.readText(path);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") return { services: [], problems: [{ ...file.problem, severity: "warning" }] };
    const parsed = schema.safeParse(safeJson(file.text));
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.join(".") ?? "";
      const text = `${path} is not what a devcontainer.json looks like${where === "" ? "" : ` at ${where}`}, and was left out. Correct it.`;
      return { services: [], problems: [warningProblem("file_invalid", path, text)] };
    }
    const problems = unreadContainers(path, parsed.data.dockerComposeFile, composeFiles);
    if (found.some(({ role }) => role === "service")) return { services: [], problems };
    return { services: startCommands(files, path, parsed.data), problems };
  }
  return { services: [], problems: [] };
}

/** Containers beside a devcontainer publish nothing as a rule: the machine could not reach them, and they are not started. */
function unreadContainers(
  path: string,
  stated: string | readonly string[] | undefined,
  composeFiles: readonly string[],
): readonly Problem[] {
  const paths = (typeof stated === "string" ? [stated] : (stated ?? [])).map((file) => join(dirname(path), file));
  if (paths.length === 0 || composeFiles.length > 0) return [];
  const text =
    `The containers of ${paths.join(" and ")} belong to the devcontainer and are not started here. ` +
    "Put what the project needs, such as its database, into a compose.yaml with published ports.";
  return [warningProblem("unsupported", path, text)];
}

function startCommands(files: ProjectFiles, path: string, data: z.infer<typeof schema>): readonly DetectedService[] {
  const services: DetectedService[] = [];
  for (const key of ["postStartCommand", "postAttachCommand"] as const) {
    const value = data[key];
    const named =
      value === undefined
        ? []
        : typeof value === "object" && !Array.isArray(value)
          ? Object.entries(value)
          : [[key, value] as const];
    for (const [name, command] of named) {
      const line = typeof command === "string" ? command : command.join(" ");
      if (!serves(line) || isDestructive(line) || line.includes("\0") || command.length === 0) continue;
      const stated = portOf(line);
      const forwarded = data.forwardPorts?.filter((port) => typeof port === "number") ?? [];
      // One forwarded port and one server: they belong together.
      const port = stated ?? (forwarded.length === 1 ? { port: forwarded[0] ?? 0, env: null, assumed: true } : null);
      const usable = port !== null && port.port >= 1 && port.port <= 65_535 ? port : null;
      services.push(
        commandService({
          name: name === key ? "dev" : name,
          command: typeof command === "string" ? command : (command as [string, ...string[]]),
          directory: files.directory,
          source: `${path}#${key}`,
          role: "service",
          ports: foundPorts(usable),
          portAssumed: usable?.assumed ?? false,
        }),
      );
    }
    if (services.length > 0) return services;
  }
  return services;
}

/** Whether a line starts something that stays: most of these lines set up git or print a greeting. */
function serves(line: string): boolean {
  return (
    portOf(line) !== null ||
    /\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:dev|start|serve|develop)\b|\b(?:runserver|rails\s+s(?:erver)?|phx\.server)\b/.test(
      line,
    )
  );
}

function safeJson(text: string): unknown {
  try {
    return parse(text, [], { allowTrailingComma: true });
  } catch {
    // Nested deeper than the parser can follow: told as a file that is not what it should be.
    return null;
  }
}
