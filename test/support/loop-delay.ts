/** How late the main thread's event loop runs, and how much of that is the machine's doing rather than ours. */
import { ChildProcess } from "node:child_process";
import { Worker } from "node:worker_threads";
import { waitedForCore } from "./core-wait.ts";
import { spentCollecting } from "./garbage.ts";

/** Between two looks, in ms. */
const PERIOD_MS = 10;

/** One look: how late it came, without the time in which the kernel had no core for us. In ms. */
export interface LoopDelays {
  readonly ours: readonly number[];
  /** The same with the machine's part; for people. */
  readonly raw: readonly number[];
  /** Of a thread that did nothing meanwhile; for people, and never counted in our favour. */
  readonly control: readonly number[];
}

/**
 * A timer that measures how late it is called. `monitorEventLoopDelay` does the same, but cannot tell a loop that we block
 * from one that waits for a core: on a busy machine both look alike. The kernel counts for each thread how long it was ready
 * to run and did not (`/proc/PID/schedstat`, second number, in ns; a process's own entry is its first thread's, where
 * the loop runs). That is taken off, to the microsecond and for the very same moment. So is the same wait of a child while
 * `spawn` waits for it to begin, which is a wait for a core too, and the collections that a test asks for; nothing else is. A second thread that does nothing
 * (LoopControl) is looked at beside it only to tell what kind of machine it was. Only the work of a case is looked at: looks
 * at a loop that rests would hide the late ones among them.
 */
export class LoopDelayMeter {
  readonly #ours: number[] = [];
  readonly #raw: number[] = [];
  readonly #idle: number[] = [];
  readonly #control: LoopControl;
  #taken = 0;
  #timer: NodeJS.Timeout | null = null;
  #at = 0;
  #waited = 0;

  constructor(control: LoopControl) {
    this.#control = control;
  }

  start(): void {
    this.#taken = this.#control.taken;
    this.#at = performance.now();
    this.#waited = this.#waitedSoFar();
    this.#timer ??= setInterval(() => this.#look(), PERIOD_MS);
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    // The loop may be blocked right up to here, in which case the timer never had its turn. Where it was not yet due there
    // is nothing to see.
    if (performance.now() - this.#at >= PERIOD_MS) this.#look();
    this.#idle.push(...this.#control.since(this.#taken));
  }

  get delays(): LoopDelays {
    return { ours: this.#ours, raw: this.#raw, control: this.#idle };
  }

  #waitedSoFar(): number {
    return waitedForCore() + this.#control.waitedForChildren + spentCollecting();
  }

  #look(): void {
    const now = performance.now();
    const waited = this.#waitedSoFar();
    const late = Math.max(0, now - this.#at - PERIOD_MS);
    this.#raw.push(late);
    this.#ours.push(Math.max(0, late - (waited - this.#waited)));
    this.#at = now;
    this.#waited = waited;
  }
}

/** The machine as a thread sees it that does nothing but look at the clock, at the very same moments. */
export class LoopControl {
  readonly #shared = new Float64Array(new SharedArrayBuffer(8 * CONTROL_LOOKS));
  readonly #worker: Worker;
  readonly #unwatch: () => void;
  /** How long this thread has waited in `spawn` for children that waited for a core, so far. In ms. */
  waitedForChildren = 0;

  constructor() {
    this.#unwatch = watchSpawns((ms) => (this.waitedForChildren += ms));
    this.#worker = new Worker(controlProgram, {
      eval: true,
      workerData: { shared: this.#shared, period: PERIOD_MS },
      stdout: true,
    });
  }

  /** How many looks it has taken so far; a place to begin at. */
  get taken(): number {
    return this.#shared[0] ?? 0;
  }

  /** The delays since that place, as many of them as are kept. In ms. */
  since(taken: number): number[] {
    const count = Math.min(this.taken - taken, CONTROL_LOOKS - 1);
    return Array.from({ length: Math.max(0, count) }, (_, index) => {
      const at = 1 + ((this.taken - 1 - index) % (CONTROL_LOOKS - 1));
      return this.#shared[at] ?? 0;
    });
  }

  async end(): Promise<void> {
    this.#unwatch();
    await this.#worker.terminate();
  }
}

/** Ten minutes of looks. */
const CONTROL_LOOKS = 60_000;

const controlProgram = `
const { workerData: { shared, period } } = require("node:worker_threads");
let before = performance.now();
setInterval(() => {
  const now = performance.now();
  shared[1 + (shared[0] % (shared.length - 1))] = Math.max(0, now - before - period);
  shared[0] += 1;
  before = now;
}, period);
`;

/** What every way of starting a child calls; the types of Node leave it out. */
interface Spawner {
  spawn(this: ChildProcess, ...given: unknown[]): unknown;
}

/** Tells after each start of a child how much of it was the child's wait for a core. Answers how to end that. */
function watchSpawns(tell: (ms: number) => void): () => void {
  const spawner = ChildProcess.prototype as unknown as Spawner;
  const { spawn } = spawner;
  spawner.spawn = function watched(...given) {
    const began = performance.now();
    const waited = waitedForCore();
    const result = spawn.apply(this, given);
    const blocked = performance.now() - began - (waitedForCore() - waited);
    // It may have waited again since; no more than we did counts.
    if (this.pid !== undefined) tell(Math.max(0, Math.min(blocked, waitedForCore(this.pid))));
    return result;
  };
  return () => void (spawner.spawn = spawn);
}

/** The 99th percentile by nearest rank: of so many hundred delays, so many may be longer. In ms; 0 of none. */
export function delayPercentile99(delays: readonly number[]): number {
  const sorted = delays.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
}
