import { type ChildProcess, spawn } from "node:child_process";
import { type Clock, sleep } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { GuardianOrders } from "./guardian-duty.ts";
import { farewell } from "./guardian-watch.ts";
import type { ProcessSource } from "./process-table.ts";

/** A guardian that dies at once is not worth a process storm; the leases and the next start do without it. */
const maxRestarts = 5;
const restartDelayMs = 500;
/** It only has to read one word and exit. */
const farewellMs = 2_000;

/**
 * The host's end of the guardian: a small process in a session of its own whose stdin is a pipe from us. The kernel
 * closes the pipe when we end, however we end, and the guardian then finishes our job.
 */
export class GuardianLink {
  readonly #orders: GuardianOrders;
  readonly #path: string;
  readonly #nodePath: string;
  readonly #source: ProcessSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #process: ChildProcess | null = null;
  #startedAt = 0;
  #wanted = false;
  #restarts = 0;
  #cancelRestart: () => void = () => undefined;

  constructor(options: {
    readonly orders: GuardianOrders;
    readonly path: string;
    readonly nodePath: string;
    readonly source: ProcessSource;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Another one is on duty, or none. */
    readonly onChange: () => void;
  }) {
    this.#orders = options.orders;
    this.#path = options.path;
    this.#nodePath = options.nodePath;
    this.#source = options.source;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onChange = options.onChange;
  }

  /** Of the one on duty, unverified: for a look at processes, which it must not be taken for one of. */
  get pids(): ReadonlySet<number> {
    const pid = this.#process?.pid;
    return new Set(pid === undefined ? [] : [pid]);
  }

  /** The one on duty; null when there is none. */
  get current(): { readonly pid: number; readonly startTime: string; readonly startedAt: number } | null {
    const pid = this.#process?.pid;
    if (pid === undefined) return null;
    const startTime = this.#source.read(pid)?.startTime;
    return startTime === undefined ? null : { pid, startTime, startedAt: this.#startedAt };
  }

  /** Returns at once; the pipe exists from here on, so our end is noticed even while the guardian is still loading. */
  ensure(): void {
    this.#wanted = true;
    if (this.#process === null) this.#start();
  }

  /** Lets it go, and waits until it is gone. */
  async dismiss(): Promise<void> {
    this.#wanted = false;
    this.#restarts = 0;
    this.#cancelRestart();
    const guardian = this.#process;
    if (guardian === null) return;
    this.#process = null;
    this.#onChange();
    const gone = new Promise<void>((resolve) => {
      guardian.once("exit", () => resolve());
      if (guardian.exitCode !== null || guardian.signalCode !== null) resolve();
    });
    guardian.stdin?.end(`${farewell}\n`);
    const controller = new AbortController();
    const late = sleep(this.#clock, farewellMs, controller.signal).then(
      () => guardian.kill("SIGKILL"),
      () => undefined,
    );
    await Promise.race([gone, late]);
    controller.abort();
  }

  #start(): void {
    let guardian: ChildProcess;
    try {
      guardian = spawn(this.#nodePath, [this.#path, JSON.stringify(this.#orders)], {
        cwd: "/",
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
        env: { ELECTRON_RUN_AS_NODE: "1", PATH: process.env["PATH"] ?? "" },
      });
    } catch (error) {
      this.#logger.error("the guardian could not be started", { error: errorText(error) });
      return;
    }
    this.#process = guardian;
    this.#startedAt = this.#clock.now();
    // It must not keep a host alive that is done.
    guardian.unref();
    guardian.stdin?.on("error", () => undefined);
    guardian.on("error", (error) =>
      this.#logger.error("the guardian could not be started", { error: errorText(error) }),
    );
    guardian.once("exit", (code, signal) => this.#ended(guardian, { code, signal }));
    if (guardian.pid === undefined) this.#process = null;
    this.#onChange();
  }

  #ended(guardian: ChildProcess, exit: { code: number | null; signal: string | null }): void {
    if (this.#process !== guardian) return;
    this.#process = null;
    this.#onChange();
    if (!this.#wanted) return;
    if (this.#restarts >= maxRestarts) {
      this.#logger.error("the guardian keeps ending; a killed host is cleaned up after only at its next start", exit);
      return;
    }
    this.#restarts += 1;
    this.#logger.warn("the guardian ended and is started again", exit);
    this.#cancelRestart = this.#clock.after(restartDelayMs, () => {
      if (this.#wanted && this.#process === null) this.#start();
    });
  }
}
