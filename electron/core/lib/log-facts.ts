/** Takes what is secret out of the facts of a log line. */

const REDACTED = "[redacted]";
/** Names of fields whose value is never written. */
const SECRET_NAME = /pass(word|phrase)?$|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key/i;
/** Shapes that are secret wherever they stand: a page's address with its token, HTTP credentials, URL passwords, API keys. */
const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/([#?&](?:token|password|key)=)[^&\s"']+/gi, `$1${REDACTED}`],
  [/\b(Bearer|Basic)\s+[\w+/.=~-]{6,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi, `$1${REDACTED}@`],
  [/\b(?:sk|pk|ghp|gho|ghs|github_pat|xox[abpr])[-_][\w-]{16,}/g, REDACTED],
];
/** Deeper facts are cut: a log line is for reading. */
const MAX_DEPTH = 5;
const MAX_ITEMS = 50;
const MAX_TEXT = 4_000;

/** A text without the secrets that its shape gives away. */
export function redactText(text: string): string {
  let clean = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  for (const [shape, replacement] of SECRET_SHAPES) clean = clean.replace(shape, replacement);
  return clean;
}

/** Any value as JSON-safe data without secrets: errors as their text, cycles, functions and too much depth as a word. */
export function redactValue(value: unknown, depth = 0, parents: readonly object[] = []): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return typeof value === "function" ? "[function]" : value;
  if (value instanceof Error) return redactText(value.stack ?? value.message);
  if (parents.includes(value)) return "[cycle]";
  if (depth >= MAX_DEPTH) return "[deep]";
  const inside = [...parents, value];
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1, inside));
  // A Map's entries keep a key `__proto__` an ordinary one.
  const clean = Object.entries(value)
    .slice(0, MAX_ITEMS)
    .map(([key, item]) => [key, SECRET_NAME.test(key) ? REDACTED : redactValue(item, depth + 1, inside)] as const);
  return Object.fromEntries(clean);
}
