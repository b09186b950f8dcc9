import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Redactor } from "../../../../electron/core/log/redaction.ts";

const whole = { continues: false, cut: false };

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

test("a secret is replaced as it is, URL-encoded, JSON-escaped, and in base64 wherever it begins", () => {
  const secret = 'p@ss/word "ü" 1+1';
  const redactor = redactorOf(secret);
  const shown = [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    new URLSearchParams({ a: secret }).toString().slice(2),
    JSON.stringify(secret),
    ...["", "x", "xy", "user:"].map((before) => Buffer.from(`${before}${secret}@host`).toString("base64")),
    ...["", "x", "xy"].map((before) => Buffer.from(`${before}${secret}`).toString("base64url")),
  ];
  for (const text of shown) {
    const result = redactor.line(`before ${text} after`, whole);
    expect(result, text).toContain("•••");
    expect(result.startsWith("before ")).toBe(true);
    expect(result.endsWith(" after")).toBe(true);
  }
});

test("50 canaries in any company leave no trace", () => {
  const secrets = Array.from({ length: 50 }, (_, index) => `canary-${index}-${"abcdefghij".slice(index % 5)}!`);
  const redactor = redactorOf(...secrets);
  fc.assert(
    fc.property(fc.constantFrom(...secrets), fc.string(), fc.string(), (secret, before, after) => {
      expect(redactor.line(before + secret + after, whole)).not.toContain(secret);
      const encoded = Buffer.from(before + secret + after).toString("base64");
      const plain = Buffer.from(redactor.line(encoded, whole).replaceAll("•••", ""), "base64").toString();
      expect(plain).not.toContain(secret);
    }),
    { numRuns: 1_000 },
  );
});

test("colours in the middle of a secret do not hide it", () => {
  expect(redactorOf("hunter22").line("\u001b[32mkey: hun\u001b[1mter22\u001b[0m!", whole)).toBe("key: •••!");
  expect(redactorOf("hunter22").line("\u001b[32mhunter22\u001b[0m", whole)).toBe("\u001b[32m•••\u001b[0m");
});

test("a secret across the cut of a long line is masked on both sides", () => {
  const redactor = redactorOf("hunter22-secret");
  expect(redactor.line("xxxxhunter2", { continues: false, cut: true })).toBe("xxxx•••");
  expect(redactor.line("2-secret yyy", { continues: true, cut: false })).toBe("••• yyy");
  expect(redactor.line("a hunter2", whole)).toBe("a hunter2");
});

test("a key of several lines is found line by line", () => {
  const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----";
  expect(redactorOf(key).line("got QEFAASCBKcwggSjAgEAAoIB", whole)).toBe("got •••");
});

test("a text too short to be a secret is left alone", () => {
  expect(redactorOf("", "dev", "12345").line("dev 12345", whole)).toBe("dev 12345");
});

test("no character of a secret has a meaning of its own", () => {
  for (const secret of ["$&$1$`$'", "a.*b.*c", "\\d+\\d+", "\ud800broken", "__proto__"]) {
    expect(redactorOf(secret).line(`x${secret}y`, whole)).toBe("x•••y");
  }
});
