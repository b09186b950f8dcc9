import { levelFilter, logLevels, type LogLevel } from "#shared/log-level.ts";
import type { LogLine } from "#shared/schema/log.ts";
import { AppError } from "../../core/lib/error.ts";
import { plainText } from "../../core/log/sanitize.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { directoryOf, openProject } from "../workspace-of.ts";

const DEFAULT_TAIL = 100;
/** One read of the host returns at most this many lines. */
const PAGE = 5_000;

/** What `logs` and `server logs` have in common. */
export const logOptions = {
  follow: { type: "boolean" },
  tail: { type: "string" },
  grep: { type: "string" },
} as const;

export const logsCommand: Command = {
  name: "logs",
  usage: "logs [DIR] [--service S]… [--follow] [--tail N] [--grep RE]",
  summary: "what the services and the server wrote",
  options: { service: { type: "string", multiple: true }, ...logOptions },
  maxPositionals: 1,
  run: (context) =>
    printLogs(context, {
      sources: context.options["service"] as string[] | undefined,
      perhaps: [],
      level: null,
    }),
};

/** Which lines are wanted. */
export interface LogChoice {
  /** All where undefined. Each must have written something. */
  readonly sources: readonly string[] | undefined;
  /** Those too, if they are there. */
  readonly perhaps: readonly string[];
  /** The least grave level; null: every line. */
  readonly level: LogLevel | null;
}

/** Shared with `server logs`, which is the same for one source. */
export async function printLogs(context: CommandContext, choice: LogChoice): Promise<number> {
  const tail = readTail(context.options["tail"]);
  const grep = readGrep(context.options["grep"]);
  const client = await context.connect();
  const { workspace } = await openProject(client, directoryOf(context));
  const known = await client.call("log.sources", { workspace });
  const unknown = choice.sources?.find((source) => !known.includes(source));
  if (unknown !== undefined) {
    throw new AppError("unknown_service", `Nothing named "${unknown}" has written a log here.`, {
      next: known.length === 0 ? "Start the environment first." : `There are: ${known.join(", ")}.`,
    });
  }
  const sources = choice.sources && [...choice.sources, ...choice.perhaps.filter((source) => known.includes(source))];
  const filter = sources === undefined ? {} : { sources };
  const isGrave = choice.level === null ? () => true : levelFilter(choice.level);
  const page = await client.call("log.read", {
    workspace,
    ...filter,
    // The level is judged here, so more has to be read than will be shown.
    limit: choice.level === null ? Math.min(tail, PAGE) : PAGE,
    ...(grep === null ? {} : { grep: grep.source }),
  });
  const lines = page.lines.filter(isGrave).slice(-tail);
  if (context.options["follow"] !== true) {
    context.output.document({ lines });
    if (!context.json) lines.forEach((line) => context.output.line(format(line, context)));
    return exitCode.done;
  }
  lines.forEach((line) => printFollowed(line, context));
  let after = page.lastSeq ?? 0;
  await new Promise<void>((resolve, reject) => {
    const stop = client.subscribe("log.follow", () => ({ workspace, ...filter, after }), {
      onBatch(items, dropped) {
        if (dropped > 0) context.output.note(`… ${dropped} lines skipped: they came faster than they could be printed`);
        for (const line of items) {
          after = line.seq;
          if (isGrave(line) && (grep === null || grep.test(plainText(line.text)))) printFollowed(line, context);
        }
      },
      onEnd: (error) => reject(new AppError(error?.code ?? "host_missing", error?.message ?? "The host has ended.")),
    });
    context.signal.addEventListener("abort", () => {
      stop();
      resolve();
    });
  });
  return exitCode.interrupted;
}

function printFollowed(line: LogLine, context: CommandContext): void {
  if (context.json) context.output.document(line);
  else context.output.line(format(line, context));
}

function format(line: LogLine, context: CommandContext): string {
  const text = context.output.colour ? `${line.text}\u001B[0m` : plainText(line.text);
  return `${new Date(line.at).toISOString().slice(11, 23)} ${line.source} | ${text}`;
}

/** What `--level` asks for; null where it was not given. */
export function levelOption(context: CommandContext): LogLevel | null {
  const value = context.options["level"];
  if (value === undefined) return null;
  const level = logLevels.find((each) => each === value);
  if (level === undefined) {
    throw new AppError("bad_input", `--level wants one of ${logLevels.join(", ")}, not "${String(value)}".`);
  }
  return level;
}

function readTail(value: unknown): number {
  if (value === undefined) return DEFAULT_TAIL;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) {
    throw new AppError("bad_input", `--tail wants a whole number above 0, not "${String(value)}".`);
  }
  return count;
}

function readGrep(value: unknown): RegExp | null {
  if (typeof value !== "string") return null;
  try {
    return new RegExp(value);
  } catch (error) {
    throw new AppError("bad_input", `--grep wants a regular expression; "${value}" is none.`, { cause: error });
  }
}
