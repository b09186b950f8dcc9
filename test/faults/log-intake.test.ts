/** L: what programs write, however much and in whatever form, arrives whole, in bounds, and as what it is. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createLogBook } from "../../electron/core/log/book.ts";
import type { BookLimits } from "../../electron/core/log/book.ts";
import type { LogBook } from "../../electron/core/log/types.ts";
import { lineCap } from "../../electron/core/process/lines.ts";
import { faultCase, type Stage } from "../support/fault-case.ts";

/** Set, L01 floods for so many seconds instead of a moment: `DECKHAND_FLOOD_SECONDS=60`. */
const floodSeconds = Number(process.env["DECKHAND_FLOOD_SECONDS"] ?? 0);
const CHILDREN = 4;
/** Of each child. */
const FLOOD_BYTES_PER_SECOND = 200_000_000;
const MAX_GROWTH_BYTES = 100_000_000;

/** A log whose lines nobody follows: a follower has each line made an object. */
function openBook(stage: Stage, name: string, limits: Partial<BookLimits> = {}): LogBook {
  const book = createLogBook({
    folder: join(stage.home, "logs", name),
    clock: stage.clock,
    logger: stage.logger,
    onTrouble: (failure) => stage.collect("trouble of the log", failure),
    limits,
  });
  stage.defer(() => book.close());
  book.addSecret(stage.canary);
  book.addSecret(stage.password);
  return book;
}

/**
 * Runs a Node program whose output goes into the book under `source`; resolves when it has ended and is read to the end, with
 * what it wrote to stderr.
 */
async function writeBy(stage: Stage, book: LogBook, source: string, code: string, ...args: string[]): Promise<string> {
  let errors = "";
  const owned = await stage.keeper.spawn({
    kind: "service",
    name: source,
    workspace: "wsp_0000000000000000",
    argv: [process.execPath, "-e", code, ...args],
    cwd: stage.root,
    env: {},
    graceMs: 300,
    ports: [],
    onLines: (stream, bytes, cut) => {
      const wait = book.appendLines(source, { stream, bytes, generation: 1, cut });
      if (stream === "stderr") errors += bytes.toString();
      return wait;
    },
  });
  await owned.exited;
  await owned.drained;
  return errors;
}

const missingPattern = /^(\d+) lines are missing here/;

/** What the files and the ring hold, and how many lines the notes between them say are missing. */
async function tally(
  book: LogBook,
  source: string,
): Promise<{ first: number; present: number; missing: number; last: number }> {
  let after = 0;
  let present = 0;
  let missing = 0;
  let first = 0;
  for (;;) {
    const { lines, lastSeq } = await book.read({ sources: [source], after, from: "start", limit: 5_000 });
    for (const line of lines) {
      first ||= line.seq;
      const lost = line.stream === "note" ? missingPattern.exec(line.text)?.[1] : undefined;
      if (lost === undefined) present += 1;
      else missing += Number(lost);
    }
    after = lines.at(-1)?.seq ?? after;
    if (lines.length === 0) return { first, present, missing, last: lastSeq ?? 0 };
  }
}

/** Writes as fast as it is let, at most at a rate, lines of 100 bytes; the last line says how many there were. */
const flood = `
const fs = require("node:fs");
const [seconds, rate] = process.argv.slice(1).map(Number);
const lines = 1000;
const block = Buffer.from(("x".repeat(99) + "\\n").repeat(lines));
const end = performance.now() + seconds * 1000;
const began = performance.now();
let sent = 0;
for (;;) {
  const now = performance.now();
  if (now >= end) break;
  if (sent * block.length > rate * (now - began) / 1000) { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); continue; }
  let written = 0;
  while (written < block.length) {
    try { written += fs.writeSync(1, block, written); }
    catch (error) { if (error.code !== "EAGAIN") throw error; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); }
  }
  sent += 1;
}
fs.writeSync(2, sent * lines + "\\n");
`;

