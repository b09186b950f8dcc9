/**
 * The lines a page holds of one workspace's log, and the part of them that the filters show.
 *
 * Theory of operation: sequence numbers grow by one over all sources, so a jump between two lines is a gap: lines that were
 * dropped on the way, or never sent. A gap is a row of its own and can be loaded. Bounds: while the reader follows the end,
 * the oldest lines go at MAX_ROWS; while the reader looks back nothing is taken away (text must not move under the eye), and
 * at MAX_ROWS_READING new lines are left out instead, which makes a gap at the end. Readers hear of changes at most once a
 * frame (`schedule`), however many lines come.
 */
import { levelFilter, type LogLevel } from "#shared/log-level.ts";
import type { LogLine } from "#shared/schema/log.ts";
import { plainText } from "../ui/sgr.ts";

export const MAX_ROWS = 50_000;
export const MAX_ROWS_READING = 100_000;
/** Trimming copies the rest of the array, so it is done in portions. */
const TRIM_PORTION = 5_000;

/** Lines with `after < seq < before` that are not here. `lost`: the host has them no longer. */
export type Gap = { readonly gap: true; readonly after: number; readonly before: number; readonly lost: boolean };
export type Row = LogLine | Gap;

export type Filter = {
  /** Empty: all. */
  readonly sources: readonly string[];
  readonly streams: readonly LogLine["stream"][];
  /** The least grave level that is shown; null: every line, also those that name no level. */
  readonly level: LogLevel | null;
  readonly search: ((text: string) => boolean) | null;
  /** Show only lines that match the search. */
  readonly onlyMatches: boolean;
};

export const isGap = (row: Row): row is Gap => "gap" in row;
export const seqOf = (row: Row): number => (isGap(row) ? row.after + 0.5 : row.seq);
export const missing = (gap: Gap): number => gap.before - gap.after - 1;

const everything: Filter = { sources: [], streams: [], level: null, search: null, onlyMatches: false };

