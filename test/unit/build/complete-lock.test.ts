import { describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

type Lock = { packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }> };
const { completeLock } = await importBuildScript<{ completeLock(lock: Lock): string[] }>("complete-lock.mjs");

describe("completing the lock", () => {
  it("adds what is missing with the platform its name says, in npm's order, and is done after once", () => {
    const lock: Lock = {
      packages: {
        "": {},
        "node_modules/agent": {
          version: "1.2.3",
          optionalDependencies: {
            "agent-linux-x64": "1.2.3",
            "agent-linux-x64-musl": "1.2.3",
            "@agent/win32-arm64": "1.2.3",
            "agent-darwin-arm64": "1.2.3",
          },
        },
        "node_modules/agent-linux-x64": { version: "1.2.3" },
        "node_modules/zebra": { version: "1.0.0" },
      },
    };
    expect(completeLock(lock)).toEqual(["agent-linux-x64-musl", "@agent/win32-arm64", "agent-darwin-arm64"]);
    expect(Object.keys(lock.packages)).toEqual([
      "",
      "node_modules/@agent/win32-arm64",
      "node_modules/agent",
      "node_modules/agent-darwin-arm64",
      "node_modules/agent-linux-x64",
      "node_modules/agent-linux-x64-musl",
      "node_modules/zebra",
    ]);
    expect(lock.packages["node_modules/agent-linux-x64-musl"]).toEqual({
      version: "1.2.3",
      cpu: ["x64"],
      libc: ["musl"],
      optional: true,
      os: ["linux"],
    });
    expect(lock.packages["node_modules/@agent/win32-arm64"]).toMatchObject({ os: ["win32"], cpu: ["arm64"] });
    expect(completeLock(lock)).toEqual([]);
  });

  it("finds what is installed next to the package, or above it", () => {
    const lock: Lock = {
      packages: {
        "node_modules/a": {},
        "node_modules/a/node_modules/b": { optionalDependencies: { one: "1.0.0", two: "1.0.0", three: "1.0.0" } },
        "node_modules/a/node_modules/b/node_modules/one": {},
        "node_modules/a/node_modules/two": {},
        "node_modules/three": {},
      },
    };
    expect(completeLock(lock)).toEqual([]);
  });

  it.each([
    ["agent-linux-x64", "^1.2.3"],
    ["agent-extra", "1.2.3"],
    ["agent-x64", "1.2.3"],
  ])("refuses to guess about %s@%s", (name, version) => {
    const lock: Lock = { packages: { "node_modules/agent": { optionalDependencies: { [name]: version } } } };
    expect(() => completeLock(lock)).toThrow(name);
  });
});
