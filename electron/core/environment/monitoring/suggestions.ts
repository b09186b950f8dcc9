/** What the past of an environment suggests: pure, over what was seen. */
import type { AuditEntry } from "#shared/schema/host.ts";
import type { ServiceSample, Suggestion } from "#shared/schema/monitoring.ts";
import type { ProbeSpec, ServiceStatus } from "#shared/schema/service.ts";
import { formatDuration } from "../../lib/deadline.ts";

/** An edit of a file of the project, by whomever. */
export interface Edit {
  /** Relative to the folder. */
  readonly path: string;
  /** ms since 1970. */
  readonly at: number;
}

export interface Seen {
  readonly services: readonly ServiceStatus[];
  /** Of this environment, oldest first. */
  readonly audit: readonly AuditEntry[];
  readonly samples: (service: string) => readonly ServiceSample[];
  /** Oldest first. */
  readonly edits: readonly Edit[];
}

/** A crash this soon after an edit is about the edit. In ms. */
const AFTER_EDIT_MS = 15_000;
/** A dependent that fails this soon after what it needs said it was ready was let go too early. In ms. */
const TOO_EARLY_MS = 15_000;
/** Fewer times is chance. */
const OFTEN = 3;
/** A start that takes this long is worth a word where others wait for it. In ms. */
const SLOW_START_MS = 10_000;
/** Memory that grew by so much, and by half, since a process was ten minutes old. */
const GROWN_BYTES = 200 * 1_024 * 1_024;
const GROWN_FACTOR = 1.5;
const SETTLED_MS = 10 * 60_000;
const MEGABYTE = 1_024 * 1_024;
/** Shown at once: more is not read. */
const MAX_SUGGESTIONS = 10;

const failed: ReadonlySet<string> = new Set(["backoff", "failed", "crash_loop"]);

/** At most ten, the surest first. */
export function suggest(seen: Seen): Suggestion[] {
  const all = seen.services.flatMap((service) => [
    ...afterEdits(service, seen),
    ...letGoTooEarly(service, seen),
    ...slowStart(service, seen),
    ...growing(service, seen),
  ]);
  return all.slice(0, MAX_SUGGESTIONS);
}

/** It fails right after the same file was edited, again and again. */
function afterEdits({ name }: ServiceStatus, { audit, edits }: Seen): Suggestion[] {
  const times = new Map<string, number>();
  for (const crash of failuresOf(name, audit)) {
    const paths = new Set(edits.filter(({ at }) => at <= crash && crash - at <= AFTER_EDIT_MS).map(({ path }) => path));
    for (const path of paths) times.set(path, (times.get(path) ?? 0) + 1);
  }
  const [most] = [...times].sort((a, b) => b[1] - a[1]);
  if (most === undefined || most[1] < OFTEN) return [];
  return [
    {
      id: `edits:${name}:${most[0]}`,
      service: name,
      seen: `${most[1]} restarts of ${name} follow edits of ${most[0]}.`,
      advice: `Look at ${most[0]}, or let ${name} watch it, so that it is restarted on purpose.`,
    },
  ];
}

/** Those that need it fail shortly after it was ready, and run when they are tried again: its port opens before it works. */
function letGoTooEarly({ name, probe }: ServiceStatus, { services, audit }: Seen): Suggestion[] {
  if (isAsked(probe)) return [];
  const readyAt = timesOf(name, audit, (entry) => entry.to === "healthy" || entry.to === "running");
  const waits: number[] = [];
  for (const dependent of services.filter(({ dependsOn }) => dependsOn.includes(name))) {
    for (const crash of failuresOf(dependent.name, audit)) {
      const ready = readyAt.findLast((at) => at <= crash);
      const again = timesOf(dependent.name, audit, (entry) => entry.to === "running").find((at) => at > crash);
      if (ready !== undefined && crash - ready <= TOO_EARLY_MS && again !== undefined) waits.push(again - ready);
    }
  }
  if (waits.length < OFTEN) return [];
  return [
    {
      id: `early:${name}`,
      service: name,
      seen: `What needs ${name} failed ${waits.length} times within ${formatDuration(TOO_EARLY_MS)} of its start, and ran when it was tried again: ${name} is of use about ${formatDuration(middle(waits))} after it seems ready.`,
      advice: `Add a health check to ${name} that asks for what the others need.`,
    },
  ];
}

/** It is asked more than whether its port is open. */
function isAsked(probe: ProbeSpec | null): boolean {
  return probe !== null && probe.kind !== "tcp" && !(probe.kind === "compose" && !probe.healthcheck);
}

function slowStart({ name }: ServiceStatus, { services, audit }: Seen): Suggestion[] {
  const waiting = services.filter(({ dependsOn }) => dependsOn.includes(name)).length;
  const begun = timesOf(name, audit, (entry) => entry.to === "starting" || entry.to === "running");
  const took = timesOf(name, audit, (entry) => entry.to === "healthy").flatMap((at) => {
    const start = begun.findLast((one) => one <= at);
    return start === undefined ? [] : [at - start];
  });
  if (waiting === 0 || took.length < OFTEN || middle(took) < SLOW_START_MS) return [];
  return [
    {
      id: `slow:${name}`,
      service: name,
      seen: `${name} takes ${formatDuration(middle(took))} to get ready, and ${waiting === 1 ? "one service waits" : `${waiting} services wait`} for it.`,
      advice: "Where they only need it to be started, let them depend on `service_started`.",
    },
  ];
}

function growing({ name, uptimeMs }: ServiceStatus, { samples }: Seen): Suggestion[] {
  const read = samples(name).flatMap(({ at, memoryBytes }) =>
    memoryBytes === null ? [] : [{ at, bytes: memoryBytes }],
  );
  const last = read.at(-1);
  if (last === undefined || uptimeMs === null) return [];
  const bornAt = last.at - uptimeMs;
  const settled = read.find(({ at }) => at - bornAt >= SETTLED_MS);
  if (settled === undefined) return [];
  const grown = last.bytes - settled.bytes;
  if (grown < GROWN_BYTES || last.bytes < settled.bytes * GROWN_FACTOR) return [];
  const [from, to] = [settled.bytes, last.bytes].map((bytes) => Math.round(bytes / MEGABYTE));
  return [
    {
      id: `memory:${name}`,
      service: name,
      seen: `${name} grew from ${from} MB to ${to} MB in ${formatDuration(last.at - settled.at)}.`,
      advice: `Set a memory limit for ${name}, so that it is restarted before the machine slows down.`,
    },
  ];
}

function failuresOf(service: string, audit: readonly AuditEntry[]): number[] {
  return timesOf(service, audit, (entry) => entry.to !== null && failed.has(entry.to));
}

function timesOf(service: string, audit: readonly AuditEntry[], matches: (entry: AuditEntry) => boolean): number[] {
  return audit.filter((entry) => entry.service === service && matches(entry)).map(({ at }) => Date.parse(at));
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
