/** What one round of a fault case plays on: a home of its own, a keeper, a log, a clock, randomness, all gone at its end. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statfsSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogLine } from "#shared/schema/log.ts";
import type { Exit } from "#shared/schema/service.ts";
import { systemClock, type Clock } from "../../electron/core/lib/clock.ts";
import type { LogFields, Logger } from "../../electron/core/lib/logger.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { createLogBook } from "../../electron/core/log/book.ts";
import type { LogBook } from "../../electron/core/log/types.ts";
import { createProcessKeeper, type Keeper, type KeeperOptions } from "../../electron/core/process/keeper.ts";
import type { OwnedProcess, SpawnRequest } from "../../electron/core/process/owned.ts";
import { until } from "./until.ts";

/** One process that a keeper of the stage started. */
export interface ObservedStart {
  readonly kind: SpawnRequest["kind"];
  readonly name: string;
  readonly process: OwnedProcess;
  /** Its exit records; exactly one once it has ended. */
  readonly exits: readonly Exit[];
}

/** What a person is shown of something that runs, to be compared with the truth. */
export interface Shown {
  readonly up: boolean;
  readonly pid: number | null;
}

export interface Show {
  /** Name of the process it is about, as given to the keeper; null: any. */
  readonly name: string | null;
  readonly look: () => Shown;
}

export interface LogRecord {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

export interface StageOptions {
  readonly round: number;
  readonly seed: number;
  readonly guardianPath: string;
}

const TEARDOWN_MS = 30_000;

export class Stage {
  /** Holds everything of this round; its name has spaces. */
  readonly root: string;
  /** The home of the host that is played. Exists, empty. */
  readonly home: string;
  readonly round: number;
  readonly seed: number;
  /** In [0, 1), decided by the seed. */
  readonly random: () => number;
  /** A secret known to `book` from the start: to be used as a token or password in the case. May appear nowhere. */
  readonly canary: string;
  /** A second secret that nobody was told: whoever uses it must make it known himself. May appear nowhere either. */
  readonly password: string;
  readonly clock: Clock = systemClock;
  /** The app's log; what is logged stands in `records`. */
  readonly logger: Logger;
  readonly records: LogRecord[] = [];
  readonly guardianPath: string;
  /** Closes with the stage, after what was deferred. */
  readonly scope: Scope;
  /** Everything that keepers of this stage started, oldest first. */
  readonly starts: ObservedStart[] = [];
  /** Every line that `book` took, as it is stored. */
  readonly lines: LogLine[] = [];
  /** What was handed out over IPC or shown, for the search for secrets. */
  readonly collected: { readonly what: string; readonly text: string }[] = [];
  readonly shows: Show[] = [];
  /** Paths under the home that the case damages on purpose. */
  readonly damaged = new Set<string>();
  readonly #ends: (() => unknown)[] = [];
  #keeper: Keeper | null = null;
  #book: LogBook | null = null;
  #runs = 0;

  constructor(options: StageOptions) {
    this.round = options.round;
    this.seed = options.seed;
    this.random = seededRandom(options.seed);
    this.guardianPath = options.guardianPath;
    this.root = realpathSync(mkdtempSync(join(stageFolder(), "deckhand fault ")));
    this.home = join(this.root, "a home");
    mkdirSync(this.home, { mode: 0o700 });
    this.canary = `canary-${randomBytes(18).toString("hex")}`;
    this.password = `password-${randomBytes(18).toString("hex")}`;
    const log =
      (level: LogRecord["level"]) =>
      (message: string, fields: LogFields = {}) =>
        void this.records.push({ level, message, fields });
    this.logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
    this.scope = new Scope("stage", this.logger);
  }

  /** The keeper of this home, made at its first use; its guardian starts with its first process. */
  get keeper(): Keeper {
    this.#keeper ??= this.openKeeper();
    return this.#keeper;
  }

