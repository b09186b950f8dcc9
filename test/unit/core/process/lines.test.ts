import * as fc from "fast-check";
import { expect, test } from "vitest";
import { eachLine, LineSplitter } from "../../../../electron/core/process/lines.ts";

/** Splits the bytes at the given places and returns what comes out: the text, `+` at the end of a piece that was cut. */
function split(bytes: Uint8Array, at: readonly number[], cap?: number): string[] {
  const lines: string[] = [];
  const splitter = textSplitter((text, cut) => lines.push(cut ? `${text}+` : text), cap);
  let from = 0;
  for (const end of [...at].sort((a, b) => a - b)) {
    splitter.write(bytes.subarray(from, end));
    from = end;
  }
  splitter.write(bytes.subarray(from));
  splitter.end();
  return lines;
}

function textSplitter(onLine: (text: string, cut: boolean) => void, cap?: number): LineSplitter {
  return new LineSplitter((lines, cut) => eachLine(lines, cut, onLine), cap);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

test("lines end with LF or CRLF, and the last one needs no end", () => {
  expect(split(utf8("a\nb\r\n\nlast"), [])).toEqual(["a", "b", "", "last"]);
  expect(split(utf8("a\n"), [])).toEqual(["a"]);
  expect(split(utf8(""), [])).toEqual([]);
});

test("a return that ends no line stays, for whoever shows it", () => {
  expect(split(utf8("10%\r20%\r\n"), [])).toEqual(["10%\r20%"]);
});

test("wherever the chunks are cut, the lines are the same", () => {
  const text = fc.array(fc.constantFrom("é", "😀", "a", "\n", "\r\n", "\r", "漢", "\u0000"), { maxLength: 60 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(240), { maxLength: 12 }), (parts, at) => {
      const bytes = utf8(parts.join(""));
      const places = at.map((place) => Math.min(place, bytes.length));
      expect(split(bytes, places)).toEqual(split(bytes, []));
    }),
    { numRuns: 500 },
  );
});

test("bytes that are no UTF-8 are shown as such and take no neighbour with them", () => {
  expect(split(Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82), [])).toEqual(["a\ufffdb", "\ufffd"]);
});

test("a line of exactly the cap is whole, one more is cut, and nothing is lost", () => {
  expect(split(utf8("abcd\r\nx"), [], 4)).toEqual(["abcd", "x"]);
  expect(split(utf8("abcde\n"), [2], 4)).toEqual(["abcd+", "e"]);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "😀", "\r", "\n"), maxLength: 80 }), fc.nat(200), (text, at) => {
      const bytes = utf8(text);
      // Put together, the pieces are the lines that come out without a cap.
      let open = "";
      const joined: string[] = [];
      for (const piece of split(bytes, [Math.min(at, bytes.length)], 5)) {
        open += piece.replace(/\+$/, "");
        if (!piece.endsWith("+")) joined.push(open);
        if (!piece.endsWith("+")) open = "";
      }
      expect(open).toBe("");
      expect(joined).toEqual(split(bytes, []));
    }),
    { numRuns: 500 },
  );
});

test("a character of several bytes is not cut in half", () => {
  expect(split(utf8("abc😀d\n"), [], 4)).toEqual(["abc+", "😀+", "d"]);
  expect(split(utf8("abcd漢字\n"), [], 6)).toEqual(["abcd+", "漢字"]);
  expect(split(utf8("😀\n"), [], 1).join("").replaceAll("+", "")).toBe("\ufffd".repeat(4));
});

test("lines that come together are handed on together, the bytes as they came", () => {
  const pieces: [string, boolean][] = [];
  const splitter = new LineSplitter((lines, cut) => pieces.push([lines.toString(), cut]), 6);
  for (const chunk of ["a\nb\n", "c", "d\r\ne\nf\n", "g\ntoo long\nh\n"]) splitter.write(utf8(chunk));
  splitter.end();
  expect(pieces).toEqual([
    ["a\nb\n", false],
    ["cd\r\n", false],
    ["e\nf\n", false],
    ["g\n", false],
    ["too lo", true],
    ["ng\n", false],
    ["h\n", false],
  ]);
});

test("50 MB without a line end come out in pieces of the cap, in linear time", () => {
  let pieces = 0;
  let length = 0;
  const splitter = textSplitter((text) => {
    pieces += 1;
    length += text.length;
  });
  const chunk = Buffer.alloc(64 * 1_024, "x");
  const begun = performance.now();
  for (let sent = 0; sent < 50 * 1_024 * 1_024; sent += chunk.length) splitter.write(chunk);
  splitter.end();
  expect(length).toBe(50 * 1_024 * 1_024);
  expect(pieces).toBe(800);
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test("flush hands on what was begun, and the rest is a line of its own", () => {
  const lines: string[] = [];
  const splitter = textSplitter((text) => lines.push(text));
  splitter.write(utf8("half"));
  splitter.flush();
  splitter.flush();
  splitter.write(utf8(" a line\n"));
  splitter.end();
  expect(lines).toEqual(["half", " a line"]);
});
