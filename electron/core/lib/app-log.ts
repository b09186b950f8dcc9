import { appendFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import electronLog from "electron-log/node";
import type { Clock } from "./clock.ts";
import { errorText, systemCode } from "./error.ts";
import type { LogFields, Logger } from "./logger.ts";
import { redactText, redactValue } from "./log-facts.ts";

/** A file of this many bytes takes one more line and is then set aside; with the older ones that is about 10 MB. */
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
  let told = false;
  const tellOnce = (reason: string) => {
    if (!told) options.onUnwritable(reason);
    told = true;
  };
  const log = electronLog.create({ logId: path });
  const { file } = log.transports;
  file.resolvePathFn = () => path;
  file.writeOptions = { flag: "a", mode: 0o600, encoding: "utf8" };
  file.maxSize = options.maxFileBytes ?? MAX_FILE_BYTES;
  file.archiveLogFn = () => rotate(options.folder, tellOnce);
  // The line is made below, redacted and as JSON; the library's part is to bring it to the disk.
  file.transforms = [({ data }) => data];
  file.level = options.level;
  // It tells its own troubles to its console, which would be the page of nobody.
  log.transports.console = Object.assign(
    ({ data }: { data: unknown[] }) => tellOnce(data.map(errorText).join(" ")),
    log.transports.console,
    { level: false as const },
  );

  let prepared = false;
  /** Until it has worked once: the library gives up for good on a file that it could not make. */
  const prepare = (): boolean => {
    try {
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      appendFileSync(path, "", { mode: 0o600 });
      return true;
    } catch (error) {
      tellOnce(errorText(error));
      return false;
    }
  };
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(options.level)) return;
      prepared ||= prepare();
      if (!prepared) return;
      const at = new Date(options.clock.now()).toISOString();
      const facts = redactValue(fields) as Readonly<Record<string, unknown>>;
      const line = { at, level, message: redactText(message), ...without(facts, ["at", "level", "message"]) };
      log[level](JSON.stringify(line));
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function rotate(folder: string, onTrouble: (reason: string) => void): void {
  const name = (number: number) => join(folder, number === 0 ? "app.log" : `app.${number}.log`);
  for (let number = OLD_FILES - 1; number >= 0; number -= 1) {
    try {
      renameSync(name(number), name(number + 1));
    } catch (error) {
      // Fewer files than that so far.
      if (systemCode(error) !== "ENOENT") onTrouble(errorText(error));
    }
  }
}

/** A fact never takes the place of the line's own fields. */
function without(facts: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [names.includes(name) ? `${name}_` : name, value]),
  );
}
