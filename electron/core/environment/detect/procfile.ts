/** The services of a Procfile: one `name: command` a line, as foreman and its kin read it. */
import { parse } from "dotenv";
import type { Problem } from "#shared/schema/environment.ts";
import { commandService } from "./command-service.ts";
import { isUsableName, warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { foundPorts, portOf } from "./script-ports.ts";
import { programOf } from "./shell-words.ts";

/** `Procfile.dev` describes development; a bare `Procfile` usually describes production, and is read only without it. */
const names = ["Procfile.dev", "Procfile"];
/** foreman's own first port, and its step from one process to the next. */
const FIRST_PORT = 5_000;
const PORT_STEP = 100;
const MAX_PROCESSES = 1_000;

export interface ProcfileReading extends SourceReading {
  /** It is a `Procfile.dev`: it says what development is made of. */
  readonly development: boolean;
}

/** Reads the folder's Procfile. */
export async function readProcfile(files: ProjectFiles): Promise<ProcfileReading> {
  for (const name of names) {
    const development = name === "Procfile.dev";
    const file = await files.readText(name);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") return { services: [], problems: [file.problem], development };
    const environment = await environmentFile(files);
    const about = { directory: files.directory, environment, base: await basePort(files, environment) };
    return { ...parseProcfile(name, file.text, about), development };
  }
  return { services: [], problems: [], development: false };
}

/**
 * A production Procfile without the processes that a package.json already runs for development: `web: npm start` beside a
 * `dev` script is the same server twice.
 */
export function withoutScriptTwins(procfile: ProcfileReading, scripts: SourceReading): ProcfileReading {
  if (scripts.services.length === 0) return procfile;
  const programs = new Set(scripts.services.flatMap((service) => service.trust.detail.split("\n")).map(scriptProgram));
  const services = procfile.services.filter(({ plan }) => {
    const command = String(plan.command);
    const runsScript = /^(?:npm|pnpm|yarn|bun) (?:run |start\b|dev\b)/.test(command);
    return !runsScript && !programs.has(programOf(command));
  });
  return { ...procfile, services };
}

/** What the line `dev:api: node api.mjs` of a trust item runs. */
function scriptProgram(line: string): string | null {
  return programOf(line.slice(line.indexOf(": ") + 2));
}

/** foreman gives the processes of a Procfile what stands in `.env`; whoever writes one counts on it. */
async function environmentFile(files: ProjectFiles): Promise<Readonly<Record<string, string>>> {
  const file = await files.readText(".env");
  return file.kind === "text" ? parse(file.text) : {};
}

function parseProcfile(
  file: string,
  text: string,
  about: Pick<ProcessLine, "directory" | "environment" | "base">,
): SourceReading {
  const services: DetectedService[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const source = `${file}:${index + 1}`;
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name = "", command = ""] = /^([A-Za-z0-9_-]+):\s*(.+?)\s*$/.exec(line) ?? [];
    if (command === "" || command.includes("\0") || !isUsableName(name)) {
      problems.push(
        warningProblem("file_invalid", `${source}:1`, `${source} is no \`name: command\` and was left out.`),
      );
    } else if (seen.has(name)) {
      problems.push(
        warningProblem("duplicate_name", `${source}:1`, `${source} names ${name} a second time; the first counts.`),
      );
    } else if (services.length < MAX_PROCESSES) {
      seen.add(name);
      services.push(procfileService({ file, name, command, ...about, position: services.length }));
    }
  }
  return { services, problems };
}

interface ProcessLine {
  readonly file: string;
  readonly name: string;
  readonly command: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The port of the first process. */
  readonly base: number;
  readonly position: number;
}

function procfileService(input: ProcessLine): DetectedService {
  const { file, name, command, directory, environment } = input;
  // `release` is Heroku's word for what runs before a version goes live: migrations.
  const isTask = name === "release";
  const stated = isTask ? null : portOf(command);
  // PORT is given to every process, whatever its program would take by itself; only an option of the line beats it.
  const given = isTask || (stated !== null && stated.env !== "PORT") ? null : givenPort(input, stated !== null);
  const found = given ?? stated;
  // The line is the user's own shell line, run as foreman runs it.
  return commandService({
    name,
    command,
    directory,
    source: `${file}#${name}`,
    role: isTask ? "migrate" : "service",
    ports: foundPorts(found),
    environment,
  });
}

/** `web` is the one that Heroku gives a port and expects to listen on it; others are known to only where they use it. */
function givenPort(
  { name, command, base, position }: ProcessLine,
  reads: boolean,
): { port: number; env: string } | null {
  if (name !== "web" && !reads && !/\$\{?PORT\b/.test(command)) return null;
  return { port: base + PORT_STEP * position, env: "PORT" };
}

/** The first port that is given: what `.env` says, else what the project's own `bin/dev` says, else foreman's. */
async function basePort(files: ProjectFiles, environment: Readonly<Record<string, string>>): Promise<number> {
  const starter = await files.readText("bin/dev");
  const stated = starter.kind === "text" ? /\bPORT="?\$\{PORT:-(\d{2,5})\}/.exec(starter.text)?.[1] : undefined;
  for (const wanted of [Number(environment["PORT"]), Number(stated)]) {
    if (Number.isInteger(wanted) && wanted > 0 && wanted < 60_000) return wanted;
  }
  return FIRST_PORT;
}
