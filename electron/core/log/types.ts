/** What the rest of the core sees of the logs of one workspace. */
import type { LogLine, LogPage } from "#shared/schema/log.ts";
import type { Intake } from "../lib/intake.ts";

export interface LogQuery {
  /** Only these sources; all of them when left out. */
  readonly sources?: readonly string[];
  /** Lines with a greater `seq`. 0: from the beginning. */
  readonly after: number;
  /** Lines with a smaller `seq`. */
  readonly before?: number;
  /** At the limit: keep the oldest (`start`) or the newest (`end`) of what matches. */
  readonly from: "start" | "end";
  readonly limit: number;
  /** Matched against the text without colours. */
  readonly grep?: RegExp;
}

/** The log of one workspace: a ring and rotating files for each source, one sequence over all of them. */
export interface LogBook {
  /** @returns While the disk is behind: resolves when it has caught up, fails or hangs. Who can wait loses no line on disk. */
  append(source: string, line: { stream: LogLine["stream"]; text: string; generation: number; cut: boolean }): Intake;
  /** The same for lines that came together, as LineSplitter hands them on. The bytes are kept and must not change. */
  appendLines(
    source: string,
    lines: { stream: LogLine["stream"]; bytes: Buffer; generation: number; cut: boolean },
  ): Intake;
  /**
   * From the ring where it reaches back far enough, else from the files.
   *
   * @throws AppError `timeout` when `grep` takes too long.
   */
  read(query: LogQuery): Promise<LogPage>;
  /** At most `limit` lines after `after` from the ring, synchronously, then every new one. Returns the end of it. */
  follow(
    query: { readonly sources?: readonly string[]; readonly after: number; readonly limit: number },
    listener: (line: LogLine) => void,
  ): () => void;
  sources(): string[];
  /** The newest `count` lines of one source, oldest first, from the ring. */
  tail(source: string, count: number): LogLine[];
  /** From now on this text is replaced wherever it would be stored, also base64-, URL- and JSON-encoded. */
  addSecret(secret: string): void;
  /** Everything appended so far is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
