/** What a line says about itself: how grave it is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** All levels, from the least to the most grave: a filter shows one and what follows it. */
export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A level stands near the beginning of its line; what is further in belongs to the message. In UTF-16 units. */
const LOOK = 200;

const known: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  verbose: "debug",
  info: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  fatal: "error",
  critical: "error",
  panic: "error",
};

const word = Object.keys(known).join("|");
// oxlint-disable-next-line no-control-regex -- colours stand around the word in many a log
const colours = /\u001b\[[\d;:]*m/g;
/** `timestamp=2026-11-21T11:00:13.564Z level=INFO run=… message=…`: OpenCode 1.18.33 with `--print-logs`; logfmt in general. */
const field = new RegExp(`(?:^|\\s)level="?(${word})\\b`, "i");
/** `{"level":"warn",…}` of structured logs. */
const jsonField = new RegExp(`"(?:level|severity)"\\s*:\\s*"(${word})"`, "i");
/** `INFO  2026-…T… +12ms service=…` of older OpenCode, `[warn] …`, `Error: …`, `TypeError: …`, `12:00:01 ERROR …`. */
const leading = new RegExp(`^(?:[\\d\\s.,:/TZ+-]*)[\\[(<]?(?:\\w*(?=Error:))?(${word})\\b`, "i");

/**
 * The level of a line of a log; null when it names none. Quick, linear in the first 200 characters, and blind to anything
 * behind them.
 *
 * @param text A line as it is stored, colours included.
 */
export function levelOf(text: string): LogLevel | null {
  const start = (text.length > LOOK ? text.slice(0, LOOK) : text).replace(colours, "").trimStart();
  const found = field.exec(start) ?? (start.startsWith("{") ? jsonField.exec(start) : leading.exec(start));
  return found?.[1] === undefined ? null : (known[found[1].toLowerCase()] ?? null);
}

/**
 * Tells whether lines are grave enough, one after the other. A line that names no level, such as a line of a stack, belongs
 * to the one before it of its source; before any did, it is left out. Our own notes are `info` and interrupt nothing.
 */
export function levelFilter(
  least: LogLevel,
): (line: { readonly source: string; readonly stream: string; readonly text: string }) => boolean {
  const last = new Map<string, LogLevel>();
  return ({ source, stream, text }) => {
    const note = stream === "note";
    const level = levelOf(text) ?? (note ? "info" : last.get(source));
    if (level === undefined) return false;
    if (!note) last.set(source, level);
    return logLevels.indexOf(level) >= logLevels.indexOf(least);
  };
}
