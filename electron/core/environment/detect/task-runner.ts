/**
 * Targets of a Makefile, recipes of a justfile, tasks of a Taskfile or a deno.json that are called like development. A weak hint:
 * they are asked only where nothing else says what is started.
 */
import { parse as parseJson } from "jsonc-parser";
import { z } from "zod";
import { commandService } from "./command-service.ts";
import { isYamlMap, readComposeDocument } from "./compose-document.ts";
import type { DetectedService, SourceReading } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { isComposeUp } from "./script-parts.ts";
import { portOf } from "./script-ports.ts";
import { isDestructive } from "./script-tasks.ts";
import { shellCommands } from "./shell-words.ts";

/** Names in the order in which they are believed. */
const developing = ["dev", "develop", "run-dev", "dev-server", "watch", "run", "serve", "server", "start"];
const migrating = ["migrate", "db-migrate", "migrate-up", "db-up", "db/migrations/up", "migrations", "db:migrate"];

interface TaskFile {
  readonly file: string;
  /** The recipe of each target, one command a line. */
  readonly targets: ReadonlyMap<string, string>;
  readonly program: readonly [string, ...string[]];
}

/** What the folder's task runner is asked for: the server at most, and the migration. */
export async function readTaskRunner(
  files: ProjectFiles,
  wants: { server: boolean; migration: boolean },
): Promise<SourceReading> {
  for (const read of [makefile, justfile, taskfile, denoTasks]) {
    const found = await read(files);
    if (found === null) continue;
    const { targets } = found;
    const usable = (name: string) => {
      const recipe = targets.get(name);
      return recipe !== undefined && recipe.trim() !== "" && !isDestructive(recipe) && !onlyCompose(recipe);
    };
    const server = wants.server
      ? developing.find((name) => usable(name) && !builds(targets.get(name) ?? ""))
      : undefined;
    const migrate = wants.migration ? migrating.find(usable) : undefined;
    const services: DetectedService[] = [];
    if (migrate !== undefined && (server !== undefined || !wants.server))
      services.push(task(files, found, migrate, "migrate"));
    if (server !== undefined) services.push(task(files, found, server, "service"));
    if (services.length > 0) return { services, problems: [] };
  }
  return { services: [], problems: [] };
}

function task(
  files: ProjectFiles,
  { file, targets, program }: TaskFile,
  name: string,
  role: "migrate" | "service",
): DetectedService {
  const recipe = targets.get(name) ?? "";
  const found = role === "migrate" ? null : portOf(recipe);
  const command = [...program, name] as [string, ...string[]];
  return commandService({
    name,
    command,
    directory: files.directory,
    source: `${file}#${name}`,
    role,
    ports: found === null ? [] : [{ name: "http", port: found.port, env: found.env }],
    portAssumed: found?.assumed ?? false,
    detail: `${command.join(" ")}\n${recipe}`.slice(0, 20_000),
  });
}

/** Recipes that only bring up containers: those are services already. */
function onlyCompose(recipe: string): boolean {
  const commands = shellCommands(recipe);
  return commands !== null && commands.length > 0 && commands.every(({ words }) => isComposeUp(words));
}

/** `run` of a program that is compiled and run once: a tool, not a server. */
function builds(recipe: string): boolean {
  return /\bdocker\s+(?:build|run)\b/.test(recipe);
}

async function makefile(files: ProjectFiles): Promise<TaskFile | null> {
  return indented(files, ["Makefile", "makefile", "GNUmakefile"], /^([\w./:-]{1,60})\s*:(?!=)[^=]*$/, ["make"]);
}

async function justfile(files: ProjectFiles): Promise<TaskFile | null> {
  return indented(files, ["justfile", "Justfile", ".justfile"], /^@?([\w-]{1,60})(?:\s[^:]*)?:(?!=)/, ["just"]);
}

/** Files in which a name with a colon stands at the margin, and its commands below it, indented. */
async function indented(
  files: ProjectFiles,
  names: readonly string[],
  head: RegExp,
  program: readonly [string, ...string[]],
): Promise<TaskFile | null> {
  for (const name of names) {
    const file = await files.readText(name);
    if (file.kind !== "text") continue;
    const targets = new Map<string, string>();
    let current: string | null = null;
    for (const line of file.text.split(/\r?\n/)) {
      if (/^[ \t]+\S/.test(line)) {
        const command = line.trim().replace(/^[@-]+/, "");
        if (current !== null) targets.set(current, `${targets.get(current) ?? ""}${command}\n`);
      } else if (line.trim() !== "" && line.length < 1_000) {
        current = head.exec(line)?.[1] ?? null;
        if (current !== null && !targets.has(current)) targets.set(current, "");
      }
    }
    return { file: name, targets, program };
  }
  return null;
}

async function taskfile(files: ProjectFiles): Promise<TaskFile | null> {
  for (const name of ["Taskfile.yml", "Taskfile.yaml", "taskfile.yml"]) {
    const file = await files.readText(name);
    if (file.kind !== "text") continue;
    const reading = await readComposeDocument(name, file.text);
    const tasks = reading.ok ? reading.document.root.get("tasks") : undefined;
    const targets = new Map<string, string>();
    for (const [key, value] of isYamlMap(tasks) ? tasks : []) {
      const commands = isYamlMap(value) ? (value.get("cmds") ?? value.get("cmd")) : value;
      const list = Array.isArray(commands) ? commands : [commands];
      targets.set(key, list.filter((one) => typeof one === "string").join("\n"));
    }
    return { file: name, targets, program: ["task"] };
  }
  return null;
}

const denoSchema = z.object({ tasks: z.record(z.string(), z.unknown()) });

async function denoTasks(files: ProjectFiles): Promise<TaskFile | null> {
  for (const name of ["deno.json", "deno.jsonc"]) {
    const file = await files.readText(name);
    if (file.kind !== "text") continue;
    const parsed = denoSchema.safeParse(safeJson(file.text));
    if (!parsed.success) return null;
    const texts = Object.entries(parsed.data.tasks).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    return { file: name, targets: new Map(texts), program: ["deno", "task"] };
  }
  return null;
}

function safeJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Nested deeper than the parser can follow: no file that somebody wrote.
    return null;
  }
}
