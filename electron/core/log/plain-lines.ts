/** Numbers of slots in the table of beginnings: a power of two, large against the few thousand words in it. */
const slots = 65_536;
/** Spreads the bits of a word over the upper half (Knuth's multiplicative hash). */
const spread = 0x9e3779b1;
/** A form this long has four bytes in a row at a multiple of four, wherever it begins. Shorter ones are looked for one by one. */
const sureLength = 7;
const wordBytes = 4;

/** A place where a form would begin, if the four bytes that were seen are its bytes from `offset` on. */
interface Candidate {
  readonly form: Buffer;
  readonly offset: number;
}

/**
 * Finds out, in one pass over four bytes at a time, whether lines may be stored as they came: ASCII without control
 * characters, and without a secret. What programs write mostly is that, at 1 to 2 GB/s.
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
    const table = this.#slots;
    let lines = 0;
    let at = 0;
    // Up to the first multiple of four of the memory they stand in.
    const begin = Math.min(bytes.length, (wordBytes - (bytes.byteOffset % wordBytes)) % wordBytes);
    for (; at < begin; at += 1) {
      const unit = bytes[at] ?? 0;
      if (unit === 10) lines += 1;
      else if (!isPlain(unit)) return null;
    }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + begin, (bytes.length - begin) >> 2);
    for (let index = 0; index < words.length; index += 1) {
      const word = words[index] as number;
      // The highest bit of a byte: not ASCII, or DEL (which is 0x7f and so gets there by adding one).
      if (((word | (word + 0x01010101)) & 0x80808080) !== 0) return null;
      // Some byte is below 0x20.
      if (((word - 0x20202020) & 0x80808080) !== 0) {
        for (let shift = 0; shift < 32; shift += 8) {
          const unit = (word >>> shift) & 0xff;
          if (unit === 10) lines += 1;
          else if (unit < 0x20 && unit !== 9) return null;
        }
      }
      if (table[slotOf(word)] === 1 && this.#holds(bytes, begin + index * wordBytes, word)) return null;
    }
    for (at = begin + words.length * wordBytes; at < bytes.length; at += 1) {
      const unit = bytes[at] ?? 0;
      if (unit === 10) lines += 1;
      else if (!isPlain(unit)) return null;
    }
    return lines;
  }

  #holds(bytes: Buffer, at: number, word: number): boolean {
    for (const { form, offset } of this.#candidates.get(word) ?? []) {
      const from = at - offset;
      if (from >= 0 && form.equals(bytes.subarray(from, from + form.length))) return true;
    }
    return false;
  }
}

function isPlain(unit: number): boolean {
  return (unit >= 0x20 && unit < 0x7f) || unit === 9;
}

/** As an Int32Array over the same bytes would read it. */
function wordOf(bytes: Buffer, offset: number): number {
  const copy = new Uint8Array(bytes.subarray(offset, offset + wordBytes));
  return new Int32Array(copy.buffer)[0] ?? 0;
}

function slotOf(word: number): number {
  return Math.imul(word, spread) >>> 16;
}
