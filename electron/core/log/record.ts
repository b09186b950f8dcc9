import { Buffer } from "node:buffer";
import type { LogLine } from "#shared/schema/log.ts";
import type { LineBlock } from "./line-block.ts";

/**
 * How lines stand in a file. The first line is a header that names the source. Lines that came together begin with a head,
 * `RS seq at stream generation cut count US`, in front of the first of them, and follow one another as they are: the file can
 * be read and searched like any text, and writing it costs no work for each line. No text can forge a head or a line: neither
 * RS, US nor a line end is left in a sanitized one.
 */
export const recordStart = 0x1e;
const headEnd = "\u001f";
/** A head is a few numbers and a word. */
const maxHeadBytes = 100;
const headPattern = /^(\d{1,16}) (\d{1,16}) (stdout|stderr|note) (\d{1,16}) ([01]) (\d{1,9})$/;

export function formatHeader(source: string): string {
  return `${JSON.stringify({ version: 2, source })}\n`;
}

/** The source a file belongs to; null when this is no header. */
export function parseHeader(text: string): string | null {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header !== "object" || header === null || !("version" in header) || header.version !== 2) return null;
    return "source" in header && typeof header.source === "string" ? header.source : null;
  } catch {
    // A foreign file: the caller leaves it alone.
    return null;
  }
}

/** The bytes of a block in a file, in pieces. */
export function formatBlock(block: LineBlock): [Buffer, Buffer] {
  const { first, at, stream, generation, cut, lines, bytes } = block;
  const head = `\u001e${first} ${at} ${stream} ${generation} ${cut ? 1 : 0} ${lines}\u001f`;
  return [Buffer.from(head, "latin1"), bytes];
}

/** A head in a file, and where its first line begins. */
interface Head {
  readonly seq: number;
  readonly at: number;
  readonly stream: LogLine["stream"];
  readonly generation: number;
  readonly cut: boolean;
  readonly lines: number;
  readonly end: number;
}

/** The head that begins at an offset; null where there is none or only a part of one. */
export function headAt(bytes: Buffer, offset: number): Head | null {
  if (bytes[offset] !== recordStart) return null;
  const text = bytes.toString("latin1", offset + 1, offset + maxHeadBytes);
  const length = text.indexOf(headEnd);
  const match = length < 0 ? null : headPattern.exec(text.slice(0, length));
  if (match === null) return null;
  const [, seq, at, stream, generation, cut, lines] = match;
  return {
    seq: Number(seq),
    at: Number(at),
    stream: stream as LogLine["stream"],
    generation: Number(generation),
    cut: cut === "1",
    lines: Number(lines),
    end: offset + 1 + length + 1,
  };
}

/** The first head at or after an offset. */
export function nextHead(bytes: Buffer, from: number): (Head & { readonly offset: number }) | null {
  for (let offset = bytes.indexOf(recordStart, from); offset >= 0; offset = bytes.indexOf(recordStart, offset + 1)) {
    const head = headAt(bytes, offset);
    if (head !== null) return { ...head, offset };
  }
  return null;
}

/** Reads the lines of a piece of a file, which may end anywhere. */
export class RecordReader {
  readonly #source: string;
  /** The next line, while the head said that there is one. */
  #head: Head | null = null;
  #read = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** The lines between two `seq`, both left out; what has no head before it and what no head counted is left out too. */
  lines(bytes: Buffer, after: number, before: number): LogLine[] {
    const found: LogLine[] = [];
    for (let from = 0; from < bytes.length;) {
      const head = headAt(bytes, from);
      if (head !== null) {
        this.#head = head;
        this.#read = 0;
        from = head.end;
      }
      const end = bytes.indexOf(10, from);
      if (end < 0) break;
      if (this.#head !== null && this.#read < this.#head.lines) {
        const { at, stream, generation, cut } = this.#head;
        const seq = this.#head.seq + this.#read;
        this.#read += 1;
        if (seq > after && seq < before) {
          const text = bytes.toString("utf8", from, end);
          found.push({ seq, at, source: this.#source, stream, text, generation, cut });
        }
      }
      from = end + 1;
    }
    return found;
  }
}
