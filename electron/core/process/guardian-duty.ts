import { spawn } from "node:child_process";
import { join } from "node:path";
import { removeFile } from "../lib/atomic-file.ts";
import { type Clock, sleep } from "../lib/clock.ts";
import { readRegular } from "../lib/regular-file.ts";
import { isHold, type HoldLease, type Lease, type ProcessLease, type ReleaseCommand } from "./lease.ts";
import { LeaseStore } from "./lease-store.ts";
import { parseMarker } from "./marker.ts";
import type { StopReport } from "./owned.ts";
import { ProcessSet } from "./process-set.ts";
import type { ProcessSource } from "./process-table.ts";
import { stopSet } from "./stop.ts";

/** What a guardian is started with. */
export interface GuardianOrders {
  readonly home: string;
  readonly homeId: string;
  readonly runId: string;
  readonly bootId: string;
  readonly ownerPid: number;
  readonly ownerStartTime: string;
  /** From the stop signal to SIGKILL, in ms. Default 2 s. */
  readonly graceMs?: number;
}

/** Shorter than a service's own: nobody is there to wait, and all must be gone within 8 s of the host's end. */
const graceMs = 2_000;
/** The kernel closes the pipe of a dying process a moment before the process is gone. */
const ownerEndMs = 1_000;
/** A host file is some hundred bytes. */
const hostFileBytes = 16_384;
/** `docker compose down` with its own grace; the processes do not wait for it. */
const releaseMs = 30_000;

/** Whether the owner is gone. False: it lives and closed the pipe for reasons of its own, so its children are its own. */
export async function ownerIsGone(orders: GuardianOrders, source: ProcessSource, clock: Clock): Promise<boolean> {
  const end = clock.monotonic() + ownerEndMs;
  for (;;) {
    const owner = source.read(orders.ownerPid);
    if (owner === null || owner.dead || owner.startTime !== orders.ownerStartTime) return true;
    if (clock.monotonic() >= end) return false;
    await sleep(clock, 20);
  }
}

/** Ends everything of one run, then forgets it: its processes by lease and by marker, its holds by their commands. */
export async function finishRun(orders: GuardianOrders, source: ProcessSource, clock: Clock): Promise<StopReport> {
  const store = new LeaseStore(orders.home);
  const { leases } = store.readAll(false);
  const mine = leases.filter((lease) => belongs(lease, orders));
  const releases = mine.filter(isHold).map((hold) => releaseHold(hold, store, clock));
  const report = await stopLeases(
    mine.filter((lease): lease is ProcessLease => !isHold(lease)),
    orders,
    source,
    clock,
  );
  if (report.empty) for (const lease of mine) if (!isHold(lease)) store.removeLease(lease.id);
  removeHostFile(orders);
  const released = await Promise.all(releases);
  if (report.empty && released.every(Boolean)) store.removeRun(orders.runId);
  return report;
}

function stopLeases(
  leases: readonly ProcessLease[],
  orders: GuardianOrders,
  source: ProcessSource,
  clock: Clock,
): Promise<StopReport> {
  const signals = new Map(leases.map((lease) => [lease.pid, lease.stopSignal]));
  const deadline = clock.monotonic() + (orders.graceMs ?? graceMs);
  return stopSet({
    source,
    clock,
    set: new ProcessSet({
      source,
      seeds: leases,
      carries: ({ homeId, runId }) => homeId === orders.homeId && runId === orders.runId,
      since: 0,
      exclude: () => new Set(),
    }),
    signalFor: (entry) => signals.get(entry.pgid) ?? "SIGTERM",
    deadline: () => deadline,
  });
}

function belongs(lease: Lease, orders: GuardianOrders): boolean {
  const marker = parseMarker(lease.marker);
  return marker?.homeId === orders.homeId && marker.runId === orders.runId && lease.bootId === orders.bootId;
}

/** Runs the command of a hold. Only when it succeeds is the hold forgotten, else the next start tries again. */
export async function releaseHold(hold: HoldLease, store: LeaseStore, clock: Clock): Promise<boolean> {
  const ok = await runRelease(hold.release, clock);
  if (ok) store.removeLease(hold.id);
  return ok;
}

/** True when it ended with 0 in time. Never rejects. */
export async function runRelease(release: ReleaseCommand, clock: Clock): Promise<boolean> {
  const [file, ...rest] = release.argv;
  const controller = new AbortController();
  const ended = new Promise<boolean>((resolve) => {
    try {
      const { cwd, env } = release;
      const child = spawn(file, rest, { cwd, env: { ...env }, stdio: "ignore", signal: controller.signal });
      child.once("error", () => resolve(false));
      child.once("exit", (code) => resolve(code === 0));
    } catch {
      // A command that cannot even be tried (a NUL in it): the hold stays on record.
      resolve(false);
    }
  });
  const waiting = new AbortController();
  const late = sleep(clock, releaseMs, waiting.signal).then(
    () => {
      controller.abort();
      return false;
    },
    () => false,
  );
  const ok = await Promise.race([ended, late]);
  waiting.abort();
  return ok;
}

/** `host.json` tells clients where the host listens. Removed only if it still names the dead one. */
function removeHostFile({ home, ownerPid }: GuardianOrders): void {
  const path = join(home, "host.json");
  const text = readRegular(path, hostFileBytes);
  if (typeof text !== "string") return;
  try {
    const host: unknown = JSON.parse(text);
    if (typeof host === "object" && host !== null && "pid" in host && host.pid === ownerPid) removeFile(path);
  } catch {
    // Damaged: then no client finds the dead host by it either.
  }
}
