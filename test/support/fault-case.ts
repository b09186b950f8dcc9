/**
 * A case of the fault plan as a test. It is played as many times as DECKHAND_FAULT_ROUNDS says, each time on a fresh stage,
 * and after each time the eight invariants are checked: whatever the case asserts itself, these hold in all of them.
 *
 * - I1 No process with our marker lives unless somebody owns it; none at all at the end.
 * - I2 No innocent process was signalled.
 * - I3 Every start has exactly one exit record.
 * - I4 Every file of state can be read.
 * - I5 No secret stands in a file, a log, an answer or a command line.
 * - I6 The main loop is late by less than 50 ms (p99 of the looks of all rounds; of fewer than a hundred looks at most one is
 *   later, and none than 250 ms; the wait for a core is left out).
 * - I7 What is shown is the truth, at the latest 2 s later.
 * - I8 Descriptors and memory are back to where they were.
 */
import { appendFileSync } from "node:fs";
import { afterAll, beforeAll, test } from "vitest";
import { placeBystanders, type Bystanders } from "./bystanders.ts";
import {
  endRemaining,
  leakedSecrets,
  missingExits,
  moreDescriptors,
  type Memory,
  moreMemory,
  openDescriptors,
  remainingProcesses,
  secretsInFiles,
  settled,
  slowLoop,
  unownedProcesses,
  unreadableState,
  untrueShows,
} from "./fault-invariants.ts";
import { Stage } from "./fault-stage.ts";
import { collectGarbage } from "./garbage.ts";
import { bundleGuardian } from "./guardian-bundle.ts";
import { LoopControl, LoopDelayMeter } from "./loop-delay.ts";

export { Stage } from "./fault-stage.ts";

export interface FaultCaseOptions {
  /** For a case that has to wait for real time: it is played at most so many times. */
  readonly maxRounds?: number;
  /** Of one round; default 20 s. */
  readonly timeoutMs?: number;
  /** Why this machine cannot play it: a right or a program that is missing. Null: it can. */
  readonly skipBecause?: string | null;
}

const DEFAULT_TIMEOUT_MS = 20_000;
/** Memory is compared after so many rounds of warming up, and only if as many follow. */
const WARM_ROUNDS = 10;
const RELEASED_MS = 2_000;

