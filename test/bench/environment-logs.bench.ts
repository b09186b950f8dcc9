/**
 * Output of real services through the whole host. One that writes as fast as it can, until its last line can be read, beside a
 * bare Node program that pipes the same output into one file, and pm2. Then twenty that write 5,000 lines a second each, for
 * DECKHAND_BENCH_SECONDS (60): every line must be in the files, in order.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { segmentName, stemOf } from "../../electron/core/log/log-file.ts";
import { openStand, oursOf, type Ours, type Stand } from "./environment-stand.ts";
import { median, printFigure, round, summarize } from "./figures.ts";
import { pause } from "./machine.ts";
import { findPeers } from "./peers.ts";

const BENCH = "environment-logs";
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 5);
const SECONDS = Number(process.env["DECKHAND_BENCH_SECONDS"] ?? 60);
const LINES = 1_000_000;
const LINE_BYTES = 100;
const MEGABYTES = (LINES * LINE_BYTES) / 1e6;
const MIN_RATIO = 0.75;
const WRITERS = 20;
const LINES_PER_SECOND = 5_000;
/** Short enough that the files of a workspace hold a minute of all of them. */
const STEADY_TEXT = "GET /api/items 200";
const LOOK_MS = 10;
/** More than are kept of one source. */
const MAX_FILES = 10;
const WAIT_MS = 120_000;

async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await pause(LOOK_MS)) if (await look()) return;
  throw new Error(`waited ${WAIT_MS} ms in vain for ${what}`);
}

/** Waits for a file named `go` beside it, writes all there is, and lives on: nobody starts it a second time. */
function writerIn(folder: string, input: string): readonly [string, ...string[]] {
  rmSync(join(folder, "go"), { force: true });
  return ["/bin/sh", "-c", `while [ ! -e ${folder}/go ]; do sleep 0.01; done; cat ${input}; exec sleep 600`];
}

async function bareMs(input: string, folder: string): Promise<number> {
  const program = `
    const { spawn } = require("node:child_process");
    const { createWriteStream } = require("node:fs");
    spawn(process.argv[1], process.argv.slice(3), { stdio: ["ignore", "pipe", "inherit"] })
      .stdout.pipe(createWriteStream(process.argv[2]));
  `;
  const file = join(folder, "bare.log");
  const argv = writerIn(folder, input);
  const child = spawn(process.execPath, ["-e", program, argv[0], file, ...argv.slice(1)], {
    stdio: "ignore",
    detached: true,
  });
  try {
    await until("the bare pipe", () => existsSync(file));
    return await writingMs(folder, () => statSync(file).size >= LINES * LINE_BYTES);
  } finally {
    const ended = once(child, "exit");
    // Its group: the writer is in it.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
    rmSync(file, { force: true });
  }
}

async function writingMs(folder: string, isAllThere: () => boolean | Promise<boolean>): Promise<number> {
  const begun = performance.now();
  writeFileSync(join(folder, "go"), "");
  await until("the last line", isAllThere);
  return performance.now() - begun;
}

async function projectOf(stand: Stand, name: string, commands: ReadonlyMap<string, readonly string[]>): Promise<Ours> {
  const environment = { BENCH_SERVICE: stand.marker };
  const services = Object.fromEntries([...commands].map(([key, command]) => [key, { command, environment }]));
  const directory = join(stand.host.folder, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "deckhand.yaml"), JSON.stringify({ detect: false, services }));
  const { workspace } = await stand.host.openProject(name);
  return oursOf(stand.host, workspace);
}

async function oursMs(stand: Stand, project: Ours, folder: string): Promise<number> {
  rmSync(join(folder, "go"), { force: true });
  const { workspace } = project;
  const newest = async () =>
    (await stand.host.client.call("log.read", { workspace, sources: ["writer"], limit: 1 })).lines[0];
  const before = (await newest())?.seq ?? 0;
  await project.start();
  await project.until("the writer", (status) => status.phase === "ready");
  try {
    return await writingMs(folder, async () => {
      const line = await newest();
      return line !== undefined && line.seq > before && line.text.startsWith(`${LINES} `);
    });
  } finally {
    await project.stop();
  }
}

