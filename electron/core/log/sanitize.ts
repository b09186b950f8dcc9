/**
 * What a program prints is shown in a page and in terminals, so only what cannot do harm is kept: text, tabs, and the
 * colours and weights of SGR. Everything else that steers a terminal (moving the cursor, setting titles and clipboards,
 * links with a hidden target) is removed; what would overwrite or reorder text is made visible instead. One pass, linear.
 */

const escape = 0x1b;
/** The 8-bit forms of `ESC [` and of the end of a string. */
const controlSequence = 0x9b;
const stringEnd = 0x9c;
/** What begins a string: DCS, SOS, OSC, PM, APC, as `ESC` and this letter, or as one character of C1 (ECMA-48, 8.3). */
const stringLetters = "PX]^_";
const stringStarts: ReadonlySet<number> = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);

// Matching them is the purpose. The last two ranges are what reorders text (U+202A-E, U+2066-9) and the high half of the
// invisible tag characters U+E0000-E007F.
// oxlint-disable-next-line no-control-regex
const suspicious = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\udb40]/;

/** The text of one line as it may be stored and shown. Doing it twice changes nothing more. */
export function sanitizeLine(text: string): string {
  if (!suspicious.test(text)) return text;
  let result = "";
  let plainFrom = 0;
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at);
    const harmless =
      (unit >= 0x20 && unit < 0x7f) || unit === 0x09 || (unit > 0x9f && !suspicious.test(text.charAt(at)));
    if (harmless) {
      at += 1;
      continue;
    }
    result += text.slice(plainFrom, at);
    const { replacement, next } = unit === escape ? escaped(text, at) : control(text, at, unit);
    result += replacement;
    at = next;
    plainFrom = next;
  }
  return result + text.slice(plainFrom);
}

interface Step {
  readonly replacement: string;
  /** Where to go on. */
  readonly next: number;
}

function control(text: string, at: number, unit: number): Step {
  if (unit === controlSequence) return sequence(text, at + 1);
  if (stringStarts.has(unit)) return { replacement: "", next: afterString(text, at + 1) };
  // A line end inside a line, and a return that would print over it: shown as what they are.
  if (unit === 0x0a) return { replacement: "␊", next: at + 1 };
  if (unit === 0x0d) return returns(text, at);
  if (unit === 0xdb40) return tag(text, at);
  if (unit > 0x9f) return { replacement: `<U+${unit.toString(16).toUpperCase()}>`, next: at + 1 };
  return { replacement: "", next: at + 1 };
}

/** One or more returns: at the end of a line they print over nothing (`\r\r\n` is what some terminals make of `\r\n`). */
function returns(text: string, at: number): Step {
  let next = at + 1;
  while (text.charCodeAt(next) === 0x0d) next += 1;
  return { replacement: next === text.length ? "" : "␍".repeat(next - at), next };
}

function escaped(text: string, at: number): Step {
  const letter = text.charAt(at + 1);
  if (letter === "[") return sequence(text, at + 2);
  if (letter !== "" && stringLetters.includes(letter)) return { replacement: "", next: afterString(text, at + 2) };
  // Other escapes: intermediates from space to `/`, then one character.
  let end = at + 1;
  while (inRange(text, end, 0x20, 0x2f)) end += 1;
  return { replacement: "", next: inRange(text, end, 0x30, 0x7e) ? end + 1 : end };
}

/** From the parameters of a control sequence on: kept if it is SGR, dropped if not, and dropped as far as it is broken. */
function sequence(text: string, from: number): Step {
  let end = from;
  while (inRange(text, end, 0x30, 0x3f)) end += 1;
  const parameters = text.slice(from, end);
  const intermediates = end;
  while (inRange(text, end, 0x20, 0x2f)) end += 1;
  if (!inRange(text, end, 0x40, 0x7e)) return { replacement: "", next: end };
  const isColour = text.charAt(end) === "m" && end === intermediates && /^[\d;:]{0,64}$/.test(parameters);
  return { replacement: isColour ? colours(parameters) : "", next: end + 1 };
}

/** Parameters of SGR without those that hide text (8) or make it blink (5, 6). Colours carry numbers of their own. */
function colours(parameters: string): string {
  const given = parameters.split(";");
  const kept: string[] = [];
  for (let at = 0; at < given.length; at += 1) {
    const value = given[at] ?? "";
    const number = Number(value);
    if (number === 38 || number === 48 || number === 58) {
      const length = Number(given[at + 1]) === 2 ? 5 : 3;
      kept.push(...given.slice(at, at + length));
      at += length - 1;
    } else if (number !== 5 && number !== 6 && number !== 8) kept.push(value);
  }
  return kept.length === 0 ? "" : `\u001b[${kept.join(";")}m`;
}

/** After a string that is ended. One that is not (by any control character or the line) hides nothing: its text stays. */
function afterString(text: string, from: number): number {
  let end = from;
  while (end < text.length && !isControl(text.charCodeAt(end))) end += 1;
  if (end === text.length) return from;
  const unit = text.charCodeAt(end);
  if (unit === 0x07 || unit === stringEnd) return end + 1;
  return unit === escape && text.charAt(end + 1) === "\\" ? end + 2 : from;
}

/** Tag characters are invisible and have been used to smuggle text past readers. Their neighbours stay as they are. */
function tag(text: string, at: number): Step {
  const point = text.codePointAt(at) ?? 0;
  // Half a character: with what is removed after it, it could become a whole one.
  if (point <= 0xffff) return { replacement: "\ufffd", next: at + 1 };
  const isTag = point <= 0xe007f;
  return { replacement: isTag ? `<U+${point.toString(16).toUpperCase()}>` : text.slice(at, at + 2), next: at + 2 };
}

function isControl(unit: number): boolean {
  return (unit < 0x20 && unit !== 0x09) || (unit >= 0x7f && unit <= 0x9f);
}

function inRange(text: string, at: number, from: number, to: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= from && unit <= to;
}

// oxlint-disable-next-line no-control-regex
const sgr = /\u001b\[[\d;:]*m/g;

/** A sanitized line without its colours: what is searched and matched. */
export function plainText(text: string): string {
  return text.includes("\u001b") ? text.replace(sgr, "") : text;
}
