/** The eight things that hold whatever goes wrong. Each check answers what it found against them, for people. */
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { join, relative } from "node:path";
import Libsql from "libsql";
import { parseLease } from "../../electron/core/process/lease.ts";
import { homeIdOf, parseMarker } from "../../electron/core/process/marker.ts";
import { parseRun } from "../../electron/core/process/run-record.ts";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import type { Show, Stage } from "./fault-stage.ts";
import { collectGarbage } from "./garbage.ts";
import { delayPercentile99, type LoopDelays } from "./loop-delay.ts";

const source = systemProcesses();

/** I6: beyond this a window stutters. In ms. */
const LOOP_P99_MS = 50;
/** I6: of fewer looks a 99th percentile is only the longest one. */
const PERCENTILE_LOOKS = 100;
/** I6: no single one of few looks is later than this. In ms. */
const LOOP_WORST_MS = 250;
/** I7: what is shown may be this far behind, in ms. */
const SHOWN_BEHIND_MS = 2_000;
/** What ends with the stage is gone by then; also the time that sockets and pipes get to close. */
const SETTLE_MS = 3_000;
/** I8: what the runner itself, its coverage and the code cache may add over a case. In bytes. */
const KEPT_FLOOR = 12 * 1024 * 1024;
/** The same with what the allocators hold back. */
const RESIDENT_FLOOR = 128 * 1024 * 1024;

/** Repeats a check that may need a moment; answers its last findings. */
/** What a check finds, once it finds nothing or `ms` have passed. */
export async function settled(ms: number, check: () => Promise<string[]> | string[]): Promise<string[]> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await check();
    if (found.length === 0 || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Every living process that carries the marker of the stage's home, with the lease it names. */
async function marked(stage: Stage): Promise<{ pid: number; leaseId: string }[]> {
  const homeId = homeIdOf(stage.home);
  const table = await source.snapshot();
  return [...table.entries.keys()].flatMap((pid) => {
    const marker = parseMarker(table.marker(pid) ?? "");
    return marker?.homeId === homeId ? [{ pid, leaseId: marker.leaseId }] : [];
  });
}

/** I1 while the stage is up. */
export function unownedProcesses(stage: Stage): Promise<string[]> {
  return settled(SETTLE_MS, async () => {
    const owned = new Set(stage.starts.map(({ process }) => process.id));
    for (const name of namesIn(join(stage.home, "leases"))) owned.add(name.replace(/\.json$/, ""));
    return (await marked(stage))
      .filter(({ leaseId }) => !owned.has(leaseId))
      .map(
        ({ pid, leaseId }) => `I1 pid ${pid} (${source.command(pid)}) carries the lease ${leaseId}, which nobody holds`,
      );
  });
}

/** I1 at the end. */
export function remainingProcesses(stage: Stage): Promise<string[]> {
  return settled(SETTLE_MS, async () =>
    (await marked(stage)).map(({ pid }) => `I1 pid ${pid} (${source.command(pid)}) outlived the stage`),
  );
}

/** Ends what a failed round left, so that the next one starts clean. Only what carries the marker of this very home. */
export async function endRemaining(stage: Stage): Promise<void> {
  for (const { pid } of await marked(stage)) if (source.read(pid)?.dead === false) process.kill(pid, "SIGKILL");
}

/** I3 at the end. @param ms How long they are waited for. */
export function missingExits(stage: Stage, ms = SETTLE_MS): Promise<string[]> {
  return settled(ms, () =>
    stage.starts
      .filter(({ exits }) => exits.length !== 1)
      .map(({ name, process, exits }) => `I3 ${name} (pid ${process.pid}) has ${exits.length} exit records`),
  );
}

/** I4. What was set aside as damaged is damaged; everything else can be read. */
export function unreadableState(stage: Stage): string[] {
  return filesUnder(stage.home).flatMap((path) => {
    const name = relative(stage.home, path);
    if (stage.damaged.has(name) || /quarantine|damaged|^logs\//.test(name) || name.endsWith(".tmp")) return [];
    const problem = stateProblem(path, name);
    return problem === null ? [] : [`I4 ${name} cannot be read: ${problem}`];
  });
}

function stateProblem(path: string, name: string): string | null {
  try {
    const text = () => readFileSync(path, "utf8");
    if (name.startsWith("leases/") && name.endsWith(".json")) return invalid(parseLease(text()));
    if (name.endsWith(".run")) return invalid(parseRun(text()));
    if (name.endsWith(".json")) JSON.parse(text());
    if (name.endsWith(".db")) return databaseProblem(path);
    return null;
  } catch (error) {
    // It went away between the listing and the look.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    return String(error);
  }
}

function invalid(parsed: object): string | null {
  return "invalid" in parsed ? String(parsed.invalid) : null;
}

function databaseProblem(path: string): string | null {
  const database = new Libsql(path, { readonly: true });
  try {
    const [row] = database.prepare("PRAGMA quick_check").all() as Record<string, string>[];
    const answer = row === undefined ? "no answer" : Object.values(row)[0];
    return answer === "ok" ? null : String(answer);
  } finally {
    database.close();
    // The library keeps the file open until the statement is collected.
    collectGarbage();
  }
}

/** I5 while the stage is up: command lines and everything handed out. */
export function leakedSecrets(stage: Stage): string[] {
  const secrets = formsOf(stage);
  const found: string[] = [];
  const look = (what: string, text: string) => {
    if (secrets.some((secret) => text.includes(secret))) found.push(`I5 a secret stands in ${what}`);
  };
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      look(`the command line of pid ${name}`, readFileSync(`/proc/${name}/cmdline`, "latin1"));
    } catch {
      // It ended while it was looked at.
    }
  }
  for (const { what, text } of stage.collected) look(what, text);
  for (const { message, fields } of stage.records)
    look(`the log record "${message}"`, JSON.stringify([message, fields]));
  for (const line of stage.lines) look(`line ${line.seq} of the log of ${line.source}`, line.text);
  return found;
}

