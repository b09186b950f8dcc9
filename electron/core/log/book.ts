import type { Failure } from "#shared/failure.ts";
import type { LogLine, LogPage } from "#shared/schema/log.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText, systemCode, toFailure } from "../lib/error.ts";
import type { Intake } from "../lib/intake.ts";
import type { Logger } from "../lib/logger.ts";
import { createBlock, type LineBlock, linesOfBlock } from "./line-block.ts";
import { LogFile } from "./log-file.ts";
import { type ReadSource, readSources } from "./read-sources.ts";
import { recoverSegments } from "./recover.ts";
import { Redactor } from "./redaction.ts";
import { LineRing } from "./ring.ts";
import { sanitizeLine } from "./sanitize.ts";
import type { LogBook, LogQuery } from "./types.ts";
import type { WriteBudget } from "./write-queue.ts";

export interface BookLimits {
  /** The ring of each source. */
  readonly ringLines: number;
  readonly ringBytes: number;
  /** The files of each source. */
  readonly fileBytes: number;
  readonly files: number;
  /** All files of the workspace; beyond it the source with the most loses its oldest. */
  readonly totalBytes: number;
  /** Lines that wait for the disk, over all sources. */
  readonly waitingBytes: number;
}

/** 10,000 lines fill a screen 200 times; 50 MB of files hold about 500,000 usual lines of one source. */
export const defaultLimits: BookLimits = {
  ringLines: 10_000,
  ringBytes: 4 * 1_024 * 1_024,
  fileBytes: 10 * 1_024 * 1_024,
  files: 5,
  totalBytes: 500 * 1_024 * 1_024,
  waitingBytes: 8 * 1_024 * 1_024,
};

export interface BookOptions {
  /** Holds the files of this workspace and nothing else; made when the first line comes. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The disk does not take the logs. Called once until it takes them again; the rings go on working. */
  readonly onTrouble: (failure: Failure) => void;
  readonly limits?: Partial<BookLimits>;
}

interface Source extends ReadSource {
  /** Streams whose last piece was cut: the next one continues it. */
  readonly open: Set<LogLine["stream"]>;
}

interface Follower {
  readonly sources: ReadonlySet<string> | null;
  readonly listener: (line: LogLine) => void;
}

const wholeLine = { continues: false, cut: false };

export function createLogBook(options: BookOptions): LogBook {
  return new Book(options);
}

class Book implements LogBook {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: BookLimits;
  readonly #onTrouble: (failure: Failure) => void;
  readonly #recovered: ReturnType<typeof recoverSegments>;
  readonly #redactor = new Redactor();
  readonly #sources = new Map<string, Source>();
  readonly #followers = new Set<Follower>();
  readonly #budget: WriteBudget;
  #seq = 0;
  /** Sources whose files do not take their lines at the moment. */
  readonly #troubled = new Set<string>();
  #isShrinking = false;
  #isClosed = false;

