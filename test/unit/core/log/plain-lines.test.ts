import { join } from "node:path";
import { execa } from "execa";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PlainLines } from "../../../../electron/core/log/plain-lines.ts";
import { PlainScanner } from "../../../../electron/core/log/plain-scan.ts";

/** The bytes at some place in a larger memory: words can only be read at multiples of four. */
function placed(text: string, at: number): Buffer {
  const memory = Buffer.alloc(at + Buffer.byteLength(text) + 8, "\u001b");
  memory.write(text, at);
  return memory.subarray(at, at + Buffer.byteLength(text));
}

const place = fc.nat(20);

test("lines of plain text are counted, wherever they stand in memory", () => {
  const text = fc.array(fc.stringMatching(/^[\t -~]{0,40}$/), { maxLength: 20 });
  fc.assert(
    fc.property(text, place, (lines, at) => {
      const bytes = placed(lines.map((line) => `${line}\n`).join(""), at);
      expect(new PlainLines().count(bytes)).toBe(lines.length);
    }),
    { numRuns: 2_000 },
  );
});

test("one character that is not plain is found, wherever it stands", () => {
  const bad = fc.constantFrom(
    "\u0000",
    "\u0008",
    "\u000b",
    "\r",
    "\u001b",
    "\u001e",
    "\u001f",
    "\u007f",
    "\u0080",
    "é",
    "😀",
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[\n -~]{0,60}$/), bad, fc.nat(60), place, (text, character, where, at) => {
      const bytes = placed(text.slice(0, where) + character + text.slice(where), at);
      expect(new PlainLines().count(bytes)).toBeNull();
    }),
    { numRuns: 3_000 },
  );
});

test("a secret is found, wherever it stands, and what only resembles one is not", () => {
  const forms = ["abcdef", "abcdefg", "secret-one", "secret-two", "c2VjcmV0LW9uZQ", "äöü123"];
  const plain = new PlainLines();
  for (const form of forms) plain.addForm(form);
  const around = fc.stringMatching(/^[ -~]{0,40}$/);
  fc.assert(
    fc.property(around, fc.constantFrom(...forms), around, place, (before, form, after, at) => {
      expect(plain.count(placed(`${before}${form}${after}\n`, at))).toBeNull();
    }),
    { numRuns: 3_000 },
  );
  for (let at = 0; at < 8; at += 1) {
    expect(plain.count(placed("abcdeX Xbcdefg secret-six secret-tw c2VjcmV0LW9u\nsecret-on", at))).toBe(1);
  }
});

test("secrets change nothing about text they are not in", () => {
  const plain = new PlainLines();
  for (let index = 0; index < 300; index += 1) plain.addForm(`some secret number ${index}`);
  const text = "2026-11-21 some secret of a number, and no secret number at all\n".repeat(1_000);
  expect(plain.count(placed(text, 3))).toBe(1_000);
});

test("a secret is found wherever it lies across the pieces that are looked at, and lines are counted over all of them", () => {
  const form = "secret-of-nineteen-x";
  const plain = new PlainLines();
  plain.addForm(form);
  const line = `${"x".repeat(99)}\n`;
  expect(plain.count(Buffer.from(line.repeat(2_000)))).toBe(2_000);
  for (let at = 65_536 - form.length; at <= 65_536; at += 1) {
    expect(plain.count(Buffer.from(`${"x".repeat(at)}${form}${line}`))).toBeNull();
  }
});

test("each asks for its own secrets, though all look with one scanner", () => {
  const texts = ["the secret of the first", "the secret of the second"];
  const logs = texts.map((text) => {
    const plain = new PlainLines();
    plain.addForm(text);
    return plain;
  });
  for (const [index, plain] of logs.entries()) {
    const found = texts.map((text) => plain.count(Buffer.from(`${text}\n`)));
    expect(found).toEqual(texts.map((_, other) => (other === index ? null : 1)));
  }
  logs[0]?.addForm("another secret, added later");
  expect(logs[0]?.count(Buffer.from("another secret, added later\n"))).toBeNull();
});

test("where the scanner cannot run, no line is taken for plain", () => {
  const plain = new PlainLines({ scanner: new PlainScanner(Buffer.from("no such program")) });
  expect(plain.count(Buffer.from("text\n"))).toBeNull();
});

test("the scanner is the one that is written down", async () => {
  const script = join(import.meta.dirname, "../../../../build/wasm.mjs");
  const { exitCode, stderr } = await execa(process.execPath, [script, "--check"], { reject: false });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});
