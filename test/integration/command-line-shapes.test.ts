/** `deckhand detect --json` of the built program, on every shape of project there is: services, order, ports, sources. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { detectionSchema, type Detection } from "#shared/schema/environment.ts";
import { expectedShape, shapeFolder, shapeNames, shapeOf } from "../support/shapes.ts";

const cli = resolve(import.meta.dirname, "../../out/main/cli.js");
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-shapes-"));
});
afterAll(() => rmSync(home, { recursive: true }));

function detectJson(directory: string): Promise<{ readonly code: number; readonly detection: Detection }> {
  // Nothing of the person's own environment, such as a PORT, may change what the files say.
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  return new Promise((resolveResult, reject) => {
    const child = execFile(
      process.execPath,
      [cli, "detect", directory, "--json", "--home", join(home, "home")],
      { cwd: home, env, timeout: 30_000 },
      (_, stdout) => {
        try {
          const detection = detectionSchema.parse(JSON.parse(stdout));
          resolveResult({ code: child.exitCode ?? -1, detection });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      },
    );
  });
}

describe("deckhand detect --json", () => {
  it.each(shapeNames)("%s", async (name) => {
    const { code, detection } = await detectJson(shapeFolder(name));
    expect(code).toBe(0);
    expect(shapeOf(name, detection)).toEqual(expectedShape(name));
  });

  it("has started no host and written nothing for any of them", () => expect(readdirSync(home)).toEqual([]));
});
