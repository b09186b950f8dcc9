/**
 * How fast a program's output goes into the log, beside a bare Node program that pipes the same output into one file. Ours is
 * the whole way: the keeper's child, its pipe, lines, sanitizing, redaction, the ring, rotating files. The program is `cat` of a
 * file of lines of 100 bytes, so that nothing but the reader is measured. Each run has a process of its own; the two take
 * turns.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, openSync, closeSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { createLogBook } from "../../electron/core/log/book.ts";
import { createProcessKeeper } from "../../electron/core/process/keeper.ts";
import { median, printFigure, quantile, round, say, summarize } from "./figures.ts";
import { builtGuardian } from "./machine.ts";

const BENCH = "log-intake";
const LINES = 3_000_000;
const LINE_BYTES = 100;
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 7);
const MEGABYTE = 1_000_000;
const MEGABYTES = (LINES * LINE_BYTES) / MEGABYTE;
const MIN_RATIO = 0.75;
const MAX_LAG_MS = 20;
/** Between two looks at the event loop. */
const LOOK_MS = 2;

/** What one run in a process of its own tells on its last line. */
interface Run extends Counts {
  readonly ms: number;
  /** Processor time of the reading process, all its threads and the kernel for it, in ms: other load does not show in it. */
  readonly cpuMs: number;
  /** How late the event loop was, p99, in ms; a machine that has no core for it counts too. */
  readonly lagMs: number;
  readonly rssMegabytes: number;
  readonly grownMegabytes: number;
}

/** Begins to measure; the function returned ends it. Each late look stands for all that would have been taken meanwhile. */
function measureLag(): () => number[] {
  const lags: number[] = [];
  let at = performance.now();
  const look = () => {
    const now = performance.now();
    for (let late = Math.max(0, now - at - LOOK_MS); late >= 0; late -= LOOK_MS) lags.push(late);
    at = now;
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return lags;
  };
}

interface Counts {
  readonly lines: number;
  /** Those the files are missing. */
  readonly dropped: number;
}

/** @param work Resolves when all is written, with what counts afterwards. */
async function measured(work: () => Promise<() => Promise<Counts>>): Promise<Run> {
  const lag = measureLag();
  const before = process.memoryUsage.rss();
  let rss = before;
  const look = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 20);
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const count = await work();
  const ms = performance.now() - began;
  const cpu = process.cpuUsage(cpuBefore);
  clearInterval(look);
  const lags = lag();
  return {
    ms,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    lagMs: quantile(lags, 0.99),
    rssMegabytes: rss / MEGABYTE,
    grownMegabytes: (rss - before) / MEGABYTE,
    ...(await count()),
  };
}

/** The twenty lines everybody would write. */
async function pipeToFile(input: string, folder: string): Promise<() => Promise<Counts>> {
  const child = spawn("cat", [input], { stdio: ["ignore", "pipe", "inherit"] });
  const file = createWriteStream(join(folder, "out.log"));
  child.stdout.pipe(file);
  await once(file, "finish");
  if (file.bytesWritten !== LINES * LINE_BYTES) throw new Error(`only ${file.bytesWritten} bytes arrived`);
  return () => Promise.resolve({ lines: LINES, dropped: 0 });
}

async function intoTheLog(
  input: string,
  folder: string,
  viewer: boolean,
): Promise<() => ReturnType<typeof pipeToFile>> {
  const scope = new Scope(BENCH, silentLogger);
  const keeper = createProcessKeeper({
    home: folder,
    runId: "bench",
    clock: systemClock,
    logger: silentLogger,
    guardianPath: builtGuardian,
    scope,
  });
  const trouble: string[] = [];
  const book = createLogBook({
    folder: join(folder, "logs"),
    clock: systemClock,
    logger: silentLogger,
    onTrouble: ({ message }) => trouble.push(message),
  });
  // As many as a workspace has: the server's password, and some from its environment.
  for (let index = 0; index < 20; index += 1) book.addSecret(`secret-${index}-0123456789abcdef0123456789abcdef`);
  let seen = 0;
  if (viewer) book.follow({ after: 0, limit: 0 }, () => (seen += 1));
  const child = async (argv: [string, ...string[]]) => {
    const owned = await keeper.spawn({
      kind: "service",
      name: "cat",
      workspace: "wsp_0000000000000000",
      argv,
      cwd: folder,
      env: {},
      graceMs: 1_000,
      ports: [],
      onLines: (stream, bytes, cut) => book.appendLines("cat", { stream, bytes, generation: 1, cut }),
    });
    await owned.exited;
    await owned.drained;
  };
  // The guardian is a process that starts with the first child; it lives as long as anything does, and is none of the intake.
  await child(["true"]);
  return async () => {
    await child(["cat", input]);
    await book.flush();
    return async () => {
      const { lastSeq } = await book.read({ after: 0, from: "end", limit: 1 });
      const missing = await book.read({ after: 0, from: "start", limit: 1_000, grep: /^\d+ lines are missing here/ });
      const notes = missing.lines.filter((line) => line.stream === "note");
      const dropped = notes.reduce((sum, line) => sum + Number.parseInt(line.text, 10), 0);
      if (trouble.length > 0) throw new Error(trouble[0]);
      if (viewer && seen !== LINES) throw new Error(`the viewer saw ${seen} lines`);
      await book.close();
      await scope.close();
      return { lines: lastSeq ?? 0, dropped };
    };
  };
}

