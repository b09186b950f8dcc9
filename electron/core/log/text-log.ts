import { isAbsolute } from "node:path";
import type { Failure } from "#shared/failure.ts";
import type { LogLine } from "#shared/schema/log.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText, systemCode, toFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { RotatingFile } from "./rotating-file.ts";
import { plainText } from "./sanitize.ts";
import { type Lost, type Queued, WriteQueue } from "./write-queue.ts";

export interface TextLogLimits {
  readonly fileBytes: number;
  /** How many files, `x.log` included; the others are `x.log.1`, `x.log.2` and so on, the oldest last. */
  readonly files: number;
  /** What waits for the disk. */
  readonly waitingBytes: number;
}

export const defaultTextLogLimits: TextLogLimits = {
  fileBytes: 10 * 1_024 * 1_024,
  files: 5,
  waitingBytes: 4 * 1_024 * 1_024,
};

/** What a waiting line counts beyond its text. */
const lineOverheadBytes = 100;
/** One write. */
const batchBytes = 256 * 1_024;

export interface TextLogsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The disk no longer takes a file that it took before. Once until it takes it again. */
  readonly onTrouble: (failure: Failure) => void;
  readonly limits?: Partial<TextLogLimits>;
}

/** A plain-text copy of what a server writes, at a path the person chose. */
export interface TextLog {
  /**
   * One line of a log book: sanitized and redacted already. It becomes `2026-11-21T11:00:13.564Z stderr text`, its colours
   * left out, and its label before the stream if it has one. Never waits; what the disk does not take in time is dropped and
   * counted.
   */
  append(line: Pick<LogLine, "at" | "stream" | "text">): void;
  /** Lines of this file that were given up since it was opened. */
  readonly dropped: number;
  flush(): Promise<void>;
  /** Writes out what waits. The file is closed when nobody has it open any more. */
  close(): Promise<void>;
}

/** The text logs of a host. Servers that are given the same path write to one file by one writer, line by line. */
export interface TextLogs {
  /**
   * Opens the file, made with mode 0600 where there is none, and appended to where there is one.
   *
   * @param label Stands in each line, so that two servers can be told apart; null: nothing does.
   * @throws AppError `opencode_log_file` when the path names a link, a folder, a pipe or a device, or cannot be written.
   */
  open(path: string, label?: string | null): Promise<TextLog>;
  close(): Promise<void>;
}

export function createTextLogs(options: TextLogsOptions): TextLogs {
  const writers = new Map<string, TextWriter>();
  return {
    async open(path, label = null) {
      const writer = writers.get(path) ?? new TextWriter(path, options, () => writers.delete(path));
      writers.set(path, writer);
      try {
        await writer.open();
      } catch (error) {
        await writer.leave();
        throw refusal(path, error);
      }
      return new OpenTextLog(writer, label);
    },
    async close() {
      await Promise.all([...writers.values()].map((writer) => writer.close()));
      writers.clear();
    },
  };
}

class OpenTextLog implements TextLog {
  readonly #writer: TextWriter;
  readonly #prefix: string;
  #isClosed = false;

  constructor(writer: TextWriter, label: string | null) {
    this.#writer = writer;
    this.#prefix = label === null ? "" : `${label} `;
  }

  get dropped(): number {
    return this.#writer.dropped;
  }

  append({ at, stream, text }: Pick<LogLine, "at" | "stream" | "text">): void {
    if (this.#isClosed) return;
    this.#writer.append(`${new Date(at).toISOString()} ${this.#prefix}${stream} ${plainText(text)}\n`);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writer.leave();
  }
}

interface TextItem extends Queued {
  readonly text: string;
}

/** One path and its files. */
class TextWriter {
  readonly #path: string;
  readonly #options: TextLogsOptions;
  readonly #onUnused: () => void;
  readonly #file: RotatingFile;
  readonly #queue: WriteQueue<TextItem>;
  #users = 0;
  #last = 0;
  #isTroubled = false;

  constructor(path: string, options: TextLogsOptions, onUnused: () => void) {
    const { fileBytes, files, waitingBytes } = { ...defaultTextLogLimits, ...options.limits };
    this.#path = path;
    this.#options = options;
    this.#onUnused = onUnused;
    this.#file = new RotatingFile({
      path: (age) => (age === 0 ? path : `${path}.${age}`),
      maxBytes: fileBytes,
      count: files,
      header: new Uint8Array(),
      // The person may have chosen a file with something of theirs in it.
      tornEnd: "end",
    });
    this.#queue = new WriteQueue<TextItem>({
      store: (items, lost) => this.#store(items, lost),
      batchBytes: Math.min(batchBytes, fileBytes / 4),
      budget: { maxBytes: waitingBytes, usedBytes: 0 },
      clock: options.clock,
      onTrouble: (error) => this.#trouble(error),
      onWritten: () => (this.#isTroubled = false),
    });
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  async open(): Promise<void> {
    this.#users += 1;
    if (!isAbsolute(this.#path)) throw new Error("it is no absolute path");
    await this.#queue.exclusively(async () => void (await this.#file.open()));
  }

  append(text: string): void {
    this.#last += 1;
    this.#queue.append({ text, lines: 1, last: this.#last, weight: text.length + lineOverheadBytes });
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  /** One user less; the last one closes the file. */
  async leave(): Promise<void> {
    this.#users -= 1;
    await this.#queue.flush();
    if (this.#users > 0) return;
    this.#onUnused();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#queue.flush();
    await this.#queue.exclusively(() => this.#file.release());
  }

  async #store(items: readonly TextItem[], lost: Lost): Promise<void> {
    const at = new Date(this.#options.clock.now()).toISOString();
    const note = `${at} note ${lost.lines} lines are missing here: the disk did not take them in time.\n`;
    const text = (lost.lines > 0 ? note : "") + items.map((item) => item.text).join("");
    await this.#file.put([Buffer.from(text)], items[0]?.last ?? 0);
  }

  #trouble(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    const failure = refusal(this.#path, error);
    this.#options.logger.warn(failure.message);
    this.#options.onTrouble(toFailure(failure));
  }
}

function refusal(path: string, error: unknown): AppError {
  const code = systemCode(error);
  return new AppError(
    "opencode_log_file",
    `The log file ${path} cannot be written: ${reasons[code ?? ""] ?? errorText(error)}`,
    {
      next: "Choose another file in the settings, or none. Deckhand's own log goes on either way.",
      details: { path, system: code },
      cause: error,
    },
  );
}

/** What the codes of `open` and `write` mean here, for people. */
const reasons: Readonly<Record<string, string>> = {
  ELOOP: "it is a symbolic link, and those are not followed.",
  EISDIR: "it is a folder.",
  ENXIO: "it is a pipe or a device.",
  ENOENT: "its folder does not exist.",
  ENOTDIR: "a part of its path is not a folder.",
  EACCES: "permission was denied.",
  EPERM: "it belongs to somebody else.",
  EROFS: "the file system is read-only.",
  ENOSPC: "the disk is full.",
};
