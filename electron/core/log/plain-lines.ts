import { PlainScanner, WordTable, stepBytes, wordBytes } from "./plain-scan.ts";

/** The longer all forms are, the fewer words are enough to see each of them, wherever it begins. In bytes. */
const strides = [16, 8, 4];
/** Beyond the stride, what a form must have to be sure of a whole word at one of its multiples. */
const beyondStride = wordBytes - 1;

/** A place where a form would begin, if the four bytes that were seen are its bytes from `offset` on. */
interface Candidate {
  readonly form: Buffer;
  readonly offset: number;
}

const scanner = new PlainScanner();

/**
 * Finds out whether lines may be stored as they came: ASCII without control characters, and without a secret. What programs
 * write mostly is that.
 */
export class PlainLines {
  readonly #scanner: PlainScanner;
  #table = new WordTable();
  /** By the four bytes as a number. */
  readonly #candidates = new Map<number, Candidate[]>();
  /** Too short for any stride: looked for one by one. */
  readonly #short: Buffer[] = [];
  #stride = stepBytes;

  constructor(options: { readonly scanner: PlainScanner } = { scanner }) {
    this.#scanner = options.scanner;
  }

  /** From now on, lines with this in them are not plain. @param form At least four bytes. */
  addForm(form: string): void {
    const bytes = Buffer.from(form, "utf8");
    const stride = strides.find((each) => bytes.length >= each + beyondStride);
    if (stride === undefined) {
      this.#short.push(bytes);
      return;
    }
    this.#stride = Math.min(this.#stride, stride);
    const words = new Set<number>();
    for (let offset = 0; offset < stride; offset += 1) {
      const word = bytes.readInt32LE(offset);
      words.add(word);
      this.#candidates.set(word, [...(this.#candidates.get(word) ?? []), { form: bytes, offset }]);
    }
    this.#table = this.#table.with(words);
  }

  /** How many lines these are, each with its `\n`; null when they have to be looked at one by one. */
  count(bytes: Buffer): number | null {
    for (const form of this.#short) if (bytes.includes(form)) return null;
    return this.#scanner.count(bytes, this.#table, this.#stride, (step) => this.#holds(bytes, step));
  }

  /** Whether one of the words of a step belongs to a form that is there. */
  #holds(bytes: Buffer, step: number): boolean {
    const last = Math.min(step + stepBytes, bytes.length) - wordBytes;
    for (let at = step; at <= last; at += this.#stride) {
      for (const { form, offset } of this.#candidates.get(bytes.readInt32LE(at)) ?? []) {
        const from = at - offset;
        if (from >= 0 && form.equals(bytes.subarray(from, from + form.length))) return true;
      }
    }
    return false;
  }
}