faultCase(
  "L01",
  "four programs that flood the log at once are read at our speed; memory is bounded and every line accounted for",
  async (stage) => {
    // Files of a source each, large enough that nothing leaves them unless the flood is long.
    const book = openBook(stage, "flood", floodSeconds > 0 ? {} : { ringLines: 2_000, waitingBytes: 16_000_000 });
    const seconds = floodSeconds > 0 ? floodSeconds : 0.1;
    const before = process.memoryUsage.rss();
    let highest = before;
    const look = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
    const began = performance.now();
    const names = Array.from({ length: CHILDREN }, (_, index) => `flood ${index}`);
    const told = await Promise.all(
      names.map((name) => writeBy(stage, book, name, flood, String(seconds), String(FLOOD_BYTES_PER_SECOND))),
    );
    const ms = performance.now() - began;
    await book.flush();
    clearInterval(look);
    let total = 0;
    let dropped = 0;
    for (const [index, name] of names.entries()) {
      const { first, present, missing, last } = await tally(book, name);
      const sent = Number(told[index]);
      total += sent;
      dropped += missing;
      expect(sent).toBeGreaterThan(0);
      // Every number from the first on disk to the last belongs to a line that is there, or to one that is said to be missing, of
      // this source or of the three others, which share the sequence.
      expect(present).toBeGreaterThan(0);
      expect(last).toBeGreaterThanOrEqual(first + present - 1);
      if (floodSeconds === 0) expect(present + missing).toBe(sent + 1);
    }
    const lastOfAll = (await book.read({ after: 0, from: "end", limit: 1 })).lastSeq;
    expect(lastOfAll).toBe(total + CHILDREN);
    if (floodSeconds > 0) {
      const megabytes = Math.round((total * 100) / 1e6);
      const grown = Math.round((highest - before) / 1e6);
      process.stdout.write(
        `${JSON.stringify({ case: "L01", seconds, megabytes, megabytesPerSecond: Math.round(megabytes / (ms / 1e3)), grownMegabytes: grown, lines: total, droppedOfThoseStillOnDisk: dropped })}\n`,
      );
    }
    expect(highest - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
  floodSeconds > 0 ? { maxRounds: 1, timeoutMs: (floodSeconds + 120) * 1_000 } : {},
);

faultCase(
  "L02",
  "10,000 numbered lines over many rotations are all there, in order, and none is torn",
  async (stage) => {
    const book = openBook(stage, "rotation", { ringLines: 100, fileBytes: 40_000, files: 60 });
    const count = 10_000;
    const code = `
    let number = 0;
    const more = () => {
      let text = "";
      for (let end = Math.min(${count}, number + 137); number < end;) text += \`\${number += 1} \${"x".repeat(number % 90)}|\\n\`;
      if (text === "") return;
      if (process.stdout.write(text)) setImmediate(more); else process.stdout.once("drain", more);
    };
    more();`;
    await writeBy(stage, book, "web", code);
    await book.flush();
    const folder = join(stage.home, "logs", "rotation");
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(10);
    const numbers: number[] = [];
    const torn: string[] = [];
    for (const name of files) {
      await turn();
      const [, ...lines] = readFileSync(join(folder, name), "utf8").split("\n");
      expect(lines.pop()).toBe("");
      for (const line of lines) {
        // oxlint-disable-next-line no-control-regex
        const match = /^(?:\u001e[^\u001f]*\u001f)?(\d+) (x*)\|$/.exec(line);
        const number = Number(match?.[1]);
        if (match?.[2]?.length !== number % 90) torn.push(line);
        numbers.push(number);
      }
    }
    expect(torn).toEqual([]);
    await turn();
    expect(firstGap(numbers.sort((a, b) => a - b))).toBeNull();
    expect(numbers).toHaveLength(count);
    const { lines } = await book.read({ after: 0, from: "start", limit: count + 1 });
    expect(firstGap(lines.map(({ text }) => Number.parseInt(text, 10)))).toBeNull();
    expect(lines).toHaveLength(count);
  },
);

/** The first number that does not follow the one before it; they begin with 1. */
function firstGap(numbers: readonly number[]): number | null {
  return numbers.find((number, index) => number !== index + 1) ?? null;
}

/** What a case checks takes long too; the main loop has its turn in between. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A line of so many megabytes without an end, kept in pieces that say so. */
async function keepLongLine(stage: Stage, megabytes: number): Promise<void> {
  const book = openBook(stage, "long");
  const code = `const piece = "y".repeat(1024 * 1024); let sent = 0;
    const more = () => { if (sent++ < ${megabytes}) process.stdout.write(piece, more); };
    more();`;
  await writeBy(stage, book, "web", code);
  await book.flush();
  const tail = book.tail("web", 10);
  expect(tail.at(-1)?.cut).toBe(false);
  for (const line of tail.slice(0, -1)) expect([line.cut, line.text.length]).toEqual([true, lineCap]);
  const { lastSeq } = await book.read({ after: 0, from: "end", limit: 1 });
  expect(lastSeq).toBe((megabytes * 1_024 * 1_024) / lineCap);
  await book.close();
  rmSync(join(stage.home, "logs", "long"), { recursive: true });
}

faultCase(
  "L05",
  "a line of 50 MB without an end is kept in pieces of 64 KB that say so",
  (stage) => keepLongLine(stage, 50),
  {
    maxRounds: 1,
  },
);

faultCase("L05", "a line of 2 MB without an end is kept in pieces of 64 KB that say so", (stage) =>
  keepLongLine(stage, 2),
);

/** Ways a secret gets into an output. `at` chooses where it is cut. */
const disguises: readonly ((secret: string, at: number) => string[])[] = [
  (secret) => [`token=${secret}\n`],
  (secret, at) => [`token=${secret.slice(0, at)}`, `${secret.slice(at)} end\n`],
  (secret) => [`${Buffer.from(`user:${secret}`).toString("base64")}\n`],
  (secret) => [`${Buffer.from(`${secret}@host`).toString("base64url")}\n`],
  (secret) => [`https://u:${encodeURIComponent(secret)}@host/?q=${encodeURIComponent(secret).toLowerCase()}\n`],
  (secret) => [`${JSON.stringify({ password: secret })}\n`],
  (secret, at) => [`\u001b[32m${secret.slice(0, at)}\u001b[1m${secret.slice(at)}\u001b[0m\n`],
];

faultCase("L06", "50 secrets leave no trace, in pieces, colours, base64, URLs or JSON", async (stage) => {
  const book = openBook(stage, "secrets", { fileBytes: 100_000_000 });
  const heard: string[] = [];
  book.follow({ after: 0, limit: 0 }, ({ text }) => heard.push(text));
  const digits = () =>
    Math.floor(stage.random() * 2 ** 48)
      .toString(36)
      .padStart(10, "q");
  const secrets = Array.from({ length: 50 }, (_, index) => `k-${digits()}"/+ ü${index}${digits()}`);
  for (const secret of secrets) book.addSecret(secret);
  const place = (secret: string) => 4 + Math.floor(stage.random() * (secret.length - 8));
  const chunks = secrets.flatMap((secret) => disguises.flatMap((disguise) => disguise(secret, place(secret))));
  // Across the cut of a line longer than the cap; not with all of them, for it takes a long line each.
  for (const secret of secrets.slice(0, 5)) chunks.push(`${"z".repeat(lineCap - place(secret))}${secret}\n`);
  const code = `const fs = require("node:fs"); const chunks = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
    const next = () => { const chunk = chunks.shift(); if (chunk !== undefined) process.stdout.write(chunk, () => setImmediate(next)); };
    next();`;
  const list = join(stage.root, "chunks.json");
  writeFileSync(list, JSON.stringify(chunks));
  await writeBy(stage, book, "web", code, list);
  rmSync(list);
  await book.flush();
  const folder = join(stage.home, "logs", "secrets");
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const rings = book.tail("web", 10_000).map(({ text }) => text);
  const shown = [...stored, heard.join("\n"), rings.join("\n")].join("\n").replaceAll(/z{100,}/g, "");
  expect(heard.length).toBeGreaterThan(50 * disguises.length);
  for (const secret of secrets) {
    await turn();
    // The middle of each is random, so that even a part of it is a trace; base64 of it at its three places as well.
    const core = secret.slice(2, 12);
    const traces = ["", "x", "xy"].map((shift) => Buffer.from(`${shift}k-${core}`).toString("base64").slice(4, -4));
    expect([core, ...traces].filter((trace) => shown.includes(trace))).toEqual([]);
  }
});

faultCase("L07", "no output forges a second record, a note, or another stream", async (stage) => {
  const book = openBook(stage, "forged");
  const hostile = [
    "a\u001e99 1 note 0 0 1\u001fforged",
    "\u001e99 1 note 0 0 1\u001fforged at the beginning",
    "a\rforged",
    "a\u001b[2K\u001b[1Gforged",
    "a\u001b]0;forged\u0007b",
    "a\u0085forged",
    "a\u2028forged\u2029",
    "a\u000bforged\u000c",
    "a\u202egrofed",
    '{"version":2,"source":"forged"}',
    "5 lines are missing here: the disk did not take them in time.",
    "a\u0000forged",
  ];
  const code = `process.stdout.write(${JSON.stringify(hostile)}.map((text) => text + "\\n").join(""));`;
  await writeBy(stage, book, "web", code);
  const live = (await book.read({ after: 0, from: "start", limit: 1_000 })).lines;
  expect(live).toHaveLength(hostile.length);
  await book.close();
  const again = openBook(stage, "forged");
  const { lines } = await again.read({ after: 0, from: "start", limit: 1_000 });
  expect(lines).toEqual(live);
  expect(again.sources()).toEqual(["web"]);
  expect(lines.map(({ seq, stream }) => `${seq} ${stream}`)).toEqual(hostile.map((_, index) => `${index + 1} stdout`));
  // oxlint-disable-next-line no-control-regex
  for (const { text } of lines) expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202e]/);
});