async function inChild(mode: string, input: string, folder: string): Promise<Run> {
  if (mode === "bare") return measured(() => pipeToFile(input, folder));
  const run = await intoTheLog(input, folder, mode === "viewer");
  return measured(run);
}

async function inProcessOfItsOwn(mode: string, input: string, top: string): Promise<Run> {
  const folder = mkdtempSync(join(top, `${mode}-`));
  const child = spawn(process.execPath, [process.argv[1] ?? "", mode, input, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told += text));
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the run "${mode}" ended with ${code}`);
  return JSON.parse(told) as Run;
}

function writeInput(path: string): void {
  const file = openSync(path, "w");
  for (let number = 1; number <= LINES;) {
    let text = "";
    const end = Math.min(LINES, number + 9_999);
    for (; number <= end; number += 1) {
      const line = `${number} GET /api/items/${number % 977} 200 in ${number % 43} ms, request ${(number * 7_919) % 1_000_003}`;
      text += `${line.padEnd(LINE_BYTES - 1, ".")}\n`;
    }
    writeSync(file, text);
  }
  closeSync(file);
}

async function compare(): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), "deckhand-bench-"));
  try {
    const input = join(top, "input");
    writeInput(input);
    const runs: Record<"bare" | "ours" | "viewer", Run[]> = { bare: [], ours: [], viewer: [] };
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      for (const mode of ["bare", "ours", "viewer"] as const)
        runs[mode].push(await inProcessOfItsOwn(mode, input, top));
      say(`${BENCH}: round ${turn + 1} of ${ROUNDS}`);
    }
    const speed = (run: Run) => MEGABYTES / (run.ms / 1_000);
    const names = {
      bare: "bare Node pipe to a file",
      ours: "into the log",
      viewer: "into the log, a viewer following",
    };
    for (const mode of ["bare", "ours", "viewer"] as const) {
      printFigure({
        bench: BENCH,
        name: names[mode],
        unit: "MB/s",
        ...summarize(runs[mode].map(speed)),
        linesPerSecond: Math.round(median(runs[mode].map((run) => LINES / (run.ms / 1_000)))),
        cpuMsPerMegabyte: round(median(runs[mode].map((run) => run.cpuMs / MEGABYTES)), 2),
        loopLagP99Ms: round(median(runs[mode].map((run) => run.lagMs)), 1),
        rssMegabytes: Math.round(median(runs[mode].map((run) => run.rssMegabytes))),
        rssGrownMegabytes: Math.round(median(runs[mode].map((run) => run.grownMegabytes))),
        lines: Math.min(...runs[mode].map((run) => run.lines)),
        droppedLines: Math.max(...runs[mode].map((run) => run.dropped)),
      });
    }
    // Round by round, so that both had the same machine.
    const ratios = runs.ours.map((run, turn) => (runs.bare[turn]?.ms ?? Number.NaN) / run.ms);
    const lags = runs.ours.map((run) => run.lagMs);
    printFigure({
      bench: BENCH,
      name: "into the log / bare",
      unit: "ratio",
      ...summarize(ratios, 2),
      target: `>= ${MIN_RATIO}`,
      // Whoever loses lines is not quick.
      met: median(ratios) >= MIN_RATIO && runs.ours.every((run) => run.dropped === 0),
    });
    printFigure({
      bench: BENCH,
      name: "event loop lag p99",
      unit: "ms",
      ...summarize(lags, 1),
      target: `<= ${MAX_LAG_MS} ms`,
      met: median(lags) <= MAX_LAG_MS,
    });
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

const [mode, input, folder] = process.argv.slice(2);
if (mode === undefined || input === undefined || folder === undefined) await compare();
else process.stdout.write(JSON.stringify(await inChild(mode, input, folder)));
