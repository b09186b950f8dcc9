/**
 * While a model writes, one frame of the event stream is like the one before but for its id and the new piece of text. What
 * is the same need not be parsed again: it costs more than everything else that is done with an event.
 *
 * How it stays true: a frame is taken apart by a pattern, put together again with another id and another text, and read as
 * any other. Only where that gives the same event with that other text are the frames that follow compared with it, character
 * by character; whatever differs in anything but the two is read in full.
 */
import type { WireEvent } from "./event-stream.ts";

type Read = (data: string) => WireEvent | null;

/** Up to the first id, the id, up to the piece of text, the text as JSON, what closes the frame. */
const FRAME = /^(.*?"id":")([0-9A-Za-z_]+)(".*"delta":)("(?:[^"\\]|\\.)*")(\}+)$/s;
/** Of JSON strings, with its quotes. A longer slice would keep the whole chunk of the stream it was cut from in memory. */
const SHORT = 14;
/** Of JSON strings, those that stand for themselves. */
const PLAIN_TEXT = /^"[^"\\\p{Cc}]*"$/u;

interface Pattern {
  readonly before: string;
  readonly idLength: number;
  readonly middle: string;
  readonly after: string;
  readonly event: WireEvent;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Reads frames as `read` does, those that repeat in a fraction of the time. For one connection. */
export function repeatedFrames(read: Read): Read {
  let pattern: Pattern | null = null;
  let last: string | null = null;
  return (data) => {
    const text = pattern === null ? null : textOf(pattern, data);
    if (pattern !== null && text !== null)
      return { ...pattern.event, properties: { ...pattern.properties, delta: text } };
    const event = read(data);
    const same = event === null ? null : withText(event, "");
    // Only after a second one of its kind: frames of several sessions may take turns.
    if (same !== null && same === last) pattern = patternOf(data, event, read) ?? pattern;
    last = same;
    return event;
  };
}

/** The event with that piece of text, as something to compare; null where it has none. */
function withText(event: WireEvent, delta: string): string | null {
  const { properties } = event;
  if (typeof properties !== "object" || properties === null || !("delta" in properties)) return null;
  return JSON.stringify({ ...event, properties: { ...properties, delta } });
}

function patternOf(data: string, event: WireEvent | null, read: Read): Pattern | null {
  const [, before = "", id = "", middle = "", , after = ""] = FRAME.exec(data) ?? [];
  if (event === null || before === "") return null;
  const other = read(`${before}${"0".repeat(id.length)}${middle}"other"${after}`);
  if (other === null || withText(event, "other") !== JSON.stringify(other)) return null;
  return { before, idLength: id.length, middle, after, event, properties: event.properties as Pattern["properties"] };
}

/** The piece of text in a frame that differs in nothing but it and its id; null for any other. */
function textOf({ before, idLength, middle, after }: Pattern, data: string): string | null {
  const id = before.length;
  const from = id + idLength + middle.length;
  const to = data.length - after.length;
  // Slices are compared as blocks of memory; `startsWith` goes by characters and takes as long as parsing.
  if (to - from < 2 || data.slice(id + idLength, from) !== middle || data.slice(0, id) !== before) return null;
  if (data.slice(to) !== after) return null;
  if (!isPlain(data, id, id + idLength)) return null;
  const text = data.slice(from, to);
  return text.length <= SHORT && PLAIN_TEXT.test(text) ? text.slice(1, -1) : parseText(text);
}

function parseText(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    // Not one text but several, or none: the frame is read in full.
    return null;
  }
}

/** Letters, digits and `_`. */
function isPlain(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!isLetter && !(code >= 48 && code <= 57) && code !== 95) return false;
  }
  return true;
}