/** First index whose row is at or after `seq`. */
export function indexOfSeq(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row && seqOf(row) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lines in order of `seq` as rows, with a gap wherever numbers are missing. */
function withGaps(lines: readonly LogLine[], after: number | null, lost: boolean): Row[] {
  const rows: Row[] = [];
  let last = after;
  for (const line of lines) {
    if (last !== null && line.seq > last + 1) rows.push({ gap: true, after: last, before: line.seq, lost });
    rows.push(line);
    last = line.seq;
  }
  return rows;
}

export class LogBuffer {
  readonly #schedule: (run: () => void) => void;
  readonly #listeners = new Set<() => void>();
  #rows: Row[] = [];
  #shown: Row[] = [];
  #matches: number[] = [];
  #filter = everything;
  #sources = new Set<string>();
  #isGrave: ReturnType<typeof levelFilter> | null = null;
  #reading = false;
  #lastSeq = 0;
  #longest = 0;
  #arrived = 0;
  #earlier = true;
  #version = 0;
  #announced = true;

  constructor({ schedule }: { schedule: (run: () => void) => void }) {
    this.#schedule = schedule;
  }

  /** The rows the filters let through. */
  get shown(): readonly Row[] {
    return this.#shown;
  }
  /** Sequence numbers of shown lines that match the search, in order. */
  get matches(): readonly number[] {
    return this.#matches;
  }
  get sources(): ReadonlySet<string> {
    return this.#sources;
  }
  /** The newest line seen, held or not. 0: none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }
  /** Characters of the longest line held, without colours. */
  get longest(): number {
    return this.#longest;
  }
  /** Shown lines that have come in at the end so far: the difference of two readings is "n new lines". */
  get arrived(): number {
    return this.#arrived;
  }
  /** Lines before the first one may exist. */
  get hasEarlier(): boolean {
    return this.#earlier && this.firstSeq > 1;
  }
  get firstSeq(): number {
    const first = this.#rows[0];
    return first ? (isGap(first) ? first.after + 1 : first.seq) : 0;
  }
  get size(): number {
    return this.#rows.length;
  }
  version = (): number => this.#version;
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** New lines at the end. What is not newer than the newest is a repetition and ignored. */
  append(lines: readonly LogLine[]): void {
    const first = lines.findIndex((line) => line.seq > this.#lastSeq);
    if (first < 0) return;
    const fresh = first === 0 ? lines : lines.slice(first);
    const room = this.#reading ? MAX_ROWS_READING - this.#rows.length : Number.POSITIVE_INFINITY;
    const kept = room >= fresh.length ? fresh : fresh.slice(0, Math.max(0, room));
    const lastHeld = this.#rows.at(-1);
    const rows = withGaps(kept, lastHeld ? (isGap(lastHeld) ? lastHeld.before - 1 : lastHeld.seq) : null, false);
    for (const row of rows) {
      this.#rows.push(row);
      this.#admit(row, true);
    }
    this.#lastSeq = fresh.at(-1)?.seq ?? this.#lastSeq;
    if (!this.#reading && this.#rows.length > MAX_ROWS + TRIM_PORTION) this.#trim();
    this.#changed();
  }

  /** Puts loaded lines into a gap. `complete`: the host has no more of it, so what is still missing is lost. */
  fill(gap: Gap, lines: readonly LogLine[], complete: boolean): void {
    const at = this.#rows.indexOf(gap);
    if (at < 0) return;
    const inside = lines.filter((line) => line.seq > gap.after && line.seq < gap.before);
    const rows = withGaps(inside, gap.after, true);
    const last = inside.at(-1)?.seq ?? gap.after;
    if (last < gap.before - 1) rows.push({ gap: true, after: last, before: gap.before, lost: complete });
    this.#rows.splice(at, 1, ...rows);
    this.#filterAll();
  }

  /** Puts older lines in front. `complete`: there are none before them. Answers with how many rows that added on screen. */
  prepend(lines: readonly LogLine[], complete: boolean): number {
    const before = this.#shown.length;
    const older = lines.filter((line) => line.seq < this.firstSeq);
    const last = older.at(-1);
    const rows = withGaps(older, null, true);
    if (last && this.firstSeq > last.seq + 1)
      rows.push({ gap: true, after: last.seq, before: this.firstSeq, lost: true });
    this.#rows = [...rows, ...this.#rows];
    this.#earlier = !complete;
    this.#filterAll();
    return this.#shown.length - before;
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#filterAll();
  }

  /** Whether the reader looks back. Coming back to the end lets the oldest lines go again. */
  setReading(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    if (reading || this.#rows.length <= MAX_ROWS) return;
    this.#trim();
    this.#changed();
  }

  /** Forgets everything: the log began anew. */
  clear(): void {
    this.#rows = [];
    this.#lastSeq = 0;
    this.#earlier = true;
    this.#longest = 0;
    this.#filterAll();
  }

  #trim(): void {
    this.#rows = this.#rows.slice(this.#rows.length - MAX_ROWS);
    this.#earlier = true;
    const first = this.#rows[0];
    const from = first ? seqOf(first) : 0;
    this.#shown = this.#shown.slice(indexOfSeq(this.#shown, from));
    const kept = this.#matches.findIndex((seq) => seq >= from);
    this.#matches = kept < 0 ? [] : this.#matches.slice(kept);
  }

  #admit(row: Row, arriving: boolean): void {
    const { sources, streams, search, onlyMatches } = this.#filter;
    if (isGap(row)) {
      if (!onlyMatches || !search) this.#shown.push(row);
      return;
    }
    this.#sources.add(row.source);
    if (row.text.length > this.#longest) this.#longest = Math.max(this.#longest, plainText(row.text).length);
    if (sources.length > 0 && !sources.includes(row.source)) return;
    if (streams.length > 0 && !streams.includes(row.stream)) return;
    if (this.#isGrave !== null && !this.#isGrave(row)) return;
    const matches = search?.(plainText(row.text)) ?? false;
    if (search && onlyMatches && !matches) return;
    if (matches) this.#matches.push(row.seq);
    this.#shown.push(row);
    if (arriving) this.#arrived += 1;
  }

  #filterAll(): void {
    this.#shown = [];
    this.#matches = [];
    this.#isGrave = this.#filter.level === null ? null : levelFilter(this.#filter.level);
    for (const row of this.#rows) this.#admit(row, false);
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    if (!this.#announced) return;
    this.#announced = false;
    this.#schedule(() => {
      this.#announced = true;
      for (const listener of this.#listeners) listener();
    });
  }
}
