import type { Exit } from "#shared/schema/service.ts";
import { type Clock, sleep } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Intake } from "../lib/intake.ts";
import type { Logger } from "../lib/logger.ts";
import { lastPass } from "./last-pass.ts";
import type { ProcessLease } from "./lease.ts";
import { eachLine, LineSplitter } from "./lines.ts";
import type { OutputStream, OwnedProcess, SpawnRequest, StopReport } from "./owned.ts";
import { portHolders } from "./port-holder.ts";
import { portState } from "./port-state.ts";
import type { ProcessSet } from "./process-set.ts";
import type { ProcessSource } from "./process-table.ts";
import type { Child } from "./spawn.ts";
import { stopSet } from "./stop.ts";
import { readInTurns } from "./read-in-turns.ts";

/** A grandchild can hold the pipes open for as long as it lives; its parent's last words come within this. In ms. */
const drainMs = 1_000;

/** One stream of it. */
interface Output {
  readonly ended: Promise<void>;
  readonly lines: LineSplitter;
  /** From now on it is read as it comes. */
  readonly free: () => void;
}

/** The keeper's side of one process it started. */
export class OwnedChild implements OwnedProcess {
  readonly lease: ProcessLease;
  readonly set: ProcessSet;
  readonly exited: Promise<Exit>;
  readonly drained: Promise<void>;
  readonly #child: Child;
  readonly #source: ProcessSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onGone: (child: OwnedChild) => void;
  readonly #repeatAfterMs: number | undefined;
  #hasExited = false;
  #stopping: { readonly report: Promise<StopReport>; deadline: number } | null = null;

  constructor(options: {
    readonly lease: ProcessLease;
    readonly child: Child;
    readonly set: ProcessSet;
    readonly source: ProcessSource;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly repeatAfterMs: number | undefined;
    /** Who hears what it writes. */
    readonly output: Pick<SpawnRequest, "onLine" | "onLines">;
    readonly onExit: (child: OwnedChild) => void;
    /** Called once, when nothing of it is left. */
    readonly onGone: (child: OwnedChild) => void;
  }) {
    this.lease = options.lease;
    this.set = options.set;
    this.#child = options.child;
    this.#source = options.source;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onGone = options.onGone;
    this.#repeatAfterMs = options.repeatAfterMs;
    this.exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#hasExited = true;
        resolve({ code, signal });
        options.onExit(this);
      });
    });
    const outputs = [this.#read("stdout", options.output), this.#read("stderr", options.output)];
    this.drained = this.exited.then(() => this.#drain(outputs));
  }

  get id(): string {
    return this.lease.id;
  }

  get pid(): number {
    return this.lease.pid;
  }

  get startedAt(): number {
    return this.lease.startedAt;
  }

  /** Its own process has ended; others of its set may live. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  stop(options: { readonly graceMs?: number } = {}): Promise<StopReport> {
    const due = this.#clock.monotonic() + (options.graceMs ?? this.lease.graceMs);
    if (this.#stopping !== null) {
      // The same stop, sooner if this caller is in more of a hurry.
      this.#stopping.deadline = Math.min(this.#stopping.deadline, due);
      return this.#stopping.report;
    }
    const report = this.#stop(() => this.#stopping?.deadline ?? due);
    this.#stopping = { report, deadline: due };
    return report;
  }

  async #stop(deadline: () => number): Promise<StopReport> {
    const report = await stopSet({
      source: this.#source,
      clock: this.#clock,
      set: this.set,
      signalFor: () => this.lease.stopSignal,
      deadline,
      repeatAfterMs: this.#repeatAfterMs,
      lastPass: (pid) => lastPass(pid, this.#clock, this.#logger),
    });
    if (!report.empty) {
      // The next call tries again.
      this.#stopping = null;
      this.#logger.warn("a process could not be ended", { name: this.lease.name, survivors: report.survivors });
      return report;
    }
    const drained = new AbortController();
    // Its timer must not outlive the wait: a host that has stopped everything has nothing left to wait for.
    const late = sleep(this.#clock, 2 * drainMs, drained.signal).catch(() => undefined);
    await Promise.race([this.drained, late]);
    drained.abort();
    this.#closePipes();
    const holders = await this.#strangersOnPorts();
    this.#onGone(this);
    return holders.length === 0 ? report : { ...report, empty: false, survivors: holders };
  }

  /**
   * Who holds one of its ports now, began after it, and is not provably of its set: most likely a daemon of it that left
   * the session and scrubbed the marker. Reported, never killed.
   */
  async #strangersOnPorts(): Promise<{ pid: number; command: string }[]> {
    try {
      const held: number[] = [];
      for (const port of this.lease.ports) if ((await portState(port)) === "held") held.push(port);
      // Asked first, since to find the holders takes ten times as long (measured), and nearly always there is none.
      if (held.length === 0) return [];
      const holders = await portHolders(this.#source, held);
      return holders
        .filter(({ pid }) => (this.#source.read(pid)?.startOrder ?? -1) >= this.lease.startOrder)
        .map(({ pid, port, command }) => ({ pid, command: `${command} (still holds port ${port})` }));
    } catch (error) {
      this.#logger.warn("cannot see who listens on the ports of a stopped process", { error: errorText(error) });
      return [];
    }
  }

  #read(name: OutputStream, { onLine, onLines }: Pick<SpawnRequest, "onLine" | "onLines">): Output {
    const stream = this.#child[name];
    let wait: Intake;
    const safely = (hear: () => Intake) => {
      try {
        wait = hear() ?? wait;
      } catch (error) {
        this.#logger.error("handling a line of output failed", { name: this.lease.name, error: errorText(error) });
      }
    };
    const lines = new LineSplitter((bytes, cut) => {
      if (onLines !== undefined) safely(() => onLines(name, bytes, cut));
      else if (onLine !== undefined) {
        eachLine(bytes, cut, (text, isCut) => safely(() => onLine(name, text, isCut)));
      }
    });
    const free = readInTurns(stream, this.#clock, (chunk) => {
      wait = undefined;
      lines.write(chunk);
      return wait;
    });
    const ended = new Promise<void>((resolve) => {
      // A pipe that breaks has no more to say; that is its end too.
      stream.on("error", () => undefined);
      stream.once("close", () => {
        lines.end();
        resolve();
      });
    });
    return { ended, lines, free };
  }

  async #drain(outputs: readonly Output[]): Promise<void> {
    // There is nobody left to hold back: what its pipes still hold, 64 KB each, is read now.
    for (const { free } of outputs) free();
    const controller = new AbortController();
    const late = sleep(this.#clock, drainMs, controller.signal).catch(() => undefined);
    await Promise.race([Promise.all(outputs.map(({ ended }) => ended)), late]);
    controller.abort();
    for (const { lines } of outputs) lines.flush();
  }

  #closePipes(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}
