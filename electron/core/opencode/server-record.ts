import type { Failure } from "#shared/failure.ts";
import { stoppedServer, type ServerState, type ServerStatus } from "#shared/schema/server.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { Attention, Usage } from "../process/owned.ts";
import { EventMeter } from "./event-meter.ts";
import { Plans } from "./plans.ts";
import type { Run, RunProcess } from "./run.ts";
import { LOG_SOURCE } from "./run-failures.ts";
import { nextServerState, type ServerEvent } from "./server-states.ts";

export interface ServerRecordOptions {
  readonly workspaceId: string;
  readonly book: LogBook;
  readonly usage: (processId: string, attention?: Attention) => Usage | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What is known of one server. The only place where its state changes: every change goes through the table, is noted in its
 * log with time, from, to and reason, and is announced.
 */
export class ServerRecord {
  readonly meter: EventMeter;
  readonly plans = new Plans();
  readonly #options: ServerRecordOptions;
  readonly #changed: Emitter<ServerStatus>;
  #notices: readonly Failure[] = [];
  #state: ServerState = "stopped";
  /** Wall clock, in ms; null before the first change of state. */
  #since: number | null = null;
  #failure: Failure | null = null;
  #process: RunProcess | null = null;
  #run: Run | null = null;
  /** Monotonic; null while there is none. */
  #spawnedAt: number | null = null;
  #startupMs: number | null = null;
  #generation = 0;
  #restarts = 0;
  #isAdopted = false;

  constructor(options: ServerRecordOptions) {
    this.#options = options;
    this.meter = new EventMeter(options.clock);
    this.#changed = new Emitter((error) =>
      options.logger.error("a listener of the server failed", { error: errorText(error) }),
    );
  }

  get state(): ServerState {
    return this.#state;
  }

  /** It became ready and has not ended. */
  get isRunning(): boolean {
    return this.#state === "running" || this.#state === "degraded" || this.#state === "auth";
  }

  /** Counts the processes; news of an older one is thrown away by it. */
  get generation(): number {
    return this.#generation;
  }

  get run(): Run | null {
    return this.#run;
  }

  /** The one it is about is somebody else's. */
  get isAdopted(): boolean {
    return this.#isAdopted;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** A start begins. @param automatic Nobody asked for it: it crashed, or Deckhand restarts it. */
  begin(automatic: boolean, isAdopted: boolean): void {
    this.#restarts = automatic ? this.#restarts + 1 : 0;
    if (!automatic) this.#failure = null;
    this.#isAdopted = isAdopted;
    this.#notices = [];
    this.meter.reset();
    this.apply("start", automatic ? "it is started again by itself" : "asked for");
  }

  /** Another process is about to be started. Answers its generation. */
  nextGeneration(): number {
    this.#generation += 1;
    return this.#generation;
  }

  spawned(process: RunProcess): void {
    this.#process = process;
    this.#spawnedAt = this.#options.clock.monotonic();
    if (this.#state === "starting") this.apply("spawned", `process ${process.pid}`);
  }

  ready(run: Run): void {
    this.#run = run;
    this.#spawnedAt ??= this.#options.clock.monotonic();
    this.#startupMs = Math.round(this.#options.clock.monotonic() - this.#spawnedAt);
    this.#failure = null;
    if (this.#state === "starting") this.apply("spawned", "there already");
    this.apply("ready", `on ${run.client.url}`);
  }

  /** Nothing of its process is shown any more. Answers whether it had been ready. */
  forget(): boolean {
    const had = this.#run !== null;
    this.#run = null;
    this.#process = null;
    this.#spawnedAt = null;
    this.#startupMs = null;
    this.plans.clear();
    return had;
  }

  /** One step of the table. @param failure What is shown beside the new state; left out: what was shown stays. */
  apply(event: ServerEvent, reason: string, failure?: Failure | null): void {
    const from = this.#state;
    this.#state = nextServerState(from, event);
    if (this.#state !== from) this.#since = this.#options.clock.now();
    if (failure !== undefined) this.#failure = failure;
    if (this.#state === "stopped") this.#isAdopted = false;
    const { logger, workspaceId } = this.#options;
    logger.info("server", { workspace: workspaceId, from, to: this.#state, reason, generation: this.#generation });
    this.note(`${from} → ${this.#state}: ${reason}`);
    this.announce();
  }

  /** What is wrong has changed, the state has not. */
  showFailure(failure: Failure | null): void {
    this.#failure = failure;
    this.announce();
  }

  /** At most one of a code; the newest stands last. */
  addNotice(notice: Failure): void {
    const had = this.#notices.find(({ code }) => code === notice.code);
    this.#notices = [...this.#notices.filter(({ code }) => code !== notice.code), notice];
    if (had === undefined) this.note(notice.message);
    if (had?.message !== notice.message) this.announce();
  }

  dropNotice(code: Failure["code"]): void {
    const left = this.#notices.filter((notice) => notice.code !== code);
    if (left.length === this.#notices.length) return;
    this.#notices = left;
    this.announce();
  }

  status(attention?: Attention): ServerStatus {
    const { clock, usage } = this.#options;
    const reading = this.#process === null ? null : usage(this.#process.id, attention);
    const run = this.#run;
    return {
      ...stoppedServer,
      state: this.#state,
      since: this.#since === null ? null : new Date(this.#since).toISOString(),
      ownership: this.#isAdopted ? "adopted" : "owned",
      url: run?.client.url ?? null,
      pid: this.#process?.pid ?? null,
      port: run === null ? null : Number(new URL(run.client.url).port),
      version: run?.version ?? null,
      protocol: run?.protocol.generation ?? null,
      uptimeMs: this.#spawnedAt === null ? null : Math.round(clock.monotonic() - this.#spawnedAt),
      startupMs: this.#startupMs,
      memoryBytes: reading?.memoryBytes ?? null,
      cpuPercent: reading?.cpuPercent ?? null,
      restarts: this.#restarts,
      generation: this.#generation,
      events: this.meter.total,
      eventsPerSecond: this.meter.perSecond(),
      lastEventAt: this.meter.lastAt === null ? null : new Date(this.meter.lastAt).toISOString(),
      failure: this.#failure,
      notices: [...this.#notices],
      plan: this.plans.current,
    };
  }

  /** Called at each change; counts, memory and CPU change without a call. */
  onChange(listener: (status: ServerStatus) => void): () => void {
    return this.#changed.on(listener);
  }

  announce(): void {
    this.#changed.emit(this.status());
  }

  /** A line of ours in the server's log. */
  note(text: string): void {
    this.#options.book.append(LOG_SOURCE, { stream: "note", text, generation: this.#generation, cut: false });
  }
}