  /** Another keeper, as another run of the host has it. Observed like the first. */
  openKeeper(options: Partial<KeeperOptions> = {}): Keeper {
    this.#runs += 1;
    const keeper = createProcessKeeper({
      home: this.home,
      runId: `run-${this.#runs}`,
      clock: this.clock,
      logger: this.logger,
      guardianPath: this.guardianPath,
      scope: this.scope,
      ...options,
    });
    const spawn = keeper.spawn.bind(keeper);
    keeper.spawn = async (request) => {
      const process = await spawn(request);
      const exits: Exit[] = [];
      this.starts.push({ kind: request.kind, name: request.name, process, exits });
      void process.exited.then((exit) => exits.push(exit));
      return process;
    };
    return keeper;
  }

  /** The real log of a workspace, under `<home>/logs`. It knows `canary` and not `password`. */
  get book(): LogBook {
    if (this.#book !== null) return this.#book;
    const book = createLogBook({
      folder: join(this.home, "logs"),
      clock: this.clock,
      logger: this.logger,
      onTrouble: (failure) => this.collect("trouble of the log", failure),
    });
    this.#book = book;
    this.scope.add("log", () => book.close());
    book.addSecret(this.canary);
    book.follow({ after: 0, limit: 0 }, (line) => this.lines.push(line));
    return book;
  }

  /** The lines of one stream of the log, or of all, as one text. */
  said(stream?: LogLine["stream"]): string {
    return this.lines
      .filter((line) => stream === undefined || line.stream === stream)
      .map((line) => line.text)
      .join("\n");
  }

  /** Something that was handed out: an IPC answer, a status. Searched for secrets. */
  collect(what: string, value: unknown): void {
    this.collected.push({ what, text: JSON.stringify(value) ?? "" });
  }

  /** What is shown of a process; compared with the truth before and after the stage is torn down. */
  show(look: () => Shown, name: string | null = null): void {
    this.shows.push({ look, name });
  }

  /** A file under the home that the case leaves damaged on purpose. */
  expectDamage(path: string): void {
    this.damaged.add(path);
  }

  /** Runs at the end of the round, last one first, whatever happened. */
  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Waits until `look` finds something true; fails with `what` after `ms` (default 10 s). */
  until<Value>(what: string, look: () => Value | Promise<Value>, ms = 10_000): Promise<NonNullable<Value>> {
    return until(what, ms, look);
  }

  /** Ends everything; the root folder stays for the checks until `remove`. Answers what went wrong meanwhile. */
  async end(): Promise<string[]> {
    const problems: string[] = [];
    const work = (async () => {
      for (const end of this.#ends.splice(0).reverse()) {
        try {
          await end();
        } catch (error) {
          problems.push(`an end of the stage failed: ${String(error)}`);
        }
      }
      await this.scope.close();
    })();
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = systemClock.after(TEARDOWN_MS, () => {
        problems.push(`the stage was not torn down within ${TEARDOWN_MS / 1_000} s`);
        resolve();
      });
    });
    await Promise.race([work, late]);
    cancel();
    return problems;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Enough for the largest case several times over. In bytes. */
const MEMORY_FOLDER_FREE = 4 * 1024 ** 3;

/**
 * Where stages are put up: in memory if there is such a folder, with room and for programs. Every change of a lease waits for
 * the disk, and how long a disk that others use lets it wait (seen: 1 s) says nothing about us.
 */
function stageFolder(): string {
  const folder = "/dev/shm";
  try {
    const mount = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .find(([, path]) => path === folder);
    const { bavail, bsize } = statfsSync(folder);
    const takesPrograms = mount?.[3]?.split(",").includes("noexec") === false;
    return takesPrograms && bavail * bsize >= MEMORY_FOLDER_FREE ? folder : tmpdir();
  } catch {
    // No Linux, or no such folder.
    return tmpdir();
  }
}

/** Mulberry32: 32 bits of state, good enough to choose by and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