/** I5 in the files of the home. */
export function secretsInFiles(stage: Stage): string[] {
  const secrets = formsOf(stage).map((text) => Buffer.from(text));
  return filesUnder(stage.home)
    .filter((path) => fileContains(path, secrets))
    .map((path) => `I5 a secret stands in the file ${relative(stage.home, path)}`);
}

/** As they are, and as the header of a request carries them. */
function formsOf(stage: Stage): string[] {
  return [stage.canary, stage.password].flatMap((secret) => [
    secret,
    Buffer.from(`opencode:${secret}`).toString("base64"),
    Buffer.from(secret).toString("base64").replaceAll("=", ""),
  ]);
}

function fileContains(path: string, needles: readonly Buffer[]): boolean {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return false; // Gone meanwhile.
  }
  try {
    const overlap = Math.max(...needles.map((needle) => needle.length));
    const piece = Buffer.alloc(Math.min(1 << 20, Math.max(lstatSync(path).size, 1)) + overlap);
    let kept = 0;
    for (;;) {
      const read = readSync(file, piece, kept, piece.length - kept, null);
      const view = piece.subarray(0, kept + read);
      if (needles.some((needle) => view.includes(needle))) return true;
      if (read === 0) return false;
      kept = Math.min(overlap, view.length);
      view.copy(piece, 0, view.length - kept);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * I6, over the looks of all rounds of a case together. Of at least a hundred looks the 99th percentile is below 50 ms; of fewer
 * at most one is later than that, and none later than 250 ms. The wait for a core, which the kernel counts, ours and that of a
 * child that `spawn` waits for, is taken off each look; how late a thread was that did nothing is told, and forgives nothing.
 */
export function slowLoop({ ours, raw, control }: LoopDelays): string[] {
  const late = ours.filter((ms) => ms >= LOOP_P99_MS);
  const worst = late.reduce((most, ms) => Math.max(most, ms), 0);
  const p99 = delayPercentile99(ours);
  const isSlow = ours.length >= PERCENTILE_LOOKS ? p99 >= LOOP_P99_MS : late.length > 1 || worst > LOOP_WORST_MS;
  if (!isSlow) return [];
  const text = (ms: number) => `${Math.round(ms)} ms`;
  return [
    `I6 the main loop was late by ${LOOP_P99_MS} ms or more in ${late.length} of ${ours.length} looks (p99 ${text(p99)}, ` +
      `worst ${text(worst)}; p99 with the wait for a core ${text(delayPercentile99(raw))}, of a thread that did nothing ` +
      `${text(delayPercentile99(control))})`,
  ];
}

/** I7. */
export function untrueShows(stage: Stage): Promise<string[]> {
  return settled(SHOWN_BEHIND_MS, () => stage.shows.flatMap((show) => untruth(stage, show) ?? []));
}

function untruth(stage: Stage, { look, name }: Show): string | null {
  const shown = look();
  const alive = stage.starts
    .filter((start) => (name === null || start.name === name) && start.exits.length === 0)
    .filter((start) => source.read(start.process.pid)?.dead === false)
    .map((start) => start.process.pid);
  const text = `I7 shown as ${shown.up ? `up with pid ${shown.pid}` : "down"}, in truth ${alive.join(", ") || "nothing"} runs`;
  if (!shown.up) return alive.length === 0 && shown.pid === null ? null : text;
  return shown.pid !== null && alive.includes(shown.pid) ? null : text;
}

/** I8: the descriptors that are open here, each with what it leads to. */
export function openDescriptors(): Map<string, string> {
  const open = new Map<string, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      open.set(name, readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The listing's own: it is closed by now.
    }
  }
  return open;
}

/** I8: exactly as many as before. A library may have closed one and opened another meanwhile, so they are counted. */
export function moreDescriptors(before: ReadonlyMap<string, string>, ms = SETTLE_MS): Promise<string[]> {
  return settled(ms, () => {
    const now = openDescriptors();
    if (now.size <= before.size) return [];
    const added = [...now].filter(([name, target]) => before.get(name) !== target).map(([, target]) => target);
    return [`I8 ${now.size - before.size} more descriptors than before: ${added.join(", ")}`];
  });
}

/** A process after a full collection, in bytes. */
export interface Memory {
  /** What is still referred to: objects and the buffers outside of the heap. */
  readonly kept: number;
  /** With all that the allocators hold back, which on a busy machine is a matter of chance. */
  readonly resident: number;
}

/** I8, over the rounds of a case: at most 5 % more, or what the runner itself may add. */
export function moreMemory(before: Memory, after: Memory): string[] {
  return [
    ...grown("memory that is referred to", before.kept, after.kept, KEPT_FLOOR),
    ...grown("memory", before.resident, after.resident, RESIDENT_FLOOR),
  ];
}

function grown(what: string, before: number, after: number, floor: number): string[] {
  const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
  if (after <= Math.max(before * 1.05, before + floor)) return [];
  return [`I8 ${what} grew from ${megabytes(before)} MB to ${megabytes(after)} MB`];
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was started yet.
  }
}
