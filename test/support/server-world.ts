/** A server whose process, answers and event stream are made up, on a clock moved by hand; it notes whatever breaks a promise. */
import type { ServerState, ServerStatus } from "#shared/schema/server.ts";
import { defaultServerSettings } from "#shared/schema/settings.ts";
import type { Exit } from "#shared/schema/service.ts";
import { abortError, type Clock } from "../../electron/core/lib/clock.ts";
import { AppError } from "../../electron/core/lib/error.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import type { OpencodeClient } from "../../electron/core/opencode/client.ts";
import { CRASH_LIMIT, CRASH_WINDOW_MS } from "../../electron/core/opencode/crash-policy.ts";
import { PERIOD_MS, PROBE_MS } from "../../electron/core/opencode/health.ts";
import type { StartRun } from "../../electron/core/opencode/launcher.ts";
import type { Protocol } from "../../electron/core/opencode/protocol/protocol.ts";
import type { Run, RunListeners } from "../../electron/core/opencode/run.ts";
import { TURN_GRACE_MS } from "../../electron/core/opencode/run-watch.ts";
import { OpencodeServer } from "../../electron/core/opencode/server.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryBook } from "./memory-book.ts";

/** From the spawn to ready, and from the order to stop to nothing left; in ms of the made-up clock. */
const START_MS = 900;
const STOP_MS = 120;
const LIMIT = defaultServerSettings.failuresBeforeRestart;

/** Everything that waits for nothing but its turn has had it. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A clock that can also sleep: then time has passed, and no timer ran. */
class SleepingClock implements Clock {
  readonly #timers = new ManualClock();
  #slept = 0;

  now(): number {
    return this.monotonic();
  }

  monotonic(): number {
    return this.#timers.monotonic() + this.#slept;
  }

  after(ms: number, run: () => void): () => void {
    return this.#timers.after(ms, run);
  }

  get pending(): number {
    return this.#timers.pending;
  }

  sleep(ms: number): void {
    this.#slept += ms;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.#timers.advance(Math.min(500, left));
      await settled();
    }
  }
}

type Answer = "well" | "hangs" | "fails" | "refuses";

/** One made-up process. */
export class Life {
  answer: Answer = "well";
  streams = true;
  /** Its process has ended. */
  ended = false;
  /** Monotonic time since which it gave no sign of life at all; null: it gives one. Sleep begins it anew. */
  mutedAt: number | null = null;
  die: (exit: Exit) => void = () => undefined;
  readonly exited = new Promise<Exit>((resolve) => (this.die = resolve));
  readonly listeners: RunListeners;
  readonly generation: number;

  constructor(generation: number, listeners: RunListeners) {
    this.generation = generation;
    this.listeners = listeners;
  }

  /** Nothing of what was counted before a sleep counts after it. */
  muteSince(now: number): void {
    if (this.mutedAt !== null) this.mutedAt = now;
  }
}

export class ServerWorld {
  readonly clock = new SleepingClock();
  readonly book = new MemoryBook();
  readonly server: OpencodeServer;
  /** Begun, and not yet swept. */
  readonly lives = new Set<Life>();
  /** What was asked for last, and everything asked for that has not been answered. */
  wanted: "up" | "down" = "down";
  readonly asked = new Set<Promise<unknown>>();
  busy = false;
  /** Monotonic times at which it fell since a person last started it. */
  falls: number[] = [];
  readonly wrong: string[] = [];
  #before: ServerStatus;
  #generation = 0;
  /** It was ready since the newest start began. */
  #wasReady = false;