const wantedRounds = Number(process.env["DECKHAND_FAULT_ROUNDS"] ?? 1);
/** Where build/faults.mjs reads how it went. */
const reportPath = process.env["DECKHAND_FAULT_REPORT"];
const firstSeed = Number(process.env["DECKHAND_FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** What the cases of one file share. Test files are modules of their own, so this is one per file. */
interface Scene {
  readonly guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  readonly bystanders: Bystanders;
  readonly control: LoopControl;
}
let scene: Scene | null = null;
let prepared = false;

function prepareFile(): void {
  if (prepared) return;
  prepared = true;
  beforeAll(async () => {
    scene = { guardian: await bundleGuardian(), bystanders: placeBystanders(), control: new LoopControl() };
    await warmUp(scene);
  });
  afterAll(async () => {
    await scene?.bystanders.end();
    await scene?.control.end();
    await scene?.guardian.remove();
  });
}

/** What Node opens at the first use of a kind (a watcher, a pool, a cache) must not count against the first case. */
async function warmUp({ guardian }: Scene): Promise<void> {
  const stage = new Stage({ round: 0, seed: 0, guardianPath: guardian.path });
  const child = await stage.keeper.spawn({
    kind: "task",
    name: "warm-up",
    workspace: "w",
    argv: ["true"],
    cwd: stage.root,
    env: {},
    graceMs: 1_000,
    ports: [],
    onLine: () => undefined,
  });
  await child.exited;
  stage.book.append("warm-up", { stream: "note", text: "warm", generation: 1, cut: false });
  await fetch("http://127.0.0.1:1/").catch(() => undefined);
  await stage.end();
  stage.remove();
}

/**
 * Registers one case of the fault plan.
 *
 * @param id As in the plan: `P06`.
 * @param run One round. It fails by throwing, like any test.
 */
export function faultCase(
  id: string,
  title: string,
  run: (stage: Stage) => Promise<void>,
  options: FaultCaseOptions = {},
): void {
  if (typeof options.skipBecause === "string") return notHere(`${id} ${title}`, id, options.skipBecause);
  prepareFile();
  const rounds = Math.max(1, Math.min(wantedRounds, options.maxRounds ?? Infinity));
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  test(`${id} ${title}`, { timeout: rounds * (timeoutMs + 10_000) + 30_000 }, async () => {
    if (scene === null) throw new Error("the file was not prepared");
    const began = performance.now();
    const loop = new LoopDelayMeter(scene.control);
    const meter = memoryMeter(rounds);
    let played = 0;
    let failed = true;
    try {
      for (let round = 0; round < rounds; round += 1) {
        played += 1;
        await playRound({ id, run, timeoutMs, round, rounds, seed: firstSeed + round, scene, loop });
        meter.afterRound(round);
      }
      report([...slowLoop(loop.delays), ...(await meter.judge())], `${id} over ${rounds} rounds`);
      failed = false;
    } finally {
      if (reportPath !== undefined) {
        const ms = Math.round(performance.now() - began);
        appendFileSync(reportPath, `${JSON.stringify({ id, title, rounds: played, ms, failed })}\n`);
      }
    }
  });
}

function notHere(name: string, id: string, reason: string): void {
  test.skip(`${name}: ${reason}`, () => undefined);
  if (reportPath !== undefined) appendFileSync(reportPath, `${JSON.stringify({ id, skipped: reason })}\n`);
}

/**
 * The variants of a case with their numbers: all of them where the case is played seldom, one after the other where it is
 * played at least as often as there are variants.
 */
export function variantsOf<Variant>(
  { round }: Stage,
  variants: readonly Variant[],
): readonly (readonly [index: number, variant: Variant])[] {
  const all = [...variants.entries()];
  return wantedRounds < variants.length ? all : all.slice(round % all.length, (round % all.length) + 1);
}

interface Round {
  readonly id: string;
  readonly run: (stage: Stage) => Promise<void>;
  readonly timeoutMs: number;
  readonly round: number;
  readonly rounds: number;
  readonly seed: number;
  readonly scene: Scene;
  readonly loop: LoopDelayMeter;
}

async function playRound(given: Round): Promise<void> {
  const { id, run, timeoutMs, round, rounds, seed, scene: file, loop } = given;
  const before = openDescriptors();
  const stage = new Stage({ round, seed, guardianPath: file.guardian.path });
  const problems: string[] = [];
  let thrown: unknown;
  loop.start();
  try {
    await withTimeout(run(stage), timeoutMs);
    loop.stop();
    problems.push(...(await untrueShows(stage)), ...(await unownedProcesses(stage)), ...leakedSecrets(stage));
    loop.start();
  } catch (error) {
    thrown = error ?? new Error("the case threw nothing");
  }
  problems.push(...(await stage.end()));
  loop.stop();
  problems.push(...(await remainingProcesses(stage)), ...(await missingExits(stage)), ...(await untrueShows(stage)));
  problems.push(...leakedSecrets(stage), ...unreadableState(stage), ...secretsInFiles(stage));
  problems.push(...(await moreDescriptors(before)), ...file.bystanders.harm().map((harm) => `I2 ${harm}`));
  await endRemaining(stage);
  stage.remove();
  const where = `${id} round ${round + 1} of ${rounds} (DECKHAND_FAULT_SEED=${seed})`;
  if (thrown === undefined) return report(problems, where);
  const also = [...problems, ...newestRecords(stage)].map((problem) => `\n  ${problem}`).join("");
  if (!(thrown instanceof Error)) throw new Error(`${where}: ${String(thrown)}${also}`);
  // Kept as it is, so that what a failed comparison shows is kept too.
  thrown.message = `${where}: ${thrown.message}${also}`;
  throw thrown;
}

function newestRecords(stage: Stage): string[] {
  const lines = stage.lines.slice(-8).map((line) => `${line.source} ${line.stream}: ${line.text.slice(0, 200)}`);
  const records = stage.records
    .slice(-8)
    .map(({ level, message, fields }) => `${level}: ${message} ${JSON.stringify(fields).slice(0, 200)}`);
  return [...lines, ...records];
}

function report(problems: readonly string[], where: string): void {
  if (problems.length > 0) throw new Error([`${where}:`, ...new Set(problems)].join("\n  "));
}

async function withTimeout(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the round took longer than ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Compares resident memory after the warm-up with memory at the end, garbage collected both times. */
function memoryMeter(rounds: number): { afterRound(round: number): void; judge(): Promise<string[]> } {
  let before: Memory | null = null;
  return {
    afterRound(round) {
      if (rounds >= 2 * WARM_ROUNDS && round === WARM_ROUNDS - 1) before = memoryNow();
    },
    async judge() {
      const first = before;
      // The allocators give back what was freed when they come to it.
      return first === null ? [] : settled(RELEASED_MS, () => moreMemory(first, memoryNow()));
    },
  };
}

function memoryNow(): Memory {
  collectGarbage();
  // V8 frees the buffers of what it collected beside us, on a busy machine later; the next collection waits for that.
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { kept: heapUsed + external, resident: rss };
}
