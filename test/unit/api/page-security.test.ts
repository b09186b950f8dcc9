import { describe, expect, it } from "vitest";
import { createNonce, pageHeaders, withNonce } from "../../../electron/api/page-security.ts";

function policy(connect: readonly string[], nonce = "abc"): Map<string, string> {
  const header = pageHeaders({ nonce, connect })["Content-Security-Policy"] ?? "";
  return new Map(header.split("; ").map((part) => [part.split(" ")[0]!, part.split(" ").slice(1).join(" ")]));
}

describe("the policy of the page", () => {
  it("allows no connection at all in the window", () => {
    expect(policy([]).get("connect-src")).toBe("'none'");
  });

  it("allows exactly the connections that a browser needs", () => {
    expect(policy(["'self'", "ws://127.0.0.1:4000"]).get("connect-src")).toBe("'self' ws://127.0.0.1:4000");
  });

  it("never allows inline scripts, eval, other origins or framing", () => {
    const directives = policy(["ws://127.0.0.1:4000"]);
    expect(directives.get("default-src")).toBe("'none'");
    expect(directives.get("script-src")).toBe("'self'");
    expect(directives.get("style-src")).toBe("'self' 'nonce-abc'");
    for (const name of ["base-uri", "form-action", "frame-ancestors", "object-src"]) {
      expect([name, directives.get(name)]).toEqual([name, "'none'"]);
    }
    expect(directives.get("img-src")).not.toMatch(/http|\*/);
    expect(Array.from(directives.values()).join(" ")).not.toMatch(/unsafe-eval|wasm|\*/);
  });

  it.each(["a'; script-src *", "a b", "", "a;b", "a\nb", 'a"b'])("refuses %j as a nonce", (nonce) => {
    expect(() => pageHeaders({ nonce, connect: [] })).toThrow("nonce");
  });

  it.each(["ws://x; script-src *", "a b", "", "a,b"])("refuses %j as a source", (source) => {
    expect(() => pageHeaders({ nonce: "abc", connect: [source] })).toThrow("source");
  });
});

describe("the nonce", () => {
  it("is 128 bits, never the same, and replaces every placeholder", () => {
    const nonces = new Set(Array.from({ length: 1_000 }, createNonce));
    expect(nonces.size).toBe(1_000);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{22}$/);
    expect(withNonce("__CSP_NONCE__ $& __CSP_NONCE__", "n")).toBe("n $& n");
  });
});
