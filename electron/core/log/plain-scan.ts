import { plainScanBinary } from "./plain-scan-binary.ts";

/** Forms are found by the words of four bytes that are in a table: one bit for each hash of a word. */
export const wordBytes = 4;
const tableBytes = 16_384;
/** Looked at in one step. */
export const stepBytes = 16;
/** Where the bytes stand in the scanner's memory, and how many it takes at once. */
const bytesAt = 65_536;
const maxBytes = 65_536;
/** Spreads the bits of a word over the upper half (Knuth's multiplicative hash). */
const spread = 0x9e3779b1;
const space = 0x20;

/** Node has it; its types stand among those of the page, which are not there in this process. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Scan {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly lines: { value: number };
  readonly scan: (at: number, end: number, stride: number) => number;
}

/** A set of words that is never without one that was added, and seldom with one that was not. */
export class WordTable {
  readonly bits: Uint8Array;

  constructor(bits = new Uint8Array(tableBytes)) {
    this.bits = bits;
  }

  /** Another one: what a scanner has of this one stays true. */
  with(words: Iterable<number>): WordTable {
    const bits = this.bits.slice();
    for (const word of words) {
      const hash = Math.imul(word, spread);
      const byte = hash >>> 18;
      bits[byte] = (bits[byte] ?? 0) | (1 << ((hash >>> 15) & 7));
    }
    return new WordTable(bits);
  }
}

/** Looks at text as quickly as the processor can: sixteen bytes in one step. All logs of the process share one. */
export class PlainScanner {
  readonly #scan: Scan | null;
  readonly #memory: Uint8Array;
  /** Whose bits stand in the memory. */
  #table: WordTable | null = null;

  /** @param binary plain-scan.wat as WebAssembly. Where it does not run, nothing is plain: slower, and as right. */
  constructor(binary: Uint8Array = Buffer.from(plainScanBinary, "base64")) {
    this.#scan = instantiate(binary);
    this.#memory = new Uint8Array(this.#scan?.memory.buffer ?? new ArrayBuffer(0));
  }

  /**
   * How many lines ASCII without control characters is; null when it is something else.
   *
   * @param stride Every so many bytes, from the first on, a word is looked up: 4, 8 or 16.
   * @param isForm Asked about every step that has such a word in it, by its place in the bytes; true ends the search with null.
   */
  count(bytes: Uint8Array, table: WordTable, stride: number, isForm: (at: number) => boolean): number | null {
    const scan = this.#scan;
    if (scan === null) return null;
    scan.lines.value = 0;
    for (let from = 0; from < bytes.length; from += maxBytes) {
      this.#use(table);
      const end = this.#take(bytes.subarray(from, from + maxBytes));
      for (let at = bytesAt; at < end;) {
        const stop = scan.scan(at, end, stride);
        if (stop < 0 || (stop < end && isForm(from + stop - bytesAt))) return null;
        at = stop + stepBytes;
      }
    }
    return scan.lines.value;
  }

  #use(table: WordTable): void {
    if (this.#table === table) return;
    this.#memory.set(table.bits);
    this.#table = table;
  }

  /** Filled up with spaces to a whole step; returns where it ends. */
  #take(bytes: Uint8Array): number {
    this.#memory.set(bytes, bytesAt);
    const end = bytesAt + Math.ceil(bytes.length / stepBytes) * stepBytes;
    this.#memory.fill(space, bytesAt + bytes.length, end);
    return end;
  }
}

function instantiate(binary: Uint8Array): Scan | null {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as Scan;
  } catch {
    // A processor without vectors.
    return null;
  }
}
