import type { LogLine } from "#shared/schema/log.ts";

/** What a block costs beyond its bytes, roughly: the object, its buffer and their place in a list. */
const overheadBytes = 200;

/**
 * Lines of one stream that came together, as UTF-8: what the ring keeps and the files hold. An object for each of a million
 * lines costs more than everything else that is done with them; so a line becomes one (LogLine) only when somebody reads it.
 */
export interface LineBlock {
  readonly first: number;
  /** `seq` of the last line. */
  readonly last: number;
  readonly lines: number;
  /** When they came, all of them. */
  readonly at: number;
  readonly stream: LogLine["stream"];
  readonly generation: number;
  /** The only line of the block continues in the next one. */
  readonly cut: boolean;
  /** Sanitized and redacted; each line with a `\n` at its end, and no other control characters than tabs and colours. */
  readonly bytes: Buffer;
  /** What it counts against a bound, in bytes. */
  readonly weight: number;
}

export function createBlock(facts: Omit<LineBlock, "last" | "weight">): LineBlock {
  // Bytes that are a small part of something large would keep all of it. Node's own small buffers are such parts, of 8 KB.
  const bytes = facts.bytes.length < facts.bytes.buffer.byteLength / 4 ? copyOf(facts.bytes) : facts.bytes;
  const last = facts.first + facts.lines - 1;
  return { ...facts, bytes, last, weight: bytes.length + overheadBytes };
}

function copyOf(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** The lines between two `seq`, both left out, oldest first. */
export function linesOfBlock(block: LineBlock, source: string, after = -1, before = Infinity): LogLine[] {
  const { first, lines: count, at, stream, generation, cut } = block;
  if (block.last <= after || first >= before) return [];
  const lines: LogLine[] = [];
  const text = block.bytes.toString("utf8");
  let from = 0;
  for (let seq = first; seq < Math.min(first + count, before); seq += 1) {
    const end = text.indexOf("\n", from);
    if (seq > after) lines.push({ seq, at, source, stream, text: text.slice(from, end), generation, cut });
    from = end + 1;
  }
  return lines;
}

/** Parts of at most so many bytes, or of one line where that has more. */
export function splitBlock(block: LineBlock, maxBytes: number): LineBlock[] {
  if (block.bytes.length <= maxBytes || block.lines === 1) return [block];
  const parts: LineBlock[] = [];
  let { first } = block;
  for (let from = 0; from < block.bytes.length;) {
    const fitting = block.bytes.subarray(from, from + maxBytes).lastIndexOf(10);
    const end = fitting >= 0 ? from + fitting + 1 : block.bytes.indexOf(10, from) + 1;
    const bytes = block.bytes.subarray(from, end);
    const lines = countLines(bytes);
    parts.push({ ...block, first, last: first + lines - 1, lines, bytes, weight: bytes.length + overheadBytes });
    first += lines;
    from = end;
  }
  return parts;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}
