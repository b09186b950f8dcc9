import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

const { staleReason, markBuilt } = await importBuildScript<{
  staleReason(top: string): string | null;
  markBuilt(top: string, startedAt: number): void;
}>("stale.mjs");

const HOUR = 3_600_000;
const start = Date.UTC(2026, 0, 1);
let top = "";

function touch(path: string, at: number): void {
  utimesSync(join(top, path), new Date(at), new Date(at));
}

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "deckhand-stale-"));
  for (const file of ["electron/core/a.ts", "renderer/b.tsx", "shared/c.ts", "package-lock.json", "README.md"]) {
    mkdirSync(dirname(join(top, file)), { recursive: true });
    writeFileSync(join(top, file), "");
    touch(file, start);
  }
  mkdirSync(join(top, "out"));
  for (const folder of ["electron/core", "electron", "renderer", "shared"]) touch(folder, start);
});
afterEach(() => rmSync(top, { recursive: true }));

describe("whether a build is needed", () => {
  it("is clear when nothing is built", () => {
    expect(staleReason(top)).toBe("nothing is built yet");
  });

  it("is denied right after a build", () => {
    markBuilt(top, start + HOUR);
    expect(staleReason(top)).toBeNull();
  });

  it.each(["electron/core/a.ts", "renderer/b.tsx", "shared/c.ts", "package-lock.json"])(
    "follows a change of %s",
    (file) => {
      markBuilt(top, start + HOUR);
      touch(file, start + 2 * HOUR);
      expect(staleReason(top)).toBe(`${file} has changed`);
    },
  );

  it("follows a new and a removed file", () => {
    markBuilt(top, start + HOUR);
    rmSync(join(top, "electron/core/a.ts"));
    expect(staleReason(top)).toBe("electron/core has changed");
  });

  it("takes an edit during the build for newer than the build", () => {
    touch("shared/c.ts", start + HOUR + 500);
    markBuilt(top, start + HOUR);
    expect(staleReason(top)).toBe("shared/c.ts has changed");
  });

  it("does not care about anything else", () => {
    markBuilt(top, start + HOUR);
    touch("README.md", start + 2 * HOUR);
    expect(staleReason(top)).toBeNull();
  });
});
