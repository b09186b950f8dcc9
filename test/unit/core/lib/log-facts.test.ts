import { anything, assert, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { redactText, redactValue } from "../../../../electron/core/lib/log-facts.ts";

const canary = "cAnArY0123456789abcdefghij";

describe("secrets in what is logged", () => {
  it.each([
    `http://127.0.0.1:4000/#token=${canary}`,
    `GET /x?token=${canary}&y=1`,
    `Authorization: Bearer ${canary}`,
    `authorization: basic ${canary}==`,
    `postgres://user:${canary}@db:5432/x`,
    `redis://:${canary}@127.0.0.1/`,
    `key sk-${canary}`,
    `ghp_${canary}`,
  ])("are taken out of %s", (text) => {
    expect(redactText(text)).not.toContain(canary);
    expect(redactText(text)).toContain("[redacted]");
  });

  it.each([
    "token",
    "accessToken",
    "password",
    "OPENCODE_SERVER_PASSWORD",
    "apiKey",
    "api_key",
    "Cookie",
    "clientSecret",
  ])("are taken out of the field %s, however deep", (name) => {
    const text = JSON.stringify(redactValue({ a: [{ [name]: canary }], [name]: { inner: canary } }));
    expect(text).not.toContain(canary);
  });

  it("are taken out of errors and their causes' text", () => {
    expect(JSON.stringify(redactValue({ error: new Error(`no: Bearer ${canary}`) }))).not.toContain(canary);
  });

  it("leaves what is not secret as it is", () => {
    const facts = { port: 3000, url: "http://127.0.0.1:3000/a?b=c", ok: true, none: null, list: [1, "two"] };
    expect(redactValue(facts)).toEqual(facts);
  });
});

describe("facts of any shape", () => {
  it("become JSON: cycles, depth, big numbers, functions and __proto__ included", () => {
    const cycle: Record<string, unknown> = { name: "loop" };
    cycle["self"] = cycle;
    expect(redactValue(cycle)).toEqual({ name: "loop", self: "[cycle]" });
    expect(redactValue({ big: 10n, run: () => 1 })).toEqual({ big: "10", run: "[function]" });
    expect(JSON.stringify(redactValue({ a: { b: { c: { d: { e: { f: 1 } } } } } }))).toContain("[deep]");
    redactValue(JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("are never too long and never throw", () => {
    assert(
      property(anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }), (value) => {
        expect(() => JSON.stringify(redactValue({ value }))).not.toThrow();
      }),
      { numRuns: 500 },
    );
    expect(redactText("x".repeat(100_000)).length).toBeLessThan(5_000);
  });
});
