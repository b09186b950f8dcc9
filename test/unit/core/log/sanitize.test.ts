import * as fc from "fast-check";
import { expect, test } from "vitest";
import { plainText, sanitizeLine } from "../../../../electron/core/log/sanitize.ts";

test("colours and weights stay as they are", () => {
  for (const text of [
    "\u001b[31mred\u001b[0m",
    "\u001b[m",
    "\u001b[1;38;5;8mgrey\u001b[39m",
    "\u001b[48;2;1;5;8mx",
    "\u001b[38:2::1:2:3mx",
    "tab\there",
    "漢 é 😀",
  ]) {
    expect(sanitizeLine(text)).toBe(text);
  }
});

test.each([
  ["the clear of the screen", "a\u001b[2J\u001b[Hb", "ab"],
  ["cursor movements", "a\u001b[1A\u001b[?25lb", "ab"],
  ["a title", "a\u001b]0;root@prod\u0007b", "ab"],
  ["a write to the clipboard", "a\u001b]52;c;cm0gLXJmIC8=\u001b\\b", "ab"],
  ["the hidden target of a link", "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\", "click"],
  [
    "device control and application strings",
    "a\u001bP1$r0m\u001b\\b\u001b_x\u001b\\c\u001b^x\u001b\\d\u001bXx\u001b\\e",
    "abcde",
  ],
  ["the 8-bit forms", "a\u009b2Jb\u009d0;t\u009cc\u0090x\u009cd", "abcd"],
  ["other escapes", "a\u001bcb\u001b(0c\u001b=d", "abcd"],
  ["concealed and blinking text", "\u001b[8mhidden\u001b[5;31mred", "hidden\u001b[31mred"],
  ["bells, backspaces, NUL and DEL", "a\u0007b\u0008c\u0000d\u007fe", "abcde"],
  ["an escape at the end", "a\u001b", "a"],
  ["a private sequence that ends in m", "a\u001b[>4;2mb\u001b[?4mc", "abc"],
])("%s is removed", (_, text, clean) => {
  expect(sanitizeLine(text)).toBe(clean);
});

test("what would overwrite, break or reorder the line is shown as what it is", () => {
  expect(sanitizeLine("good\rbad")).toBe("good␍bad");
  expect(sanitizeLine("done\r")).toBe("done");
  expect(sanitizeLine("a\n2026 INFO forged")).toBe("a␊2026 INFO forged");
  expect(sanitizeLine("a\u202eb\u2066c")).toBe("a<U+202E>b<U+2066>c");
  expect(sanitizeLine("a\u{e0041}b")).toBe("a<U+E0041>b");
  // A variation selector lives in the same block and is harmless.
  expect(sanitizeLine("a\u{e0100}b")).toBe("a\u{e0100}b");
});

test("a string that never ends hides nothing of the line", () => {
  expect(sanitizeLine("a\u001b]0;the rest of the line")).toBe("a0;the rest of the line");
  expect(sanitizeLine("a\u001b]0;x\u001b[31mred")).toBe("a0;x\u001b[31mred");
});

/** Whatever is left of escapes must be a colour. */
const harmless = (text: string) => {
  // oxlint-disable-next-line no-control-regex
  const rest = text.replace(/\u001b\[[\d;:]*m/g, "");
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(rest);
};

test("nothing but colours survives any mixture, twice is the same as once, and plain text is untouched", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "\u001b",
      "[",
      "]",
      "P",
      "_",
      "\\",
      "m",
      "31",
      ";",
      ":",
      "8",
      "38",
      "2",
      "5",
      "\u0007",
      "\u009b",
      "\u009d",
      "\u009c",
      "\u0090",
      "\r",
      "\n",
      "?",
      "J",
      " ",
      "\u202e",
      "\udb40",
      "\udc41",
    ),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join("");
      const clean = sanitizeLine(text);
      expect(harmless(clean)).toBe(true);
      expect(sanitizeLine(clean)).toBe(clean);
      expect(plainText(clean)).not.toContain("\u001b");
    }),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.stringMatching(/^[ -~]*$/), (text) => void expect(sanitizeLine(text)).toBe(text)));
});

test.each(["\u001b", "\u001b[", "\u001b]", "\u001b]x", "\u0090", "\u009d0;", "\u001b[1;", "\r", "\u001bP\u001b"])(
  "a megabyte of %j takes linear time",
  (part) => {
    const text = part.repeat(1_000_000 / part.length);
    const begun = performance.now();
    sanitizeLine(text);
    expect(performance.now() - begun).toBeLessThan(1_500);
  },
);