async function flatOut(stand: Stand): Promise<void> {
  const folder = join(stand.host.folder, "flat-out");
  mkdirSync(folder);
  const input = join(folder, "input");
  const file = createWriteStream(input);
  for (let number = 1; number <= LINES; number += 1)
    if (!file.write(`${`${number} GET /api/items 200 `.padEnd(LINE_BYTES - 1, ".")}\n`)) await once(file, "drain");
  file.end();
  await once(file, "finish");
  const argv = writerIn(folder, input);
  const project = await projectOf(stand, "writer", new Map([["writer", argv]]));
  const pm2 = findPeers().find((peer) => peer.name === "pm2");
  const pm2Ms = async () => {
    if (pm2 === undefined) return Number.NaN;
    rmSync(join(folder, "go"), { force: true });
    const home = join(folder, "pm2");
    const env = { PATH: process.env["PATH"] ?? "", BENCH_SERVICE: stand.marker };
    const managed = await pm2.start([{ argv, cwd: folder, env }], home, `${stand.marker}-logs`);
    const logs = join(home, "pm2", "logs");
    try {
      await until("pm2's log", () => existsSync(join(logs, "service0-out.log")));
      return await writingMs(folder, () => statSync(join(logs, "service0-out.log")).size >= LINES * LINE_BYTES);
    } finally {
      await managed.stop();
      await stand.endSurvivors();
      rmSync(home, { recursive: true, force: true });
    }
  };
  const runs = { bare: [] as number[], ours: [] as number[], pm2: [] as number[] };
  for (let index = -1; index < ROUNDS; index += 1) {
    const turn = {
      bare: await bareMs(input, folder),
      ours: await oursMs(stand, project, folder),
      pm2: await pm2Ms(),
    };
    if (index < 0) continue;
    for (const name of ["bare", "ours", "pm2"] as const) runs[name].push(turn[name]);
  }
  const speeds = (list: readonly number[]) => list.map((ms) => MEGABYTES / (ms / 1_000));
  const ratio = round(median(runs.bare) / median(runs.ours), 2);
  const overPm2 = round(median(runs.pm2) / median(runs.ours), 2);
  const print = (name: string, list: readonly number[], more: Record<string, unknown> = {}) =>
    printFigure({ bench: BENCH, name, unit: "MB/s", ...summarize(speeds(list)), ...more });
  print("bare Node pipe to a file", runs.bare);
  print("deckhand: one service flat out", runs.ours, {
    ratio,
    target: `>= ${MIN_RATIO} x bare, more than pm2`,
    met: ratio >= MIN_RATIO && (pm2 === undefined || overPm2 > 1),
    ...(pm2 === undefined ? {} : { timesPm2: overPm2 }),
  });
  if (pm2 !== undefined) print("pm2", runs.pm2);
}

const steady = `
const [folder, seconds, rate, text] = process.argv.slice(1);
const total = seconds * rate;
let written = 0;
const begun = performance.now();
const timer = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate));
  let lines = "";
  while (written < due) lines += "line " + (written += 1) + " " + text + "\\n";
  if (lines !== "") process.stdout.write(lines);
  if (written < total) return;
  clearInterval(timer);
  setInterval(() => {}, 60_000);
}, 20);
`;

async function twenty(stand: Stand): Promise<void> {
  const total = SECONDS * LINES_PER_SECOND;
  const words = [stand.host.folder, String(SECONDS), String(LINES_PER_SECOND), STEADY_TEXT];
  const names = Array.from({ length: WRITERS }, (_, index) => `steady${index}`);
  const commands = new Map(names.map((name) => [name, [process.execPath, "-e", steady, ...words]]));
  const project = await projectOf(stand, "steady", commands);
  const { workspace } = project;
  const begun = performance.now();
  await project.start();
  const waiting = new Set(names);
  const end = begun + SECONDS * 1_000 + WAIT_MS;
  while (waiting.size > 0 && performance.now() < end) {
    await pause(200);
    for (const name of waiting) {
      const page = await stand.host.client.call("log.read", { workspace, sources: [name], limit: 1 });
      if (page.lines[0]?.text.startsWith(`line ${total} `) === true) waiting.delete(name);
    }
  }
  const seconds = (performance.now() - begun) / 1_000;
  await project.stop();
  // Ended, it has written everything to its files.
  await pause(1_000);
  let lost = 0;
  for (const name of names) lost += total - (await linesInOrder(stand, workspace, name));
  printFigure({
    bench: BENCH,
    name: `deckhand: ${WRITERS} services, ${LINES_PER_SECOND} lines/s each`,
    seconds: SECONDS,
    tookSeconds: round(seconds, 1),
    lines: WRITERS * total,
    lost,
    unfinished: waiting.size,
    target: "no line lost",
    met: lost === 0 && waiting.size === 0,
  });
}

/** How many of the numbered lines are in the files of a source, each right after the one before. */
async function linesInOrder(stand: Stand, workspace: string, source: string): Promise<number> {
  const folder = join(stand.host.folder, "home", "logs", workspace);
  // Oldest first.
  const files = Array.from({ length: MAX_FILES }, (_, age) => segmentName(stemOf(source), age))
    .toReversed()
    .filter((file) => existsSync(join(folder, file)));
  let found = 0;
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      const number = Number(/line (\d+) /.exec(line)?.[1]);
      if (number === found + 1) found = number;
    }
  }
  return found;
}

const stand = await openStand();
try {
  await flatOut(stand);
  await twenty(stand);
} finally {
  await stand.close();
}
