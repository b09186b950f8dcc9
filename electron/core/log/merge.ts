import type { LogLine } from "#shared/schema/log.ts";

interface Lane {
  readonly batches: AsyncGenerator<LogLine[]>;
  batch: LogLine[];
  at: number;
}

/**
 * Merges lanes that are each in order of `seq` (rising or falling) into one. Reads no further than it is asked for, and
 * ends every lane when the caller stops early.
 */
export async function* mergeLines(
  sources: readonly AsyncGenerator<LogLine[]>[],
  isRising: boolean,
): AsyncGenerator<LogLine> {
  const all: Lane[] = sources.map((batches) => ({ batches, batch: [], at: 0 }));
  let lanes = all;
  try {
    // All at once: each lane takes its picture of the ring at the same moment.
    const filled = await Promise.all(lanes.map(fill));
    lanes = lanes.filter((_, index) => filled[index]);
    while (lanes.length > 0) {
      let next: Lane | undefined;
      let nextLine: LogLine | undefined;
      for (const lane of lanes) {
        const line = lane.batch[lane.at];
        if (line === undefined) continue;
        if (nextLine === undefined || (isRising ? line.seq < nextLine.seq : line.seq > nextLine.seq)) {
          next = lane;
          nextLine = line;
        }
      }
      if (next === undefined || nextLine === undefined) return;
      yield nextLine;
      next.at += 1;
      if (next.at >= next.batch.length && !(await fill(next))) {
        const ended = next;
        lanes = lanes.filter((lane) => lane !== ended);
      }
    }
  } finally {
    await Promise.all(all.map(({ batches }) => batches.return(undefined)));
  }
}

/** The next batch that is not empty; false at the end. */
async function fill(lane: Lane): Promise<boolean> {
  for (;;) {
    const { done, value } = await lane.batches.next();
    if (done === true) return false;
    if (value.length === 0) continue;
    lane.batch = value;
    lane.at = 0;
    return true;
  }
}