  constructor(options: BookOptions) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onTrouble = options.onTrouble;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#budget = { maxBytes: this.#limits.waitingBytes, usedBytes: 0 };
    this.#recovered = recoverSegments(options.folder);
    for (const { source, lastSeq } of this.#recovered.values()) {
      this.#seq = Math.max(this.#seq, lastSeq);
      this.#source(source);
    }
  }

  append(source: string, line: { stream: LogLine["stream"]; text: string; generation: number; cut: boolean }): Intake {
    if (this.#isClosed) return undefined;
    const text = this.#clean(this.#source(source), line.stream, line.text, line.cut);
    return this.#store(source, { ...line, bytes: Buffer.from(`${text}\n`), lines: 1 });
  }

  appendLines(
    source: string,
    { stream, bytes, generation, cut }: { stream: LogLine["stream"]; bytes: Buffer; generation: number; cut: boolean },
  ): Intake {
    if (this.#isClosed || bytes.length === 0) return undefined;
    const entry = this.#source(source);
    const facts = { stream, generation };
    if (cut) {
      return this.append(source, { ...facts, text: bytes.toString("utf8"), cut });
    }
    if (entry.open.has(stream)) {
      const end = bytes.indexOf(10);
      const wait = this.append(source, { ...facts, text: bytes.toString("utf8", 0, end), cut });
      return this.appendLines(source, { ...facts, bytes: bytes.subarray(end + 1), cut }) ?? wait;
    }
    const plain = this.#redactor.countPlain(bytes);
    if (plain !== null) return this.#store(source, { ...facts, bytes, lines: plain, cut });
    const texts = bytes.toString("utf8", 0, bytes.length - 1).split("\n");
    const clean = texts.map((text) => this.#redactor.line(sanitizeLine(text), wholeLine));
    return this.#store(source, { ...facts, bytes: Buffer.from(`${clean.join("\n")}\n`), lines: texts.length, cut });
  }

  read(query: LogQuery): Promise<LogPage> {
    const names = query.sources ?? this.sources();
    const entries = names.map((name) => this.#sources.get(name)).filter((entry) => entry !== undefined);
    return readSources(entries, query, this.#clock);
  }

  follow(
    query: { readonly sources?: readonly string[]; readonly after: number; readonly limit: number },
    listener: (line: LogLine) => void,
  ): () => void {
    const follower = { sources: query.sources === undefined ? null : new Set(query.sources), listener };
    const names = query.sources ?? this.sources();
    const missed = names
      .flatMap((name) => this.#sources.get(name)?.ring.tail(query.limit, query.after) ?? [])
      .sort((a, b) => a.seq - b.seq);
    for (const line of query.limit > 0 ? missed.slice(-query.limit) : []) this.#tell(follower, line);
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  sources(): string[] {
    return [...this.#sources.keys()];
  }

  tail(source: string, count: number): LogLine[] {
    return count > 0 ? (this.#sources.get(source)?.ring.tail(count) ?? []) : [];
  }

  addSecret(secret: string): void {
    this.#redactor.add(secret);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#sources.values()].map(({ file }) => file.flush()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followers.clear();
    await Promise.all([...this.#sources.values()].map(({ file }) => file.close()));
  }

  /** Sanitized, redacted; a secret that lies across the cut of a long line is masked on both sides of it. */
  #clean({ open }: Source, stream: LogLine["stream"], text: string, cut: boolean): string {
    const continues = open.has(stream);
    if (cut) open.add(stream);
    else open.delete(stream);
    return this.#redactor.line(sanitizeLine(text), { continues, cut });
  }

  #store(source: string, facts: Pick<LineBlock, "stream" | "generation" | "cut" | "bytes" | "lines">): Intake {
    const { stream, generation, cut, bytes, lines } = facts;
    const entry = this.#source(source);
    const block = createBlock({ first: this.#seq + 1, at: this.#clock.now(), stream, generation, cut, bytes, lines });
    this.#seq = block.last;
    entry.ring.push(block);
    const wait = entry.file.append(block);
    const followers = [...this.#followers].filter(({ sources }) => sources?.has(source) ?? true);
    if (followers.length > 0) {
      for (const line of linesOfBlock(block, source)) for (const follower of followers) this.#tell(follower, line);
    }
    return wait;
  }

  #source(name: string): Source {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    const { ringLines, ringBytes, fileBytes, files } = this.#limits;
    const recovered = [...this.#recovered.values()].filter(({ source }) => source === name);
    const lastSeq = Math.max(0, ...recovered.map((segment) => segment.lastSeq));
    const source: Source = {
      source: name,
      ring: new LineRing(name, { maxLines: ringLines, maxBytes: ringBytes }, lastSeq),
      file: new LogFile({
        folder: this.#folder,
        source: name,
        maxBytes: fileBytes,
        count: files,
        clock: this.#clock,
        budget: this.#budget,
        recovered: this.#recovered,
        onTrouble: (error) => this.#trouble(name, error),
        onWritten: () => {
          this.#troubled.delete(name);
          this.#keepTotal();
        },
      }),
      open: new Set(),
    };
    this.#sources.set(name, source);
    return source;
  }

  /** The source with the most on disk gives its oldest file for the others. */
  #keepTotal(): void {
    const files = [...this.#sources.values()].map(({ file }) => file);
    if (this.#isShrinking || files.reduce((sum, file) => sum + file.bytes, 0) <= this.#limits.totalBytes) return;
    const largest = files.reduce((most, file) => (file.bytes > most.bytes ? file : most));
    this.#isShrinking = true;
    void largest
      .removeOldest()
      .catch((error: unknown) => this.#logger.warn("an old log cannot be removed", { error: errorText(error) }))
      .finally(() => (this.#isShrinking = false));
  }

  #tell({ listener }: Follower, line: LogLine): void {
    try {
      listener(line);
    } catch (error) {
      this.#logger.error("a follower of the log failed", { error: errorText(error) });
    }
  }

  #trouble(source: string, error: unknown): void {
    const isNew = this.#troubled.size === 0;
    this.#troubled.add(source);
    if (!isNew) return;
    const failure = new AppError(
      "state_unwritable",
      `The log of ${source} cannot be written to ${this.#folder}: ${errorText(error)}`,
      {
        next: "Free some space or repair the folder. Until then the newest lines are kept in memory.",
        details: { folder: this.#folder, system: systemCode(error) },
        cause: error,
      },
    );
    this.#logger.warn(failure.message);
    this.#onTrouble(toFailure(failure));
  }
}
