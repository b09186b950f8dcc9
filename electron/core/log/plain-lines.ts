/** Slots in the table of words: a power of two, large against the few thousand in it. */
const slots = 65_536;
/** Spreads the bits of a word over the upper half (Knuth's multiplicative hash). */
const spread = 0x9e3779b1;
/** A form this long has four bytes in a row at a multiple of four, wherever it begins. Shorter ones are looked for one by one. */
const sureLength = 7;
const wordBytes = 4;
/** Looked at in one step. */
const stepBytes = 16;
/** In place of a number of lines. */
const notPlain = -1;

/** A place where a form would begin, if the four bytes that were seen are its bytes from `offset` on. */
interface Candidate {
  readonly form: Buffer;
  readonly offset: number;
}

/**
 * Finds out, in one pass over four bytes at a time, whether lines may be stored as they came: ASCII without control
 * characters, and without a secret. What programs write mostly is that; it takes 0.5 ns a byte.
 */
export class PlainLines {
  readonly #slots = new Uint8Array(slots);
  /** By the four bytes as a number. */
  readonly #candidates = new Map<number, Candidate[]>();
  readonly #short: Buffer[] = [];

  /** From now on, lines with this in them are not plain. @param form At least four bytes. */
  addForm(form: string): void {
    const bytes = Buffer.from(form, "utf8");
    if (bytes.length < sureLength) {
      this.#short.push(bytes);
      return;
    }
    for (let offset = 0; offset < wordBytes; offset += 1) {
      const word = wordOf(bytes, offset);
      this.#slots[slotOf(word)] = 1;
      this.#candidates.set(word, [...(this.#candidates.get(word) ?? []), { form: bytes, offset }]);
    }
  }

  /** How many lines these are, each with its `\n`; null when they have to be looked at one by one. */
  count(bytes: Buffer): number | null {
    for (const form of this.#short) if (bytes.includes(form)) return null;
    // Words can only be read at multiples of four of the memory they stand in.
    const begin = Math.min(bytes.length, (wordBytes - (bytes.byteOffset % wordBytes)) % wordBytes);
    const end = bytes.length - ((bytes.length - begin) % stepBytes);
    const before = countBytes(bytes, 0, begin);
    const after = countBytes(bytes, end, bytes.length);
    if (before === notPlain || after === notPlain) return null;
    const from = end > begin ? bytes.byteOffset + begin : 0;
    const words = new Int32Array(bytes.buffer, from, (end - begin) / wordBytes);
    const within = countWords(words, this.#slots, (index) =>
      this.#holds(bytes, begin + index * wordBytes, words[index]),
    );
    if (within === notPlain || this.#holdsAfter(bytes, end)) return null;
    return before + within + after;
  }

  /** Words at the end that make no whole step. */
  #holdsAfter(bytes: Buffer, end: number): boolean {
    for (let at = end; at + wordBytes <= bytes.length; at += wordBytes) {
      if (this.#holds(bytes, at, wordOf(bytes, at))) return true;
    }
    return false;
  }

  #holds(bytes: Buffer, at: number, word: number | undefined): boolean {
    for (const { form, offset } of this.#candidates.get(word ?? 0) ?? []) {
      const from = at - offset;
      if (from >= 0 && form.equals(bytes.subarray(from, from + form.length))) return true;
    }
    return false;
  }
}

/**
 * The line ends in words of ASCII without control characters. A function of its own, without a branch that is seldom taken:
 * every line the app stores goes through it.
 *
 * @param isForm Asked about each of the four words from an index on when one of them is in the table.
 */
function countWords(words: Int32Array, table: Uint8Array, isForm: (index: number) => boolean): number {
  let lines = 0;
  const steps = words.length - 3;
  for (let at = 0; at < steps; at += 4) {
    const a = words[at] as number;
    const b = words[at + 1] as number;
    const c = words[at + 2] as number;
    const d = words[at + 3] as number;
    // The highest bit of a byte: not ASCII, or DEL (which is 0x7f and gets there by adding one).
    if (((a | more(a) | b | more(b) | c | more(c) | d | more(d)) & 0x80808080) !== 0) return notPlain;
    // Taking 0x20 from each byte borrows where one is below.
    if (((less(a) | less(b) | less(c) | less(d)) & 0x80808080) !== 0) {
      const found = lineEnds(a) + lineEnds(b) + lineEnds(c) + lineEnds(d);
      if (found < 0) return notPlain;
      lines += found;
    }
    const hit = slotValue(table, a) | slotValue(table, b) | slotValue(table, c) | slotValue(table, d);
    if (hit !== 0 && (isForm(at) || isForm(at + 1) || isForm(at + 2) || isForm(at + 3))) return notPlain;
  }
  return lines;
}

function more(word: number): number {
  return (word + 0x01010101) | 0;
}

function less(word: number): number {
  return (word - 0x20202020) | 0;
}

/** The line ends among four bytes of ASCII; far below zero if one is another control character than a tab. */
function lineEnds(word: number): number {
  if ((less(word) & 0x80808080) === 0) return 0;
  let found = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const unit = (word >>> shift) & 0xff;
    if (unit === 10) found += 1;
    else if (unit < 0x20 && unit !== 9) return -1_000;
  }
  return found;
}

function countBytes(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at += 1) {
    const unit = bytes[at] ?? 0;
    if (unit === 10) lines += 1;
    else if (unit > 0x7e || (unit < 0x20 && unit !== 9)) return notPlain;
  }
  return lines;
}

/** As an Int32Array over the same bytes would read it. */
function wordOf(bytes: Buffer, offset: number): number {
  const copy = new Uint8Array(bytes.subarray(offset, offset + wordBytes));
  return new Int32Array(copy.buffer)[0] ?? 0;
}

function slotOf(word: number): number {
  return Math.imul(word, spread) >>> 16;
}

function slotValue(table: Uint8Array, word: number): number {
  return table[Math.imul(word, spread) >>> 16] as number;
}
