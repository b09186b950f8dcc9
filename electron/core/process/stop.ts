import { constants } from "node:os";
import { type Clock, sleep } from "../lib/clock.ts";
import type { StopReport } from "./owned.ts";
import type { ProcessSet } from "./process-set.ts";
import type { ProcessEntry, ProcessSource } from "./process-table.ts";
import { signalGroup, signalProcess } from "./signals.ts";

export interface StopRequest {
  readonly source: ProcessSource;
  readonly clock: Clock;
  readonly set: ProcessSet;
  /** The first signal for a member. */
  readonly signalFor: (entry: ProcessEntry) => NodeJS.Signals;
  /** In monotonic ms: when SIGKILL is due. Read again at each look, so that a caller in more of a hurry can lower it. */
  readonly deadline: () => number;
  /** Until then the first signal is sent again this often, in ms, to who got it and still lives. Default: sent once. */
  readonly repeatAfterMs?: number | undefined;
  /** Tried once on what is left after all rounds, just before it is reported. */
  readonly lastPass?: (pid: number) => Promise<void>;
}

/** SIGKILL cannot be ignored: after three rounds what is left forks faster than we look, or hangs in the kernel. */
const killRounds = 3;
/** One round's wait for the kernel to carry out SIGKILL; it takes a few ms unless the machine is overloaded. */
const killRoundMs = 600;
/** Polls begin this close together and grow to `pollMaxMs`: most programs end within a few ms of their signal. */
const pollMinMs = 10;
const pollMaxMs = 100;

/**
 * Ends a whole set: first signal (to groups, then to single members), SIGCONT so that stopped members can receive it, a
 * wait for every member (not only the first), SIGKILL for who is left, and a second empty look before it calls it empty.
 */
export async function stopSet(request: StopRequest): Promise<StopReport> {
  const { source, clock, set } = request;
  const signalled = new Set<number>();
  const askedGroups = new Set<number>();
  // It has ended by itself and left nobody: that is the case of every crash and every task.
  if (await set.isEmpty()) return { empty: true, survivors: [], killed: false };
  const asked = set.members;
  ask(request, asked, signalled, askedGroups);
  // Who was forked outside the signalled groups between the look and the signal. What a group starts in answer to the
  // signal (a clean-up program) is left alone.
  ask(request, await set.refresh(), signalled, askedGroups);
  for (const member of set.members) signalProcess(source, member, "SIGCONT");

  const { repeatAfterMs = Infinity } = request;
  let repeatAt = clock.monotonic() + repeatAfterMs;
  let wait = pollMinMs;
  while (clock.monotonic() < request.deadline()) {
    if (await set.isEmpty(pollMinMs)) return { empty: true, survivors: [], killed: false };
    if (isWaitInVain(request)) break;
    if (clock.monotonic() >= repeatAt) {
      askAgain(request, asked);
      repeatAt = clock.monotonic() + repeatAfterMs;
    }
    await sleep(clock, Math.max(1, Math.min(wait, Math.min(repeatAt, request.deadline()) - clock.monotonic())));
    wait = Math.min(pollMaxMs, wait * 1.5);
  }
  if (await set.isEmpty(pollMinMs)) return { empty: true, survivors: [], killed: false };

  for (let round = 0; round < killRounds; round += 1) {
    const end = clock.monotonic() + killRoundMs;
    for (wait = pollMinMs; ; wait = Math.min(pollMaxMs, wait * 1.5)) {
      kill(request);
      await sleep(clock, wait);
      if (await set.isEmpty(pollMinMs)) return { empty: true, survivors: [], killed: true };
      if (clock.monotonic() >= end) break;
    }
  }
  if (request.lastPass !== undefined) {
    for (const { pid, startTime } of set.members) {
      if (source.read(pid)?.startTime === startTime) await request.lastPass(pid);
    }
    await sleep(clock, pollMaxMs);
    if (await set.isEmpty(pollMinMs)) return { empty: true, survivors: [], killed: true };
  }
  const survivors = set.members.map(({ pid }) => ({ pid, command: source.command(pid) }));
  return { empty: survivors.length === 0, survivors, killed: true };
}

/**
 * Whoever is left ignores the signal, and nobody is left who would end it: the rest of the grace would pass for nothing. While the
 * process that was started lives it may be waiting for those, as a pool waits for its workers.
 */
function isWaitInVain({ set, signalFor }: StopRequest): boolean {
  if (!set.isOrphaned) return false;
  return set.members.every((entry) => ignores(entry, constants.signals[signalFor(entry)]));
}

/** Of signals above 31 nothing is known. */
function ignores({ ignoredSignals = 0 }: ProcessEntry, signal: number): boolean {
  return signal <= 31 && ((ignoredSignals >>> (signal - 1)) & 1) === 1;
}

function ask(
  { source, set, signalFor }: StopRequest,
  members: readonly ProcessEntry[],
  signalled: Set<number>,
  askedGroups: Set<number>,
): void {
  for (const member of members) {
    if (askedGroups.has(member.pgid) || !set.ownsGroup(member.pgid)) continue;
    if (signalGroup(source, member, signalFor(member)) === "sent") askedGroups.add(member.pgid);
  }
  for (const member of members) {
    if (signalled.has(member.pid) || askedGroups.has(member.pgid)) continue;
    if (signalProcess(source, member, signalFor(member)) === "sent") signalled.add(member.pid);
  }
}

/** One by one and not by group: what a group has started since, to clean up, is still left alone. */
function askAgain({ source, signalFor }: StopRequest, asked: readonly ProcessEntry[]): void {
  for (const member of asked) {
    if (signalProcess(source, member, signalFor(member)) === "sent") signalProcess(source, member, "SIGCONT");
  }
}

function kill({ source, set }: StopRequest): void {
  const groups = new Set<number>();
  for (const member of set.members) {
    if (groups.has(member.pgid) || !set.ownsGroup(member.pgid)) continue;
    if (signalGroup(source, member, "SIGKILL") === "sent") groups.add(member.pgid);
  }
  for (const member of set.members) {
    if (!groups.has(member.pgid)) signalProcess(source, member, "SIGKILL");
  }
}
