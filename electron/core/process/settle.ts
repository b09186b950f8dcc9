import { type Clock, sleep } from "../lib/clock.ts";
import { releaseHold } from "./guardian-duty.ts";
import { isHold, type Lease, type ProcessLease } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";
import { parseMarker } from "./marker.ts";
import { ProcessSet } from "./process-set.ts";
import type { ProcessSource } from "./process-table.ts";
import type { RunRecord } from "./run-record.ts";
import { signalProcess } from "./signals.ts";
import { stopSet } from "./stop.ts";

/** What was found of earlier runs, and what became of it. */
export interface SettleReport {
  /** Leases whose processes (or hold) were ended now, or were gone already. */
  readonly ended: readonly string[];
  /** Leases of an earlier start of the machine: their pids mean nothing any more. */
  readonly dropped: readonly string[];
  /** Files that are no leases, set aside. */
  readonly quarantined: readonly { readonly name: string; readonly why: string }[];
  /** What could not be ended. Its lease stays, and the next start tries again. */
  readonly survivors: readonly { readonly pid: number; readonly command: string }[];
  /** Leases of another host of this home that is alive; left alone. */
  readonly foreign: readonly string[];
}

export interface SettleOptions {
  readonly store: LeaseStore;
  readonly source: ProcessSource;
  readonly clock: Clock;
  readonly homeId: string;
  /** The run of the host that settles. */
  readonly runId: string;
}

/** Nobody waits for what an earlier run left to end politely, but a database gets the time to close its files. In ms. */
const maxGraceMs = 5_000;
/** A guardian of a dead host is at work; it needs at most this long. In ms. */
const guardianMs = 10_000;

/** Ends what earlier runs of this home left. Touches nothing else: pids only with their start time, the rest by marker. */
export async function settleLeases(options: SettleOptions): Promise<SettleReport> {
  const { store, source, clock } = options;
  const before = store.readAll(true);
  const otherRuns = before.runs.filter(({ runId }) => runId !== options.runId);
  const living = new Set(otherRuns.filter((run) => isAlive(run, source)).map(({ runId }) => runId));
  const deadRuns = otherRuns.filter(({ runId }) => !living.has(runId));
  await Promise.all(deadRuns.map((run) => waitForGuardian(run, source, clock)));

  const { leases } = store.readAll(true);
  const foreign: string[] = [];
  const dropped: string[] = [];
  const left: ProcessLease[] = [];
  const holds: Promise<{ id: string; ok: boolean }>[] = [];
  for (const lease of leases) {
    const runId = parseMarker(lease.marker)?.runId ?? "";
    if (runId === options.runId) continue;
    if (living.has(runId) || ownerLives(lease, source)) {
      living.add(runId);
      foreign.push(lease.id);
    } else if (isHold(lease)) {
      // Containers may come back with the machine, so these are released whatever the boot.
      holds.push(releaseHold(lease, store, clock).then((ok) => ({ id: lease.id, ok })));
    } else if (lease.bootId !== source.bootId) {
      store.removeLease(lease.id);
      dropped.push(lease.id);
    } else left.push(lease);
  }

  const report = await stopLeft(left, living, options);
  const ended: string[] = [];
  if (report.empty) {
    for (const { id } of left) {
      store.removeLease(id);
      ended.push(id);
    }
  }
  for (const { id, ok } of await Promise.all(holds)) if (ok) ended.push(id);
  for (const { runId } of deadRuns) if (report.empty) store.removeRun(runId);
  return { ended, dropped, quarantined: before.quarantined, survivors: report.survivors, foreign };
}

/** One stop for all: by lease where the process is still the one on record, and by marker of this home's dead runs. */
function stopLeft(left: readonly ProcessLease[], living: ReadonlySet<string>, options: SettleOptions) {
  const { source, clock, homeId, runId: ownRun } = options;
  const signals = new Map(left.map((lease) => [lease.pid, lease.stopSignal]));
  const grace = Math.min(maxGraceMs, Math.max(1_000, ...left.map((lease) => lease.graceMs)));
  const deadline = clock.monotonic() + grace;
  return stopSet({
    source,
    clock,
    set: new ProcessSet({
      source,
      seeds: left,
      carries: (marker) => marker.homeId === homeId && marker.runId !== ownRun && !living.has(marker.runId),
      since: 0,
      exclude: () => new Set(),
    }),
    signalFor: (entry) => signals.get(entry.pgid) ?? "SIGTERM",
    deadline: () => deadline,
  });
}

function isAlive(run: RunRecord, source: ProcessSource): boolean {
  return run.bootId === source.bootId && isProcess(run.ownerPid, run.ownerStartTime, source);
}

function ownerLives(lease: Lease, source: ProcessSource): boolean {
  return lease.bootId === source.bootId && isProcess(lease.ownerPid, lease.ownerStartTime, source);
}

function isProcess(pid: number, startTime: string, source: ProcessSource): boolean {
  const entry = source.read(pid);
  return entry !== null && !entry.dead && entry.startTime === startTime;
}

/**
 * Two cleaners at once would be harmless for processes, but a container release of the old run must not hit what we start
 * next. A guardian that does not finish in time is ended; we do its work.
 */
async function waitForGuardian(run: RunRecord, source: ProcessSource, clock: Clock): Promise<void> {
  const { guardian } = run;
  if (guardian === null || run.bootId !== source.bootId) return;
  const end = clock.monotonic() + guardianMs;
  for (;;) {
    const entry = source.read(guardian.pid);
    if (entry === null || entry.dead || entry.startTime !== guardian.startTime) return;
    if (clock.monotonic() >= end) {
      signalProcess(source, entry, "SIGKILL");
      return;
    }
    await sleep(clock, 25);
  }
}
