/** Reading what a book holds: the newest lines out of the rings, the older ones out of the files. */
import type { LogLine, LogPage } from "#shared/schema/log.ts";
import type { Clock } from "../lib/clock.ts";
import { linesOfBlock } from "./line-block.ts";
import type { LogFile } from "./log-file.ts";
import { mergeLines } from "./merge.ts";
import type { LineRing } from "./ring.ts";
import { LineSearch } from "./search.ts";
import type { LogQuery } from "./types.ts";

/** One source of a book, as far as it is read. */
export interface ReadSource {
  readonly source: string;
  readonly ring: LineRing;
  readonly file: LogFile;
}

/** One page of the lines of these sources together, in the order they came. Rejects where a search does (search.ts). */
export async function readSources(entries: readonly ReadSource[], query: LogQuery, clock: Clock): Promise<LogPage> {
  const isForward = query.from === "start";
  const range = { after: query.after, before: query.before ?? Infinity };
  const lines: LogLine[] = [];
  const merged = mergeLines(
    entries.map((entry) => linesOf(entry, range, isForward)),
    isForward,
  );
  const matching = query.grep === undefined ? merged : new LineSearch(query.grep, clock).matching(merged);
  if (query.limit > 0) {
    for await (const line of matching) {
      lines.push(line);
      if (lines.length >= query.limit) break;
    }
  }
  return {
    lines: isForward ? lines : lines.reverse(),
    firstSeq: least(entries.map(({ file, ring }) => least([file.firstSeq, ring.first]))),
    lastSeq: greatest(entries.map(({ ring }) => ring.last ?? (ring.evictedThrough || null))),
  };
}

/** The lines of one source in order, from the files as far as the ring does not reach back. */
async function* linesOf(
  { source, ring, file }: ReadSource,
  range: { readonly after: number; readonly before: number },
  isForward: boolean,
): AsyncGenerator<LogLine[]> {
  // Taken first: what leaves the ring from here on was copied, and what left it before is flushed below.
  const { evictedThrough } = ring;
  const newest = ring.blocks();
  const before = Math.min(range.before, evictedThrough + 1);
  if (!isForward) {
    for (const block of newest.toReversed()) yield linesOfBlock(block, source, range.after, range.before).reverse();
  }
  if (range.after < evictedThrough && before > range.after + 1) {
    await file.flush();
    const segments = await file.segments();
    try {
      for (const segment of isForward ? segments : segments.toReversed()) {
        yield* isForward ? segment.forward(range.after, before) : segment.backward(range.after, before);
      }
    } finally {
      await Promise.all(segments.map((segment) => segment.close()));
    }
  }
  if (isForward) for (const block of newest) yield linesOfBlock(block, source, range.after, range.before);
}

function least(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : Math.min(...numbers);
}

function greatest(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : Math.max(...numbers);
}
