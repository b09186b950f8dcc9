import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerWithPage, findPageFile } from "../../../electron/api/page-files.ts";

let parent = "";
let folder = "";

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "deckhand-page-"));
  folder = join(parent, "page");
  mkdirSync(join(folder, "assets"), { recursive: true });
  mkdirSync(join(folder, "folder.js"));
  writeFileSync(join(folder, "index.html"), '<meta nonce="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style>');
  writeFileSync(join(folder, "assets", "main-a1B2_c3.js"), "run()");
  writeFileSync(join(folder, "assets", "font.woff2"), "font");
  writeFileSync(join(folder, "notes.md"), "not part of a page");
  writeFileSync(join(folder, ".env.js"), "hidden");
  writeFileSync(join(parent, "secret.js"), "secret");
  symlinkSync(join(parent, "secret.js"), join(folder, "link.js"));
  symlinkSync(parent, join(folder, "up"));
  symlinkSync(join(folder, "loop.js"), join(folder, "loop.js"));
  symlinkSync(join(folder, "assets", "main-a1B2_c3.js"), join(folder, "inside.js"));
});

afterAll(() => rmSync(parent, { recursive: true }));

describe("finding a file of the page", () => {
  it.each([
    ["/", "index.html", "text/html; charset=utf-8", false],
    ["/index.html", "index.html", "text/html; charset=utf-8", false],
    ["/assets/main-a1B2_c3.js", "assets/main-a1B2_c3.js", "text/javascript; charset=utf-8", true],
    ["/assets/font.woff2", "assets/font.woff2", "font/woff2", true],
    ["/inside.js", "assets/main-a1B2_c3.js", "text/javascript; charset=utf-8", false],
  ])("serves %s", async (pathname, path, type, immutable) => {
    expect(await findPageFile(folder, pathname)).toEqual({ path: join(folder, path), type, immutable });
  });

  it.each([
    "/../secret.js",
    "/..%2fsecret.js",
    "/..%2Fsecret.js",
    "/%2e%2e/secret.js",
    "/%2e%2e%2fsecret.js",
    "/%252e%252e%252fsecret.js",
    "/assets/../../secret.js",
    "/assets/..%2f..%2fsecret.js",
    "/..%5csecret.js",
    "/..\\secret.js",
    "/%5c..%5csecret.js",
    "//secret.js",
    "/./index.html",
    "/index.html%00.js",
    "/%00",
    "/index.html\u0000",
    "/link.js",
    "/up/secret.js",
    "/loop.js",
    "/folder.js",
    "/assets",
    "/assets/",
    "/notes.md",
    "/.env.js",
    "/index.html/more.js",
    "/missing.js",
    "/%",
    "/%E0%A4%A",
    "/%c0%ae%c0%ae/secret.js",
    "/C:%5csecret.js",
    "/file:secret.js",
    `/${"a".repeat(600)}.js`,
    `/${"a/".repeat(250)}a.js`,
    "index.html",
    "",
    "/\u202egnp.js",
    "/~/secret.js/..",
  ])("has nothing at %j", async (pathname) => {
    expect(await findPageFile(folder, pathname)).toBeNull();
  });

  it("has nothing when the folder itself is missing", async () => {
    expect(await findPageFile(join(parent, "nowhere"), "/")).toBeNull();
  });
});

describe("the answer to a request for the page", () => {
  const ask = (method: string, pathname: string) => answerWithPage({ folder, connect: [] }, { method, pathname });

  it("puts a fresh nonce into the document and into its policy, and keeps the document nowhere", async () => {
    const [one, other] = [await ask("GET", "/"), await ask("GET", "/")];
    const text = await one.text();
    const nonce = /nonce="([^"]+)"/.exec(text)?.[1] ?? "";
    expect(text).toBe(`<meta nonce="${nonce}"><style nonce="${nonce}"></style>`);
    expect(one.headers.get("Content-Security-Policy")).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(one.headers.get("Cache-Control")).toBe("no-store");
    expect(await other.text()).not.toContain(nonce);
  });

  it("keeps what carries a hash in its name", async () => {
    const answer = await ask("GET", "/assets/main-a1B2_c3.js");
    expect(await answer.text()).toBe("run()");
    expect(answer.headers.get("Cache-Control")).toContain("immutable");
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
  });

  it("answers 404 with the same headers for what is not there", async () => {
    const answer = await ask("GET", "/..%2fsecret.js");
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain("secret");
    expect(answer.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  it("gives the head alone to HEAD, and refuses to change anything", async () => {
    expect([(await ask("HEAD", "/")).status, await (await ask("HEAD", "/")).text()]).toEqual([200, ""]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await ask(method, "/");
      expect([method, answer.status, answer.headers.get("Allow")]).toEqual([method, 405, "GET, HEAD"]);
    }
  });
});
