/** From words to a command to an exit code. Whatever a command throws is told here, once. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Client } from "#shared/client.ts";
import { CallError } from "#shared/client.ts";
import type { Failure, FailureCode } from "#shared/failure.ts";
import { lastOutput } from "#shared/last-output.ts";
import { AppError, isAbort, toFailure } from "../core/lib/error.ts";
import { plainText } from "../core/log/sanitize.ts";
import { exitCode, type Command, type CommandContext, type Output } from "./command.ts";
import { askCommand } from "./commands/ask.ts";
import { detectCommand } from "./commands/detect.ts";
import { downCommand, restartCommand, statusCommand } from "./commands/environment.ts";
import { auditCommand, projectCommands, psCommand, stopCommand } from "./commands/host.ts";
import { applyCommand, runsCommand, scaleCommand } from "./commands/plan.ts";
import { logsCommand } from "./commands/logs.ts";
import { settingsCommands } from "./commands/settings.ts";
import { serveCommand } from "./commands/serve.ts";
import { serverCommands } from "./commands/server.ts";
import { trustCommand } from "./commands/trust.ts";
import { upCommand } from "./commands/up.ts";
import { connectToHost } from "./host-connection.ts";
import { connectOrStartHost } from "./host-start.ts";

const commands: readonly Command[] = [
  serveCommand,
  detectCommand,
  upCommand,
  statusCommand,
  downCommand,
  restartCommand,
  applyCommand,
  scaleCommand,
  runsCommand,
  logsCommand,
  ...serverCommands,
  askCommand,
  ...projectCommands,
  ...settingsCommands,
  trustCommand,
  psCommand,
  auditCommand,
  stopCommand,
];

const commonOptions = {
  json: { type: "boolean" },
  home: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

export interface RunOptions {
  readonly words: readonly string[];
  readonly version: string;
  readonly defaultHome: string;
  /** Folder of the built entries. */
  readonly built: string;
  readonly output: (json: boolean) => Output;
  readonly signal: AbortSignal;
}

export async function runCommandLine(options: RunOptions): Promise<number> {
  const json = options.words.includes("--json");
  const output = options.output(json);
  const clients: Client[] = [];
  const keep = (client: Client) => {
    clients.push(client);
    return client;
  };
  try {
    const found = findCommand(options.words);
    if (found === null) return general(options, output);
    const { command, rest } = found;
    const { values, positionals } = parse(command, rest);
    if (values["help"] === true) {
      output.line(`deckhand ${command.usage}\n\n${command.summary}`);
      return exitCode.done;
    }
    const home = typeof values["home"] === "string" ? values["home"] : options.defaultHome;
    const context: CommandContext = {
      positionals,
      options: values,
      home,
      built: options.built,
      version: options.version,
      json,
      output,
      signal: options.signal,
      connect: async () => keep((await connectToHost(home)).client),
      async connectOrStart() {
        const { client, started } = await connectOrStartHost({
          home,
          headless: join(options.built, "headless.js"),
          signal: options.signal,
        });
        return { client: keep(client), started };
      },
    };
    return await command.run(context);
  } catch (error) {
    return tell(error, output, options.signal);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Two-word commands (`server start`) are looked for first. Options may stand before a command's words. */
function findCommand(words: readonly string[]): { command: Command; rest: string[] } | null {
  const places: number[] = [];
  for (let index = 0; index < words.length && places.length < 2; index += 1) {
    if (words[index] === "--home") index += 1;
    else if (!words[index]?.startsWith("-")) places.push(index);
  }
  const without = (count: number) => words.filter((_, index) => !places.slice(0, count).includes(index));
  for (const count of [2, 1]) {
    if (places.length < count) continue;
    const name = places
      .slice(0, count)
      .map((place) => words[place])
      .join(" ");
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, rest: without(count) };
  }
  return null;
}

function parse(command: Command, rest: string[]) {
  try {
    const parsed = parseArgs({
      args: rest,
      options: { ...command.options, ...commonOptions } as NonNullable<Parameters<typeof parseArgs>[0]>["options"] &
        object,
      allowPositionals: true,
    });
    if (parsed.positionals.length > command.maxPositionals) {
      throw new Error(`Unexpected argument "${parsed.positionals[command.maxPositionals]}".`);
    }
    return parsed as { values: CommandContext["options"]; positionals: string[] };
  } catch (error) {
    throw new AppError("bad_input", error instanceof Error ? error.message : String(error), {
      next: `Usage: deckhand ${command.usage}`,
      cause: error,
    });
  }
}

function general(options: RunOptions, output: Output): number {
  if (options.words.includes("--version")) {
    output.line(options.version);
    output.document({ version: options.version });
    return exitCode.done;
  }
  const asked = options.words.length === 0 || options.words.some((word) => ["--help", "-h", "help"].includes(word));
  if (!asked) {
    const first = options.words.find((word) => !word.startsWith("-")) ?? options.words[0];
    throw new AppError("bad_input", `There is no command "${first}".`, { next: "See `deckhand --help`." });
  }
  const width = Math.max(...commands.map((command) => command.usage.length));
  output.line("deckhand keeps OpenCode agents and their development environments alive.\n");
  for (const command of commands) output.line(`  ${command.usage.padEnd(Math.min(width, 72))}  ${command.summary}`);
  output.line("\nEvery command takes --json and --home DIR (or DECKHAND_HOME). DIR defaults to the current folder.");
  return exitCode.done;
}

const exitCodes: Partial<Record<FailureCode, number>> = {
  bad_input: exitCode.usage,
  unknown_service: exitCode.usage,
  not_trusted: exitCode.notTrusted,
  trust_changed: exitCode.notTrusted,
  host_missing: exitCode.noHost,
  host_refused: exitCode.noHost,
  host_running: exitCode.noHost,
  forbidden: exitCode.noHost,
};

/** Of what the failed process said last. */
const SHOWN_LINES = 10;

/** One line of cause, one of what to do, and the last lines of what failed. */
function tell(error: unknown, output: Output, signal: AbortSignal): number {
  if (signal.aborted && (isAbort(error) || (error instanceof CallError && error.failure.code === "cancelled"))) {
    return exitCode.interrupted;
  }
  const failure: Failure = error instanceof CallError ? error.failure : toFailure(error);
  const { code, message, next, details } = failure;
  output.document({ error: { code, message, details: next === null ? details : { ...details, next } } });
  output.note(message);
  if (next !== null) output.note(next);
  // What it said as an error tells most; the rest only where it said nothing else.
  const { stdout, stderr, mixed } = lastOutput(failure);
  const said = stderr.length > 0 ? stderr : mixed.length > 0 ? mixed : stdout;
  for (const line of said.slice(-SHOWN_LINES)) output.note(`  ${plainText(line)}`);
  if (code === "not_trusted") {
    for (const item of (details["items"] as { name: string; detail: string }[] | undefined) ?? []) {
      output.note(`  ${item.name}: ${item.detail}`);
    }
  }
  return exitCodes[code] ?? exitCode.failed;
}
