import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { OwnedProcess as OwnedProcessView } from "#shared/schema/host.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Scope } from "../lib/scope.ts";
import { runRelease } from "./guardian-duty.ts";
import { GuardianLink } from "./guardian-link.ts";
import { type HoldLease, isStopSignal, type ProcessLease } from "./lease.ts";
import { LeaseStore } from "./lease-store.ts";
import { formatMarker, homeIdOf, isMarkerPart, markerName } from "./marker.ts";
import type { Hold, HoldRequest, OwnedProcess, ProcessKeeper, SpawnRequest, Usage } from "./owned.ts";
import { OwnedChild } from "./owned-child.ts";
import { portHolders } from "./port-holder.ts";
import { ProcessSet } from "./process-set.ts";
import type { ProcessSource } from "./process-table.ts";
import { systemProcesses } from "./system-processes.ts";
import { settleLeases, type SettleReport } from "./settle.ts";
import { type Child, startChild } from "./spawn.ts";
import { UsageSampler } from "./usage.ts";

export interface KeeperOptions {
  /** The home folder; it must exist. */
  readonly home: string;
  /** This run of the host: letters, digits, `-` and `_`, at most 64. Never the same twice for one home. */
  readonly runId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The built guardian.js. */
  readonly guardianPath: string;
  /** What runs it; default our own executable, which is a Node with ELECTRON_RUN_AS_NODE. */
  readonly nodePath?: string;
  /** What the guardian gives those it ends, in ms; default 2 s. */
  readonly guardianGraceMs?: number;
  /** Closing it ends everything. */
  readonly scope: Scope;
}

/** Exits are looked after together: a burst of short tasks costs one look at the machine, not one each. In ms. */
const sweepDelayMs = 20;

/** A host that quits has 10 s; two of them are for SIGKILL and its verification. */
const closeGraceMs = 8_000;

export function createProcessKeeper(options: KeeperOptions): Keeper {
  const keeper = new Keeper(options);
  options.scope.add("processes", () => keeper.close());
  return keeper;
}

