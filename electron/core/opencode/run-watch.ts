/**
 * Watches one server from ready to its end: its signs of life, its memory and CPU, and whether anybody uses it. What it
 * finds is shown in the record; what has to be done about it is done by whoever made the watch.
 */
import type { ServerSettings } from "#shared/schema/settings.ts";
import type { Failure } from "#shared/failure.ts";
import type { Clock } from "../lib/clock.ts";
import type { Usage } from "../process/owned.ts";
import { HealthMonitor } from "./health-monitor.ts";
import type { Verdict } from "./health.ts";
import { judgeIdle } from "./idle.ts";
import { Limits } from "./limits.ts";
import type { PlanKind } from "./plans.ts";
import type { Run } from "./run.ts";
import { SAMPLE_MS, type SampleHistory } from "./server-history.ts";
import type { ServerRecord } from "./server-record.ts";

/** How long a turn may go on in a server that seems dead: a person may know better, or wants to save something first. */
export const TURN_GRACE_MS = 60_000;

export interface RunWatchOptions {
  readonly run: Run;
  readonly record: ServerRecord;
  readonly history: SampleHistory;
  readonly settings: () => ServerSettings;
  readonly usage: (processId: string) => Usage | null;
  /** A turn runs, or a permission or question waits. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
  /** It shows no sign of life and is to be started again. Called at most once. */
  readonly onDead: (failure: Failure) => void;
  /** To be restarted, though it lives. Called at most once. */
  readonly onRestart: (reason: string) => void;
  /** To be stopped: nobody uses it. Called at most once. */
  readonly onIdle: (reason: string) => void;
}

export class RunWatch {
  readonly #options: RunWatchOptions;
  readonly #health: HealthMonitor;
  readonly #limits = new Limits();
  #cancelTick: () => void = () => undefined;
  #cancelGrace: () => void = () => undefined;
  #graceIsOver = false;
  /** Monotonic. */
  #usedAt: number;
  #closed = false;

  constructor(options: RunWatchOptions) {
    this.#options = options;
    const { run, clock, settings } = options;
    this.#usedAt = clock.monotonic();
    this.#health = new HealthMonitor({
      run,
      clock,
      limit: () => settings().failuresBeforeRestart,
      onVerdict: (verdict) => this.#judged(verdict),
    });
    this.#tickLater();
  }

  connected(): void {
    this.#health.connected();
  }

  disconnected(reason: string): void {
    this.#health.disconnected(reason);
  }

  /** The machine woke up. */
  resumed(): void {
    this.#health.resumed();
  }

  /** Somebody uses it. */
  used(): void {
    this.#usedAt = this.#options.clock.monotonic();
    this.#drop("idle");
  }

  /** A person calls off what is planned. */
  keep(): void {
    const { record } = this.#options;
    const kept = record.plans.keep();
    if (kept.length === 0) return;
    if (kept.includes("health")) this.#endGrace();
    if (kept.includes("idle")) this.used();
    record.note("A person called off what was planned.");
    record.announce();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick();
    this.#cancelGrace();
    this.#health.close();
  }

  #judged(verdict: Verdict): void {
    const { record } = this.#options;
    switch (verdict.kind) {
      case "well":
        if (record.state !== "running") record.apply("recovered", "all signs of life are back", null);
        break;
      case "weak":
        this.#show("weakened", "degraded", verdict.failure);
        break;
      case "refused":
        this.#show("refused", "auth", verdict.failure);
        break;
      case "dead":
        this.#show("weakened", "degraded", verdict.failure);
        return this.#dead(verdict.failure);
    }
    this.#endGrace();
    this.#drop("health");
  }

  #endGrace(): void {
    this.#cancelGrace();
    this.#graceIsOver = false;
  }

  #show(event: "weakened" | "refused", state: "degraded" | "auth", failure: Failure): void {
    const { record } = this.#options;
    if (record.state !== state) record.apply(event, failure.message, failure);
    else if (record.failure?.message !== failure.message) record.showFailure(failure);
  }

  #dead(failure: Failure): void {
    const { record, isBusy, clock, onDead } = this.#options;
    if (!isBusy() || this.#graceIsOver) return this.#once(() => onDead(failure));
    if (record.plans.get("health") !== null || record.plans.isCalledOff("health")) return;
    const at = new Date(clock.now() + TURN_GRACE_MS).toISOString();
    const reason = "It shows no sign of life. A turn was running, so it is restarted only after a minute.";
    record.plans.set("health", { action: "restart", reason, at });
    record.note(`Planned: ${reason}`);
    record.announce();
    this.#cancelGrace = clock.after(TURN_GRACE_MS, () => {
      // One more look: it may have come to itself since the last.
      this.#graceIsOver = true;
      this.#health.lookNow();
    });
  }

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(SAMPLE_MS, () => this.#tick());
  }

  #tick(): void {
    this.#tickLater();
    this.#sample();
    if (!this.#closed) this.#checkIdle();
  }

  #sample(): void {
    const { run, record, clock, history, settings, isBusy } = this.#options;
    const usage = run.process === null ? null : this.#options.usage(run.process.id);
    if (usage === null) return;
    const { memoryBytes, cpuPercent } = usage;
    history.add({ at: clock.now(), memoryBytes, cpuPercent, eventsPerSecond: record.meter.perSecond() });
    const reading = { at: clock.monotonic(), usage, isBusy: isBusy(), limitMb: settings().memoryLimitMb };
    const { memory, cpu, restart } = this.#limits.judge(reading);
    this.#notice("opencode_memory", memory);
    this.#notice("opencode_cpu", cpu);
    if (memory === null) this.#drop("memory");
    if (restart && memory !== null) this.#overMemory(memory, reading.isBusy);
  }

  /** Shown for one reading at least, so that it can be called off. */
  #overMemory(memory: Failure, isBusy: boolean): void {
    const { record, onRestart } = this.#options;
    if (record.plans.isCalledOff("memory")) return;
    if (record.plans.get("memory") !== null) {
      if (!isBusy) this.#once(() => onRestart(memory.message));
      return;
    }
    record.plans.set("memory", { action: "restart", reason: memory.message, at: null });
    record.announce();
  }

  #checkIdle(): void {
    const { run, record, clock, settings, isBusy, onIdle } = this.#options;
    const now = clock.monotonic();
    const busy = isBusy();
    if (busy) this.#usedAt = now;
    const minutes = run.process === null ? null : settings().idleStopMinutes;
    const verdict = judgeIdle(now - this.#usedAt, minutes === null ? null : minutes * 60_000, busy);
    const reason = `Nobody has used it for ${minutes} ${minutes === 1 ? "minute" : "minutes"}. The next prompt starts it again.`;
    switch (verdict.kind) {
      case "used":
        return this.#drop("idle");
      case "due":
        return this.#once(() => onIdle(reason));
      case "soon":
        if (record.plans.get("idle") !== null) return;
        record.plans.set("idle", { action: "stop", reason, at: new Date(clock.now() + verdict.inMs).toISOString() });
        record.announce();
    }
  }

  #notice(code: Failure["code"], notice: Failure | null): void {
    const { record } = this.#options;
    if (notice === null) record.dropNotice(code);
    else record.addNotice(notice);
  }

  #drop(kind: PlanKind): void {
    if (this.#options.record.plans.drop(kind)) this.#options.record.announce();
  }

  /** What ends the watch is done once. */
  #once(act: () => void): void {
    if (this.#closed) return;
    this.close();
    act();
  }
}