  constructor() {
    this.server = new OpencodeServer({
      keeper: {
        spawn: () => Promise.reject(new Error("nothing real is started")),
        portHolder: () => Promise.resolve(null),
        usage: () => null,
      },
      book: this.book,
      workspaceId: "wsp_0000000000000001",
      directory: "/nowhere",
      findBinary: () => Promise.resolve({ path: "/bin/opencode", source: "setting", version: "1.18.33", skipped: [] }),
      environment: () => Promise.resolve({}),
      config: () => null,
      settings: () => ({ ...defaultServerSettings, idleStopMinutes: null }),
      isBusy: () => this.busy,
      portChooser: { choose: () => Promise.resolve(4_100), isTaken: () => Promise.resolve(false) },
      startRun: (options, listeners, signal) => this.#start(options, listeners, signal),
      clock: this.clock,
      logger: silentLogger,
      random: () => 0.5,
      randomPassword: () => "password",
    });
    this.#before = this.server.status();
    this.server.onChange((status) => this.#changed(status));
  }

  /** The one whose process runs. */
  get live(): Life | null {
    return [...this.lives].find((life) => !life.ended) ?? null;
  }

  ask(what: "start" | "stop" | "restart"): void {
    this.wanted = what === "stop" ? "down" : "up";
    const asked = this.server[what]().catch((error: unknown) => {
      if (!(error instanceof AppError)) this.wrong.push(`${what} failed: ${String(error)}`);
    });
    this.asked.add(asked);
    void asked.then(() => this.asked.delete(asked));
  }

  /** After each change of what it answers and streams. */
  judge(life: Life): void {
    const isMute = !life.streams && (life.answer === "hangs" || life.answer === "fails");
    life.mutedAt = isMute ? (life.mutedAt ?? this.clock.monotonic()) : null;
  }

  readonly #start: StartRun = async (options, listeners, signal) => {
    if (this.lives.size > 0) this.wrong.push("a second process was started");
    if (options.generation <= this.#generation) this.wrong.push("a generation came twice");
    this.#generation = options.generation;
    const life = new Life(options.generation, listeners);
    this.lives.add(life);
    listeners.onSpawned({ id: `life-${life.generation}`, pid: 100 + life.generation });
    const outcome = await new Promise<"ready" | "aborted" | "ended">((resolve) => {
      const cancel = this.clock.after(START_MS, () => resolve("ready"));
      const end = (how: "aborted" | "ended") => {
        cancel();
        resolve(how);
      };
      if (signal.aborted) end("aborted");
      signal.addEventListener("abort", () => end("aborted"), { once: true });
      void life.exited.then(() => end("ended"));
    });
    if (outcome === "ready" && !life.ended) return this.#run(life);
    await this.#end(life);
    if (signal.aborted) throw abortError();
    throw new AppError("opencode_exited", "It ended before it was ready.");
  };

  #run(life: Life): Run {
    return {
      process: { id: `life-${life.generation}`, pid: 100 + life.generation },
      client: { url: "http://127.0.0.1:4100" } as OpencodeClient,
      protocol: this.#protocol(life),
      version: "1.18.33",
      exited: life.exited,
      endedBecause: () => Promise.resolve(new AppError("opencode_exited", "It ended by itself.")),
      stop: async () => {
        this.#stopped(life);
        await this.#end(life);
        return { empty: true, survivors: [], killed: false };
      },
    };
  }

  /** Only what the supervision uses. */
  #protocol(life: Life): Protocol {
    const answer = (signal?: AbortSignal) => {
      if (life.answer === "well" && !life.ended) return Promise.resolve({ version: "1.18.33" });
      if (life.answer === "refuses") return Promise.reject(new AppError("opencode_auth", "401"));
      if (life.answer === "fails" || life.ended) return Promise.reject(new AppError("opencode_unreachable", "refused"));
      return new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(abortError())));
    };
    return {
      generation: 1,
      health: (_client: OpencodeClient, signal?: AbortSignal) => answer(signal),
      probe: async () => undefined,
      sessions: { readChat: () => Promise.resolve({}) },
    } as unknown as Protocol;
  }

  async #end(life: Life): Promise<void> {
    if (!this.lives.has(life)) return;
    await new Promise<void>((resolve) => this.clock.after(STOP_MS, resolve));
    life.ended = true;
    this.lives.delete(life);
  }

  /** Nobody asked for it, and it lived: then it must have been held for dead, with reason. */
  #stopped(life: Life): void {
    if (life.ended || this.asked.size > 0) return;
    const muteMs = life.mutedAt === null ? -1 : this.clock.monotonic() - life.mutedAt;
    // A look that hangs already when the stream breaks counts too, and the next one begins as soon as it is over.
    if (muteMs < (LIMIT - 1) * PERIOD_MS - PROBE_MS)
      this.wrong.push(`it was ended after ${muteMs} ms without a sign of life`);
    if (this.busy && muteMs < TURN_GRACE_MS) this.wrong.push(`it was ended in a turn after ${muteMs} ms`);
  }

  #changed(status: ServerStatus): void {
    const before = this.#before;
    this.#before = status;
    if (status.generation < before.generation) this.wrong.push("the generation went back");
    if (status.state === before.state) return;
    if (status.state === "starting" && status.restarts === 0 && isDown(before.state)) this.falls = [];
    if (status.state === "starting" && isDown(before.state)) this.#wasReady = false;
    if (status.state === "running") this.#wasReady = true;
    if (status.state === "running" && this.live === null && this.asked.size === 0)
      this.wrong.push("running without a process");
    if (status.state === "crashed" || status.state === "gave_up") this.#fell(status);
  }

  /** A start that a person asked for and that never was ready is no fall: it is not repeated. */
  #fell(status: ServerStatus): void {
    if (status.restarts === 0 && !this.#wasReady) {
      if (status.state === "gave_up") this.wrong.push("the first start was given up");
      return;
    }
    const now = this.clock.monotonic();
    this.falls = [...this.falls.filter((at) => now - at < CRASH_WINDOW_MS), now];
    const shouldGiveUp = this.falls.length >= CRASH_LIMIT;
    if (shouldGiveUp !== (status.state === "gave_up"))
      this.wrong.push(`${status.state} after ${this.falls.length} falls`);
  }
}

const isDown = (state: ServerState) => state === "stopped" || state === "crashed" || state === "gave_up";
