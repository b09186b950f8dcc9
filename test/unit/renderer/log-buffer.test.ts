import { describe, expect, test } from "vitest";
import type { LogLine } from "#shared/schema/log.ts";
import {
  isGap,
  LogBuffer,
  MAX_ROWS,
  MAX_ROWS_READING,
  type Filter,
  type Row,
} from "../../../renderer/logs/log-buffer.ts";

const line = (seq: number, more: Partial<LogLine> = {}): LogLine => ({
  seq,
  at: 1_000 + seq,
  source: "api",
  stream: "stdout",
  text: `line ${seq}`,
  generation: 1,
  cut: false,
  ...more,
});
const lines = (from: number, to: number, more: Partial<LogLine> = {}) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index, more));
const read = (rows: readonly Row[]) =>
  rows.map((row) => (isGap(row) ? `${row.lost ? "lost" : "gap"} ${row.after}-${row.before}` : row.seq));
const make = () => new LogBuffer({ schedule: (run) => run() });
const filter = (change: Partial<Filter>): Filter => ({
  sources: [],
  streams: [],
  level: null,
  search: null,
  onlyMatches: false,
  ...change,
});
const gapOf = (buffer: LogBuffer) => {
  const gap = buffer.shown.find(isGap);
  if (!gap) throw new Error("no gap");
  return gap;
};

test("keeps lines in order and ignores what was sent twice", () => {
  const buffer = make();
  buffer.append(lines(5, 7));
  buffer.append(lines(6, 8));
  expect(read(buffer.shown)).toEqual([5, 6, 7, 8]);
  expect(buffer.lastSeq).toBe(8);
});

test("a jump in the numbers is a gap row that counts what is missing", () => {
  const buffer = make();
  buffer.append(lines(1, 2));
  buffer.append(lines(9, 9));
  expect(read(buffer.shown)).toEqual([1, 2, "gap 2-9", 9]);
});

test("a gap is filled in place, and what the host no longer has is said to be lost", () => {
  const buffer = make();
  buffer.append([line(1), line(10)]);
  buffer.fill(gapOf(buffer), lines(2, 4), false);
  expect(read(buffer.shown)).toEqual([1, 2, 3, 4, "gap 4-10", 10]);
  buffer.fill(gapOf(buffer), [line(7)], true);
  expect(read(buffer.shown)).toEqual([1, 2, 3, 4, "lost 4-7", 7, "lost 7-10", 10]);
});

test("a gap that was trimmed away meanwhile is left alone", () => {
  const buffer = make();
  buffer.append([line(1), line(10)]);
  const gap = gapOf(buffer);
  buffer.clear();
  buffer.fill(gap, lines(2, 9), true);
  expect(buffer.shown).toEqual([]);
});

test("older lines go in front, until there are none", () => {
  const buffer = make();
  buffer.append(lines(8, 9));
  expect(buffer.hasEarlier).toBe(true);
  expect(buffer.prepend(lines(5, 8), false)).toBe(3);
  expect(read(buffer.shown)).toEqual([5, 6, 7, 8, 9]);
  expect(buffer.hasEarlier).toBe(true);
  buffer.prepend(lines(3, 4), true);
  expect(buffer.hasEarlier).toBe(false);
});

describe("bounds", () => {
  test("while following, the oldest lines go and the newest stay", () => {
    const buffer = make();
    for (let from = 1; from <= 200_000; from += 1_000) buffer.append(lines(from, from + 999));
    expect(buffer.size).toBeLessThanOrEqual(MAX_ROWS + 5_000);
    expect(buffer.shown.length).toBe(buffer.size);
    expect(buffer.shown.at(-1)).toMatchObject({ seq: 200_000 });
    expect(buffer.hasEarlier).toBe(true);
    expect(buffer.shown.some(isGap)).toBe(false);
  });

  test("while reading, nothing is taken away; lines beyond the bound become a gap at the end", () => {
    const buffer = make();
    buffer.append(lines(1, 1_000));
    buffer.setReading(true);
    for (let from = 1_001; from <= 150_000; from += 1_000) buffer.append(lines(from, from + 999));
    expect(buffer.size).toBe(MAX_ROWS_READING);
    expect(buffer.firstSeq).toBe(1);
    expect(buffer.lastSeq).toBe(150_000);
    buffer.setReading(false);
    buffer.append([line(150_001)]);
    expect(buffer.size).toBeLessThanOrEqual(MAX_ROWS + 5_000);
    expect(read(buffer.shown.slice(-2))).toEqual(["gap 100000-150001", 150_001]);
  });
});

