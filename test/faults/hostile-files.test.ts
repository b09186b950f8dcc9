/** D: files of a project that are broken or meant to do harm are told of, with their place, and the host lives on. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { faultCase, variantsOf } from "../support/fault-case.ts";
import type { Stage } from "../support/fault-stage.ts";

/** What detection says of a folder with these files beside a sound Procfile, and that it does not take long over it. */
async function told(stage: Stage, files: Record<string, string | Buffer | { link: string }>) {
  const folder = join(stage.root, "project");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "Procfile"), "sound: sleep 600\n");
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(join(folder, name), content);
    else symlinkSync(content.link, join(folder, name));
  }
  const began = performance.now();
  const { detection } = await detect({ directory: folder, profile: "dev" });
  expect(performance.now() - began).toBeLessThan(2_000);
  // The rest of the project is as usable as before.
  expect(detection.services.map(({ name }) => name)).toContain("sound");
  return detection;
}

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"]
  .map((key, index) => `${key}: &${key} [${`*${"abcdefg"[index]},`.repeat(9)}]`)
  .join("\n")}\nservices: {}`;
const badYaml = [
  ["a bomb of aliases", bomb],
  ["five thousand brackets", `services: ${"[".repeat(5_000)}`],
  ["ten megabytes", "x".repeat(10 * 1024 * 1024)],
  ["tabs", "services:\n\ta:\n\t\timage: x\n"],
  ["a key twice", "services:\n  a: { image: x }\n  a: { image: y }\n"],
  ["a merge of itself", "services: &s\n  <<: *s\n  a: { image: x }\n"],
] as const;

faultCase(
  "D04",
  "compose files that are bombs, too deep, too large or not YAML: a problem in two seconds",
  async (stage) => {
    for (const [, [what, text]] of variantsOf(stage, badYaml)) {
      const { problems } = await told(stage, { "compose.yaml": text });
      const found = problems.find(({ source, severity }) => source.startsWith("compose.yaml") && severity === "error");
      // A map that is merged into itself says nothing new, and may be read.
      if (what !== "a merge of itself") expect(found, `${what}: ${JSON.stringify(problems)}`).toBeDefined();
    }
  },
);

const badPackages = [
  ["scripts that are a list", '{"scripts":["dev"]}', false],
  ["a script that is a number", '{"scripts":{"dev":1}}', false],
  ["no JSON", "{", true],
  ["five megabytes", `{"scripts":{"dev":"${"x".repeat(5 * 1024 * 1024)}"}}`, true],
  ["a link out of the folder", { link: "/etc/hostname" }, true],
] as const;

faultCase(
  "D07",
  "a package.json with a BOM is read; one that is broken, too large or a link is left out with its reason",
  async (stage) => {
    for (const [, [what, content, isProblem]] of variantsOf(stage, badPackages)) {
      const { problems, services } = await told(stage, { "package.json": content });
      expect(services.map(({ name }) => name)).toEqual(["sound"]);
      const found = problems.some(({ source }) => source.startsWith("package.json"));
      if (isProblem) expect(found, `${what}: ${JSON.stringify(problems)}`).toBe(true);
    }
    const { services } = await told(stage, { "package.json": '\uFEFF{"scripts":{"dev":"node server.js"}}' });
    expect(services.map(({ name }) => name)).toContain("dev");
  },
);
