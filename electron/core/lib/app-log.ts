import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { errorText, systemCode } from "./error.ts";
import type { LogFields, Logger } from "./logger.ts";
import { redactText, redactValue } from "./log-facts.ts";

/** One file holds this many bytes; with the older ones, the log of the app takes 10 MB at most. */
const MAX_FILE_BYTES = 2_000_000;
const OLD_FILES = 4;

const levels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof levels)[number];

export interface AppLogOptions {
  /** Made where it is missing. Holds `app.log`, and `app.1.log` (newest) to `app.4.log`. */
  readonly folder: string;
  /** Less important lines are not written. */
  readonly level: LogLevel;
  readonly clock: Pick<Clock, "now">;
  /** Bytes of one file; for tests. */
  readonly maxFileBytes?: number;
  /** Told once when lines cannot be written: a full or read-only disk costs the log, never the app. */
  readonly onUnwritable: (reason: string) => void;
}

/**
 * The app's own log: one JSON object a line (`at`, `level`, `message`, then the facts), redacted, and on its way to the disk
 * before the call returns, so that the last line before a crash is there.
 */
export function createAppLog(options: AppLogOptions): Logger {
  const path = join(options.folder, "app.log");
  const maxBytes = options.maxFileBytes ?? MAX_FILE_BYTES;
  let size: number | null = null;
  let told = false;

  const append = (line: string) => {
    try {
      size ??= prepare(options.folder, path);
      if (size > 0 && size + line.length > maxBytes) {
        rotate(options.folder);
        size = 0;
      }
      appendFileSync(path, line, { mode: 0o600 });
      size += Buffer.byteLength(line);
    } catch (error) {
      size = null;
      if (!told) options.onUnwritable(errorText(error));
      told = true;
    }
  };
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(options.level)) return;
      const at = new Date(options.clock.now()).toISOString();
      const facts = redactValue(fields) as Readonly<Record<string, unknown>>;
      append(
        `${JSON.stringify({ at, level, message: redactText(message), ...without(facts, ["at", "level", "message"]) })}\n`,
      );
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** Returns the size of the file as it is. */
function prepare(folder: string, path: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function rotate(folder: string): void {
  const name = (number: number) => join(folder, number === 0 ? "app.log" : `app.${number}.log`);
  for (let number = OLD_FILES - 1; number >= 0; number -= 1) {
    try {
      renameSync(name(number), name(number + 1));
    } catch (error) {
      // Fewer files than that so far.
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }
}

/** A fact never takes the place of the line's own fields. */
function without(facts: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [names.includes(name) ? `${name}_` : name, value]),
  );
}