describe("filters", () => {
  const mixed = () => {
    const buffer = make();
    buffer.append([
      line(1),
      line(2, { source: "db", text: "\u001b[31mERROR\u001b[0m lost" }),
      line(3, { stream: "stderr" }),
      line(9, { text: "error here" }),
    ]);
    return buffer;
  };

  test("sources and streams", () => {
    const buffer = mixed();
    buffer.setFilter(filter({ sources: ["db"] }));
    expect(read(buffer.shown)).toEqual([2, "gap 3-9"]);
    buffer.setFilter(filter({ streams: ["stderr"] }));
    expect(read(buffer.shown)).toEqual([3, "gap 3-9"]);
    expect([...buffer.sources]).toEqual(["api", "db"]);
  });

  test("a search finds text whatever its colours, and shows all lines or the matching ones", () => {
    const buffer = mixed();
    const search = (text: string) => /error/i.test(text);
    buffer.setFilter(filter({ search }));
    expect(buffer.matches).toEqual([2, 9]);
    expect(read(buffer.shown)).toEqual([1, 2, 3, "gap 3-9", 9]);
    buffer.setFilter(filter({ search, onlyMatches: true }));
    expect(read(buffer.shown)).toEqual([2, 9]);
    buffer.append([line(10), line(11, { text: "another error" })]);
    expect(buffer.matches).toEqual([2, 9, 11]);
    expect(read(buffer.shown)).toEqual([2, 9, 11]);
  });

  test("matches are trimmed with their lines", () => {
    const buffer = make();
    buffer.setFilter(filter({ search: () => true }));
    for (let from = 1; from <= 60_000; from += 1_000) buffer.append(lines(from, from + 999));
    expect(buffer.matches.length).toBe(buffer.size);
    expect(buffer.matches[0]).toBe(buffer.firstSeq);
  });

  test("only shown lines count as new ones", () => {
    const buffer = make();
    buffer.setFilter(filter({ sources: ["db"] }));
    buffer.append([line(1), line(2, { source: "db" })]);
    expect(buffer.arrived).toBe(1);
  });
});

test("readers hear of any number of changes once a frame", () => {
  const frames: (() => void)[] = [];
  const buffer = new LogBuffer({ schedule: (run) => void frames.push(run) });
  let heard = 0;
  buffer.subscribe(() => (heard += 1));
  for (let seq = 1; seq <= 100; seq += 1) buffer.append([line(seq)]);
  expect([frames.length, heard]).toEqual([1, 0]);
  frames[0]?.();
  expect(heard).toBe(1);
  buffer.append([line(101)]);
  expect(frames.length).toBe(2);
});

test("shows what is grave enough; what names no level goes with the line before it of its source", () => {
  const buffer = make();
  const texts = ["level=INFO fine", "level=ERROR broken", "    at a stack", "level=DEBUG detail", "plain"];
  buffer.append([
    ...texts.map((text, index) => line(index + 1, { text })),
    line(6, { source: "web", text: "names none" }),
    line(7, { stream: "note", text: "running → degraded" }),
  ]);
  buffer.setFilter(filter({ level: "warn" }));
  expect(read(buffer.shown)).toEqual([2, 3]);
  buffer.append([line(8, { text: "still of the detail" }), line(9, { text: "WARN slow" })]);
  expect(read(buffer.shown)).toEqual([2, 3, 9]);
  buffer.setFilter(filter({ level: "info" }));
  expect(read(buffer.shown)).toEqual([1, 2, 3, 7, 9]);
  buffer.setFilter(filter({}));
  expect(buffer.shown).toHaveLength(9);
});
