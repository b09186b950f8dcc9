import { PlainLines } from "./plain-lines.ts";
import { plainText } from "./sanitize.ts";

/** Shorter than this, a "secret" would be found in ordinary words. */
export const minSecretLength = 6;
/** What stands where a secret stood. */
export const redacted = "•••";
/** At a cut, a piece this long of the beginning or end of a secret counts as one. */
const minPieceLength = 3;
/** A power of two, large against the few hundred forms in it. */
const beginningsSize = 65_536;

/**
 * Replaces known secrets in lines: as they are, and as base64 (wherever in a longer text it begins), URL-encoded or
 * JSON-escaped text would show them.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  /** Longest first, so that no form is broken by the replacement of a shorter one inside it. */
  #forms: readonly string[] = [];
  readonly #plain = new PlainLines();
  /** For every hash of four characters, whether a form begins so. Most lines are let through after one look at each character. */
  readonly #beginnings = new Uint8Array(beginningsSize);

  /** Ignored when shorter than six characters. */
  add(secret: string): void {
    if (secret.length < minSecretLength || this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    const forms = new Set(this.#forms);
    for (const form of parts(secret).flatMap(encodings)) {
      if (forms.has(form)) continue;
      forms.add(form);
      this.#beginnings[hashAt(form, 0)] = 1;
      this.#plain.addForm(form);
    }
    this.#forms = [...forms].sort((a, b) => b.length - a.length);
  }

  /** How many whole lines these are, if they may be stored as they are; null when each has to go through `line`. */
  countPlain(bytes: Buffer): number | null {
    return this.#plain.count(bytes);
  }

  /**
   * @param text A sanitized line, or a piece of one.
   * @param edges Whether the piece continues one before it, and is continued by the next: a secret may lie across the cut.
   */
  line(text: string, edges: { readonly continues: boolean; readonly cut: boolean }): string {
    if (this.#forms.length === 0) return text;
    let result = this.#replace(text);
    // Colours in the middle of a secret would hide it from us and not from a reader. They are given up for that line.
    const plain = plainText(result);
    if (plain !== result) {
      const masked = this.#replace(plain);
      if (masked !== plain) result = masked;
    }
    if (edges.cut) result = this.#maskEnd(result);
    if (edges.continues) result = this.#maskBeginning(result);
    return result;
  }

  #replace(text: string): string {
    if (!this.#mayHold(text)) return text;
    let result = text;
    for (const form of this.#forms) if (result.includes(form)) result = result.replaceAll(form, redacted);
    return result;
  }

  /** False: no form is in it. With hundreds of forms this is many times quicker than looking for each. */
  #mayHold(text: string): boolean {
    const last = text.length - minSecretLength;
    for (let at = 0; at <= last; at += 1) if (this.#beginnings[hashAt(text, at)] === 1) return true;
    return false;
  }

  #maskEnd(text: string): string {
    let longest = 0;
    for (const form of this.#forms) {
      for (let length = form.length - 1; length > Math.max(longest, minPieceLength - 1); length -= 1) {
        if (text.endsWith(form.slice(0, length))) longest = length;
      }
    }
    return longest === 0 ? text : text.slice(0, -longest) + redacted;
  }

  #maskBeginning(text: string): string {
    let longest = 0;
    for (const form of this.#forms) {
      for (let length = form.length - 1; length > Math.max(longest, minPieceLength - 1); length -= 1) {
        if (text.startsWith(form.slice(-length))) longest = length;
      }
    }
    return longest === 0 ? text : redacted + text.slice(longest);
  }
}

/** Of the four characters from `at` on; every form has at least six. */
function hashAt(text: string, at: number): number {
  const first = text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 4);
  const second = (text.charCodeAt(at + 2) << 8) ^ (text.charCodeAt(at + 3) << 11);
  return (first ^ second) & (beginningsSize - 1);
}

/** A secret of several lines (a key file) is printed line by line. */
function parts(secret: string): string[] {
  if (!/[\r\n]/.test(secret)) return [secret];
  return [secret, ...secret.split(/[\r\n]+/).filter((line) => line.length >= 2 * minSecretLength)];
}

function encodings(secret: string): string[] {
  const url = encode(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const lowerUrl = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const forms = [
    secret,
    url,
    lowerUrl,
    url.replaceAll("%20", "+"),
    json,
    json.replaceAll("/", "\\/"),
    ...base64(secret),
  ];
  return forms.filter((form) => form.length >= minSecretLength);
}

function encode(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair has no URL form.
    return secret;
  }
}

/** The characters that only depend on the secret, for each of the three places it can begin at inside a group of three bytes. */
function base64(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    const sure = text.slice(from, to);
    return [sure, sure.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
