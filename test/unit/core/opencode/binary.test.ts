import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { BinaryFinder, searchPath } from "../../../../electron/core/opencode/binary.ts";
import { bundledBinaries, bundledPackages, thisMachine, unpacked } from "../../../../electron/core/opencode/bundled.ts";
import { KnownVersions } from "../../../../electron/core/opencode/known-versions.ts";
import { isRecentEnough } from "../../../../electron/core/opencode/version.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let root: string;
let workspace: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-binary-")));
  workspace = join(root, "workspace");
  mkdirSync(workspace);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A program named `opencode`; the body of a shell script. */
function program(folder: string, body: string, mode = 0o755): string {
  const path = join(root, folder, "opencode");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body.startsWith("#!") ? body : `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

const says = (version: string) => `echo ${version}`;

function find(options: { setting?: string; path?: string[]; bundled?: string[]; finder?: BinaryFinder }) {
  const finder = options.finder ?? new BinaryFinder({ clock: systemClock, bundled: () => options.bundled ?? [] });
  const environment = { PATH: (options.path ?? []).map((path) => dirname(path)).join(":") };
  return finder.find({ setting: options.setting ?? null, environment, workspace });
}

describe("a binary that the settings name", () => {
  it("is taken, also over a newer one on the PATH", async () => {
    const named = program("named", says("1.2.3"));
    expect(await find({ setting: named, path: [program("path", says("9.9.9"))] })).toEqual({
      path: named,
      source: "setting",
      version: "1.2.3",
      skipped: [],
    });
  });

  it.each([
    ["is not there", () => join(root, "nothing"), "opencode_missing"],
    ["is a relative path", () => "bin/opencode", "opencode_missing"],
    ["is a folder", () => root, "opencode_missing"],
    ["may not be run", () => program("named", says("1.2.3"), 0o644), "opencode_not_executable"],
    [
      "names an interpreter that is not there",
      () => program("named", "#!/no/such/interpreter\n"),
      "opencode_not_executable",
    ],
    ["ends with an error", () => program("named", "echo broken >&2; exit 3"), "opencode_not_executable"],
    ["is something else", () => program("named", "echo hello"), "opencode_not_executable"],
    ["is too old", () => program("named", says("1.0.215")), "opencode_too_old"],
  ])("%s: refused with what to do, and nothing else is taken instead", async (_, make, code) => {
    const bundled = [program("bundled", says("1.18.33"))];
    await expect(find({ setting: make(), bundled })).rejects.toMatchObject({
      code,
      next: expect.any(String) as string,
      details: { path: expect.any(String) as string },
    });
  });

  it("hangs: given up after its deadline, with all it started", async () => {
    const clock = new ManualClock();
    const finder = new BinaryFinder({ clock, bundled: () => [] });
    const hanging = find({ finder, setting: program("named", "sleep 300 & sleep 300") });
    const refused = expect(hanging).rejects.toMatchObject({
      code: "opencode_not_executable",
      message: expect.stringContaining("10 s") as string,
    });
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    await refused;
  });
});

describe("a binary that is searched", () => {
  it("is the first on the PATH that works; what was passed over is told", async () => {
    const old = program("old", says("1.0.100"));
    const broken = program("broken", "exit 1");
    const good = program("good", says("v1.5.0"));
    const found = await find({ path: [old, broken, good], bundled: [program("bundled", says("1.18.33"))] });
    expect(found).toMatchObject({ path: good, source: "path", version: "1.5.0" });
    expect(found.skipped).toEqual([expect.stringContaining("1.0.100"), expect.stringContaining("code 1")]);
  });

  it("is the bundled one where none of the PATH works", async () => {
    const bundled = program("bundled", says("1.18.33"));
    expect(
      await find({ path: [program("old", says("0.9.0"))], bundled: [join(root, "no/opencode"), bundled] }),
    ).toMatchObject({
      path: bundled,
      source: "bundled",
    });
  });

  it("is missing, or says why the last one cannot be used", async () => {
    await expect(find({})).rejects.toMatchObject({ code: "opencode_missing" });
    await expect(find({ path: [program("old", says("1.0.0"))] })).rejects.toMatchObject({
      code: "opencode_too_old",
      details: { skipped: [expect.stringContaining("1.0.0")] },
    });
  });

  it("is asked for its version once, and again when the file is another one", async () => {
    const counter = join(root, "count");
    const path = program("path", `echo x >> ${counter}; echo 1.2.3`);
    const finder = new BinaryFinder({ clock: systemClock, bundled: () => [] });
    await find({ finder, path: [path] });
    await find({ finder, path: [path] });
    program("path", `echo x >> ${counter}; echo 1.10.30`);
    expect((await find({ finder, path: [path] })).version).toBe("1.10.30");
    expect(readFileSync(counter, "utf8")).toBe("x\nx\n");
  });

  it("is not asked again by the next host, unless the file was replaced by one that looks the same", async () => {
    const counter = join(root, "count");
    const file = join(root, "opencode-versions.json");
    const text = (version: string) => `echo x >> ${counter}; echo ${version}`;
    const path = program("path", text("1.2.3"));
    const asNpmDates = () => utimesSync(path, 499_162_500, 499_162_500);
    asNpmDates();
    const nextHost = () => {
      const versions = new KnownVersions({ file, logger: silentLogger });
      return new BinaryFinder({ clock: systemClock, bundled: () => [], versions });
    };
    for (let index = 0; index < 3; index += 1) {
      expect((await find({ finder: nextHost(), path: [path] })).version).toBe("1.2.3");
    }
    expect(readFileSync(counter, "utf8")).toBe("x\n");
    rmSync(path);
    program("path", text("1.2.4"));
    asNpmDates();
    expect((await find({ finder: nextHost(), path: [path] })).version).toBe("1.2.4");
  });

  it.each(["", "{}", '[["a"]]', "\u0000", "x".repeat(300_000)])(
    "is asked where what is remembered is no list",
    async (text) => {
      const file = join(root, "opencode-versions.json");
      writeFileSync(file, text);
      const versions = new KnownVersions({ file, logger: silentLogger });
      const finder = new BinaryFinder({ clock: systemClock, bundled: () => [], versions });
      expect((await find({ finder, path: [program("path", says("1.2.3"))] })).version).toBe("1.2.3");
    },
  );

  it("is asked also where its version cannot be remembered", async () => {
    const versions = new KnownVersions({ file: join(root, "no", "folder"), logger: silentLogger });
    const finder = new BinaryFinder({ clock: systemClock, bundled: () => [], versions });
    expect((await find({ finder, path: [program("path", says("1.2.3"))] })).version).toBe("1.2.3");
  });

  it("remembers no more than it needs", () => {
    const versions = new KnownVersions({ file: null, logger: silentLogger });
    const stats = statSync(root);
    for (let index = 0; index < 100; index += 1) versions.add(`/bin/${index}`, stats, "1.2.3");
    expect([versions.of("/bin/0", stats), versions.of("/bin/99", stats)]).toEqual([null, "1.2.3"]);
  });

  it("is known by its package where it is the last of ours, and refused by it too", async () => {
    const bundled = program("package/bin", "exit 1");
    const manifest = (text: string) => writeFileSync(join(root, "package", "package.json"), text);
    manifest('{"name":"opencode-linux-x64","version":"1.18.33"}');
    expect(await find({ bundled: [bundled] })).toMatchObject({ source: "bundled", version: "1.18.33" });
    await expect(find({ bundled: [bundled, bundled + "-baseline"] })).rejects.toBeDefined();
    manifest('{"name":"opencode-linux-x64","version":"1.0.1"}');
    await expect(find({ bundled: [bundled] })).rejects.toMatchObject({ code: "opencode_too_old" });
    for (const strange of ["[]", "null", "{", '{"name":"other","version":"1.18.33"}', '{"name":1,"version":2}']) {
      manifest(strange);
      await expect(find({ bundled: [bundled] })).rejects.toMatchObject({ code: "opencode_not_executable" });
    }
  });

  it("never comes from the workspace: not by its folders, not by a link, not by a relative entry", () => {
    const inside = join(workspace, "node_modules/.bin");
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, "opencode"), "");
    writeFileSync(join(workspace, "opencode"), "");
    const linked = join(root, "linked");
    mkdirSync(linked);
    symlinkSync(join(inside, "opencode"), join(linked, "opencode"));
    symlinkSync(inside, join(root, "folder-link"));
    const sibling = program("workspace-2", "");
    const dotted = join(workspace, "..hidden");
    mkdirSync(dotted);
    writeFileSync(join(dotted, "opencode"), "");
    const path = [
      "",
      ".",
      "node_modules/.bin",
      workspace,
      inside,
      linked,
      join(root, "folder-link"),
      dotted,
      dirname(sibling),
    ];
    expect(searchPath(path.join(":"), workspace)).toEqual([sibling]);
  });
});

describe("the bundled binary", () => {
  it("is the one for the machine, the plain build only where the processor can run it", () => {
    const machine = { platform: "linux", arch: "x64", avx2: true, musl: false } as const;
    expect(bundledPackages(machine)).toEqual(["opencode-linux-x64", "opencode-linux-x64-baseline"]);
    expect(bundledPackages({ ...machine, avx2: false })).toEqual(["opencode-linux-x64-baseline"]);
    expect(bundledPackages({ ...machine, avx2: false, musl: true })).toEqual(["opencode-linux-x64-baseline-musl"]);
    expect(bundledPackages({ ...machine, arch: "arm64", musl: true })).toEqual(["opencode-linux-arm64-musl"]);
    expect(bundledPackages({ ...machine, platform: "darwin", arch: "arm64" })).toEqual(["opencode-darwin-arm64"]);
  });

  it("is found beside us and lies outside the archive of a packaged app", () => {
    expect(bundledBinaries(thisMachine())[0]).toMatch(/node_modules\/opencode-[a-z0-9-]+\/bin\/opencode$/);
    expect(unpacked("/a/app.asar/node_modules/x/bin/opencode")).toBe(
      "/a/app.asar.unpacked/node_modules/x/bin/opencode",
    );
    expect(unpacked("/a/app.asar.unpacked/x")).toBe("/a/app.asar.unpacked/x");
  });
});

it.each([
  ["1.1.0", true],
  ["1.1.0-beta.2", true],
  ["1.10.0", true],
  ["2.0.0", true],
  ["1.0.999", false],
  ["0.99.0", false],
  ["1.1", true],
])("version %s is recent enough: %s", (version, expected) => {
  expect(isRecentEnough(version, "1.1.0")).toBe(expected);
});
