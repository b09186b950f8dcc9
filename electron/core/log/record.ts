import type { LogLine } from "#shared/schema/log.ts";

/**
 * How lines stand in a file: the first line is a header that names the source, each further one an array
 * `[seq, at, stream, generation, cut, text]`. Short, because the files are bounded in bytes and people in lines; JSON, so
 * that no text can end its record or begin another.
 */
export interface FileHeader {
  readonly version: 1;
  readonly source: string;
}

export function formatHeader(source: string): string {
  return `${JSON.stringify({ version: 1, source } satisfies FileHeader)}\n`;
}

/** The source a file belongs to; null when this is no header. */
export function parseHeader(text: string): string | null {
  const header = parseJson(text);
  if (typeof header !== "object" || header === null || !("version" in header) || header.version !== 1) return null;
  return "source" in header && typeof header.source === "string" ? header.source : null;
}

export function formatRecord(line: LogLine): string {
  const { seq, at, stream, generation, cut, text } = line;
  return `${JSON.stringify([seq, at, stream, generation, cut ? 1 : 0, text])}\n`;
}

/** A line of a file; null for the header, a torn line and anything else that is no record. */
export function parseRecord(text: string, source: string): LogLine | null {
  if (!text.startsWith("[")) return null;
  const record = parseJson(text);
  if (!Array.isArray(record) || record.length !== 6) return null;
  const [seq, at, stream, generation, cut, content] = record as unknown[];
  if (!Number.isSafeInteger(seq) || typeof at !== "number" || typeof content !== "string") return null;
  if (stream !== "stdout" && stream !== "stderr" && stream !== "note") return null;
  if (!Number.isSafeInteger(generation)) return null;
  return { seq: seq as number, at, source, stream, text: content, generation: generation as number, cut: cut === 1 };
}

/** Only the sequence number, without parsing the rest; null where there is none. */
export function recordSeq(text: string): number | null {
  const match = /^\[(\d{1,16}),/.exec(text);
  return match === null ? null : Number(match[1]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A torn or foreign line: the caller skips it.
    return null;
  }
}