/** Owns every process and hold of one run of a host. See docs/processes.md. */
export class Keeper implements ProcessKeeper {
  readonly #runId: string;
  readonly #homeId: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: ProcessSource = systemProcesses();
  readonly #store: LeaseStore;
  readonly #guardian: GuardianLink;
  readonly #usage: UsageSampler;
  readonly #ownerStartTime: string;
  readonly #children = new Map<string, OwnedChild>();
  readonly #holds = new Map<string, HoldLease>();
  readonly #closing = new AbortController();
  readonly #starting = new Set<Promise<unknown>>();
  #farewells: Promise<void> = Promise.resolve();
  #turns: Promise<void> = Promise.resolve();
  #cancelSweep: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: KeeperOptions) {
    if (!isMarkerPart(options.runId)) throw new Error(`${options.runId} cannot be the id of a run`);
    // Every start that waits for room listens for the end of the host.
    setMaxListeners(0, this.#closing.signal);
    const self = this.#source.read(process.pid);
    if (self === null) throw new Error("The host does not find itself among the processes of this machine.");
    this.#runId = options.runId;
    this.#homeId = homeIdOf(options.home);
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#ownerStartTime = self.startTime;
    this.#store = new LeaseStore(options.home);
    this.#guardian = new GuardianLink({
      orders: {
        home: options.home,
        homeId: this.#homeId,
        runId: options.runId,
        ...this.#owner(),
        ...(options.guardianGraceMs === undefined ? {} : { graceMs: options.guardianGraceMs }),
      },
      path: options.guardianPath,
      nodePath: options.nodePath ?? process.execPath,
      source: this.#source,
      clock: options.clock,
      logger: options.logger,
      onChange: () => this.#recordRun(),
    });
    this.#usage = new UsageSampler({
      source: this.#source,
      clock: options.clock,
      logger: options.logger,
      sets: () => [...this.#children.values()].map((child) => [child.id, child.set] as const),
      onLooked: () => this.#forgetEmpty(),
    });
  }

  /** Ends what earlier runs left. To be awaited before anything is spawned. */
  async settle(): Promise<SettleReport> {
    this.#prepare();
    const report = await settleLeases({
      store: this.#store,
      source: this.#source,
      clock: this.#clock,
      homeId: this.#homeId,
      runId: this.#runId,
    });
    this.#logger.info("settled what earlier runs left", { ...report });
    return report;
  }

  async spawn(request: SpawnRequest): Promise<OwnedProcess> {
    this.#checkOpen();
    const stopSignal = request.stopSignal ?? "SIGTERM";
    if (!isStopSignal(stopSignal)) {
      throw new AppError("spawn_failed", `${request.name} is to be stopped with ${stopSignal}, which stops nothing.`);
    }
    this.#prepare();
    const id = randomBytes(8).toString("hex");
    const marker = formatMarker({ homeId: this.#homeId, runId: this.#runId, leaseId: id });
    const env = { ...request.env, [markerName]: marker };
    // Before the child: from its first moment somebody is there to end it.
    this.#guardian.ensure();
    const starting = startChild({ argv: request.argv, cwd: request.cwd, env }, this.#clock, this.#closing.signal, () =>
      this.#nextTurn(),
    );
    this.#starting.add(starting);
    try {
      const { child, pid } = await starting;
      return this.#own(request, child, { id, marker, pid, stopSignal });
    } finally {
      this.#starting.delete(starting);
      this.#letGuardianGo();
    }
  }

  async hold(request: HoldRequest): Promise<Hold> {
    this.#checkOpen();
    this.#prepare();
    const id = randomBytes(8).toString("hex");
    const lease: HoldLease = {
      version: 1,
      id,
      kind: request.kind,
      name: request.name,
      workspace: request.workspace,
      ...this.#owner(),
      marker: formatMarker({ homeId: this.#homeId, runId: this.#runId, leaseId: id }),
      startedAt: this.#clock.now(),
      release: request.release,
    };
    try {
      this.#store.writeLease(lease);
    } catch (error) {
      throw new AppError(
        "state_unwritable",
        `The record of ${request.name} could not be written: ${errorText(error)}`,
        {
          next: "Free some space on the disk of the home folder.",
          cause: error,
        },
      );
    }
    this.#holds.set(id, lease);
    this.#guardian.ensure();
    return { id, drop: () => this.#dropHold(id) };
  }

  list(): OwnedProcessView[] {
    const views: OwnedProcessView[] = [];
    for (const child of this.#children.values()) {
      // Its own process is gone and so is everybody else, as far as we have seen.
      const member = child.hasExited ? child.set.members.find(({ pid }) => pid !== child.pid) : undefined;
      if (child.hasExited && member === undefined) continue;
      const { kind, name, workspace, startedAt } = child.lease;
      const memoryBytes = this.#usage.usage(child.id)?.memoryBytes ?? null;
      views.push({ kind, name, workspace, pid: member?.pid ?? child.pid, startedAt: isoTime(startedAt), memoryBytes });
    }
    for (const { kind, name, workspace, startedAt } of this.#holds.values()) {
      views.push({ kind, name, workspace, pid: null, startedAt: isoTime(startedAt), memoryBytes: null });
    }
    const guardian = views.length === 0 ? null : this.#guardian.current;
    if (guardian !== null) {
      const { pid, startedAt } = guardian;
      const memoryBytes = this.#source.read(pid)?.memoryBytes ?? null;
      views.push({
        kind: "guardian",
        name: "guardian",
        workspace: null,
        pid,
        startedAt: isoTime(startedAt),
        memoryBytes,
      });
    }
    return views;
  }

  usage(id: string): Usage | null {
    return this.#usage.usage(id);
  }

  async portHolder(port: number): Promise<{ readonly pid: number; readonly command: string } | null> {
    const [holder] = await portHolders(this.#source, [port]);
    return holder === undefined ? null : { pid: holder.pid, command: holder.command };
  }

  /** Ends everything owned, each with its own grace, all at once, and lets the guardian go. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#starting);
    const releases = [...this.#holds.values()].map(async (hold) => {
      if (await runRelease(hold.release, this.#clock)) this.#dropHold(hold.id);
    });
    await Promise.all([
      ...[...this.#children.values()].map((child) =>
        child.stop({ graceMs: Math.min(child.lease.graceMs, closeGraceMs) }),
      ),
      ...releases,
    ]);
    this.#usage.stop();
    this.#cancelSweep?.();
    // What could not be ended keeps its lease, for the next start; the guardian could do no more than we did.
    const clean = this.#children.size === 0 && this.#holds.size === 0;
    await this.#farewells;
    await this.#guardian.dismiss();
    if (clean) this.#try("forgetting the run", () => this.#store.removeRun(this.#runId));
  }

  #own(
    request: SpawnRequest,
    child: Child,
    { id, marker, pid, stopSignal }: Pick<ProcessLease, "id" | "marker" | "pid" | "stopSignal">,
  ): OwnedChild {
    // Even if it has ended already: it stays a zombie until we return to the event loop.
    const entry = this.#source.read(pid);
    const lease: ProcessLease = {
      version: 1,
      id,
      kind: request.kind,
      name: request.name,
      workspace: request.workspace,
      argv0: request.argv[0],
      pid,
      pgid: pid,
      sid: pid,
      startTime: entry?.startTime ?? "",
      startOrder: entry?.startOrder ?? 0,
      ...this.#owner(),
      marker,
      ports: request.ports,
      stopSignal,
      graceMs: request.graceMs,
      startedAt: this.#clock.now(),
    };
    // The marker is in its environment already, so a full disk costs us nothing but the second way of finding it.
    this.#try("writing the lease", () => this.#store.writeLease(lease));
    const owned = new OwnedChild({
      lease,
      child,
      set: new ProcessSet({
        source: this.#source,
        seeds: [lease],
        carries: ({ homeId, runId, leaseId }) => leaseId === id && runId === this.#runId && homeId === this.#homeId,
        since: lease.startOrder,
        exclude: () => new Set(this.#guardian.current === null ? [] : [this.#guardian.current.pid]),
      }),
      source: this.#source,
      clock: this.#clock,
      logger: this.#logger,
      repeatAfterMs: request.repeatAfterMs,
      output: request,
      onExit: () => this.#sweepSoon(),
      onGone: (gone) => this.#forget(gone),
    });
    this.#children.set(id, owned);
    this.#usage.start();
    return owned;
  }

  /** One start in each turn of the event loop: twenty services at once must not hold up everything else for 100 ms. */
  #nextTurn(): Promise<void> {
    this.#turns = this.#turns.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turns;
  }

  /** After an exit: whoever left nothing behind is forgotten. What others left stays listed until `stop`. */
  #sweepSoon(): void {
    this.#cancelSweep ??= this.#clock.after(sweepDelayMs, () => {
      this.#cancelSweep = null;
      void this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    try {
      for (const child of this.#children.values()) if (child.hasExited) await child.set.refresh(sweepDelayMs);
      this.#forgetEmpty();
    } catch (error) {
      this.#logger.warn("looking for what an ended process left failed", { error: errorText(error) });
    }
  }

  #forgetEmpty(): void {
    for (const child of this.#children.values()) {
      if (child.hasExited && child.set.members.length === 0) this.#forget(child);
    }
  }

  #forget(child: OwnedChild): void {
    if (!this.#children.delete(child.id)) return;
    this.#usage.forget(child.id);
    if (this.#children.size === 0) this.#usage.stop();
    this.#try("removing a lease", () => this.#store.removeLease(child.id));
    this.#letGuardianGo();
  }

  #dropHold(id: string): void {
    if (!this.#holds.delete(id)) return;
    this.#try("removing a lease", () => this.#store.removeLease(id));
    this.#letGuardianGo();
  }

  #letGuardianGo(): void {
    if (this.#children.size > 0 || this.#holds.size > 0 || this.#starting.size > 0) return;
    this.#farewells = Promise.all([this.#farewells, this.#guardian.dismiss()]).then(() => undefined);
  }

  #recordRun(): void {
    const current = this.#guardian.current;
    const guardian = current === null ? null : { pid: current.pid, startTime: current.startTime };
    this.#try("recording the run", () =>
      this.#store.writeRun({ version: 1, runId: this.#runId, ...this.#owner(), guardian }),
    );
  }

  #owner() {
    return { bootId: this.#source.bootId, ownerPid: process.pid, ownerStartTime: this.#ownerStartTime };
  }

  #prepare(): void {
    try {
      this.#store.prepare();
    } catch (error) {
      throw new AppError("state_unwritable", `The folder of leases cannot be used: ${errorText(error)}`, {
        next: "Check the home folder and its permissions.",
        cause: error,
      });
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new AppError("cancelled", "The host is ending; nothing new is started.");
  }

  #try(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#logger.error(`${what} failed`, { error: errorText(error) });
    }
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
