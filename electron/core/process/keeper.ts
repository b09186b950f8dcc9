import { setMaxListeners } from "node:events";
import type { OwnedProcess as OwnedProcessView } from "#shared/schema/host.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Scope } from "../lib/scope.ts";
import { joinVariables } from "../lib/variables.ts";
import { GuardianLink } from "./guardian-link.ts";
import { Holds } from "./holds.ts";
import { isStopSignal, type ProcessLease } from "./lease.ts";
import { LeaseStore } from "./lease-store.ts";
import { markerName } from "./marker.ts";
import type {
  Attention,
  Hold,
  HoldRequest,
  OwnedProcess,
  PortOwner,
  ProcessKeeper,
  SpawnRequest,
  Usage,
} from "./owned.ts";
import { OwnedChild } from "./owned-child.ts";
import { listOwned } from "./owned-list.ts";
import { portHolders } from "./port-holder.ts";
import { ProcessSet } from "./process-set.ts";
import type { ProcessSource } from "./process-table.ts";
import { RunIdentity } from "./run-identity.ts";
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
  readonly #identity: RunIdentity;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: ProcessSource = systemProcesses();
  readonly #store: LeaseStore;
  readonly #guardian: GuardianLink;
  readonly #usage: UsageSampler;
  readonly #children = new Map<string, OwnedChild>();
  readonly #holds: Holds;
  readonly #closing = new AbortController();
  readonly #starting = new Set<Promise<unknown>>();
  #farewells: Promise<void> = Promise.resolve();
  #turns: Promise<void> = Promise.resolve();
  #cancelSweep: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: KeeperOptions) {
    // Every start that waits for room listens for the end of the host.
    setMaxListeners(0, this.#closing.signal);
    this.#identity = new RunIdentity(options.home, options.runId, this.#source);
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#store = new LeaseStore(options.home);
    this.#holds = new Holds({
      store: this.#store,
      identity: this.#identity,
      clock: options.clock,
      logger: options.logger,
      onDropped: () => this.#letGuardianGo(),
    });
    this.#guardian = new GuardianLink({
      orders: {
        home: options.home,
        homeId: this.#identity.homeId,
        runId: options.runId,
        ...this.#identity.owner,
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
      homeId: this.#identity.homeId,
      runId: this.#identity.runId,
    });
    this.#logger.info("settled what earlier runs left", { ...report });
    return report;
  }

  async spawn(request: SpawnRequest): Promise<OwnedProcess> {
    this.#checkOpen();
    // Before anything is made ready, so that the first of many is under way while the others still wait.
    await this.#nextTurn();
    this.#checkOpen();
    const stopSignal = request.stopSignal ?? "SIGTERM";
    if (!isStopSignal(stopSignal)) {
      throw new AppError("spawn_failed", `${request.name} is to be stopped with ${stopSignal}, which stops nothing.`);
    }
    this.#prepare();
    const { id, marker } = this.#identity.newLease();
    const env = joinVariables(request.env, { [markerName]: marker });
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
    const hold = this.#holds.add(request);
    this.#guardian.ensure();
    return hold;
  }

  list(): OwnedProcessView[] {
    const { current } = this.#guardian;
    const guardian = current && { ...current, memoryBytes: this.#source.read(current.pid)?.memoryBytes ?? null };
    const memoryOf = ({ id }: OwnedChild) => this.#usage.usage(id)?.memoryBytes ?? null;
    return listOwned([...this.#children.values()], this.#holds.list(), memoryOf, guardian);
  }

  usage(id: string, attention?: Attention): Usage | null {
    return this.#usage.usage(id, attention);
  }

  async portHolder(port: number): ReturnType<ProcessKeeper["portHolder"]> {
    const [holder] = await portHolders(this.#source, [port]);
    if (holder === undefined) return null;
    return { pid: holder.pid, command: holder.command, owner: await this.#ownerOf(holder.pid) };
  }

  async #ownerOf(pid: number): Promise<PortOwner | null> {
    for (const { lease, set } of this.#children.values()) {
      const members = await set.refresh(sweepDelayMs);
      if (members.some((member) => member.pid === pid)) {
        return { kind: lease.kind, name: lease.name, workspace: lease.workspace };
      }
    }
    return null;
  }

  /** Ends everything owned, each with its own grace, all at once, and lets the guardian go. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#starting);
    await Promise.all([
      ...[...this.#children.values()].map((child) =>
        child.stop({ graceMs: Math.min(child.lease.graceMs, closeGraceMs) }),
      ),
      this.#holds.release(),
    ]);
    this.#usage.stop();
    this.#cancelSweep?.();
    // What could not be ended keeps its lease, for the next start; the guardian could do no more than we did.
    const clean = this.#children.size === 0 && this.#holds.size === 0;
    await this.#farewells;
    await this.#guardian.dismiss();
    if (clean) this.#try("forgetting the run", () => this.#store.removeRun(this.#identity.runId));
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
      ...this.#identity.owner,
      marker,
      ports: request.ports,
      stopSignal,
      graceMs: request.graceMs,
      startedAt: this.#clock.now(),
    };
    // The marker is in its environment already, so a full disk costs us nothing but the second way of finding it.
    this.#try("writing the lease", () => this.#store.writeLease(lease));
    const ours = this.#identity;
    const owned = new OwnedChild({
      lease,
      child,
      set: new ProcessSet({
        source: this.#source,
        seeds: [lease],
        carries: ({ homeId, runId, leaseId }) => leaseId === id && runId === ours.runId && homeId === ours.homeId,
        since: lease.startOrder,
        exclude: () => this.#guardian.pids,
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

  /**
   * One start in each turn of the event loop: twenty services at once must not hold up everything else for 100 ms. The first of
   * them does not wait.
   */
  #nextTurn(): Promise<void> {
    const turn = this.#turns;
    this.#turns = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return turn;
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

  #letGuardianGo(): void {
    if (this.#children.size > 0 || this.#holds.size > 0 || this.#starting.size > 0) return;
    this.#farewells = Promise.all([this.#farewells, this.#guardian.dismiss()]).then(() => undefined);
  }

  #recordRun(): void {
    const current = this.#guardian.current;
    const guardian = current === null ? null : { pid: current.pid, startTime: current.startTime };
    this.#try("recording the run", () =>
      this.#store.writeRun({ version: 1, runId: this.#identity.runId, ...this.#identity.owner, guardian }),
    );
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
