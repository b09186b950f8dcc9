import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readServiceFile, serviceFilePath } from "../../../../electron/core/opencode/service-file.ts";

let folder: string;
let file: string;
const user = process.getuid?.() ?? 0;
const registration = { id: "1", url: "http://127.0.0.1:5000", pid: 4_321, version: "2.0.12", password: "secret" };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-service-"));
  file = join(folder, "service.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(value: unknown, mode = 0o600): void {
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value), { mode });
  chmodSync(file, mode);
}
const read = () => readServiceFile(file, user);

describe("readServiceFile", () => {
  it("finds a server of one's own", async () => {
    write(registration);
    expect(await read()).toEqual({
      kind: "found",
      url: "http://127.0.0.1:5000",
      pid: 4_321,
      version: "2.0.12",
      password: "secret",
    });
    write({ ...registration, version: undefined, url: "http://localhost:5000" });
    expect(await read()).toMatchObject({ url: "http://127.0.0.1:5000", version: null });
  });

  it("says that there is none", async () => {
    expect(await read()).toEqual({ kind: "none" });
  });

  it.each([0o644, 0o640, 0o602, 0o606, 0o660])("refuses a file with mode %o", async (mode) => {
    write(registration, mode);
    expect(await read()).toMatchObject({ kind: "refused", reason: `${file} can be read or changed by others.` });
  });

  it("refuses somebody else's file, a link, a folder, a pipe and what cannot be read", async () => {
    write(registration);
    expect(await readServiceFile(file, user + 1)).toMatchObject({ reason: `${file} belongs to somebody else.` });
    const link = join(folder, "link");
    symlinkSync(file, link);
    expect(await readServiceFile(link, user)).toMatchObject({ reason: `${link} is a link.` });
    const dir = join(folder, "dir");
    mkdirSync(dir, { mode: 0o700 });
    expect(await readServiceFile(dir, user)).toMatchObject({ reason: `${dir} is not a file.` });
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    expect(await readServiceFile(pipe, user)).toMatchObject({ reason: `${pipe} is not a file.` });
    expect(await readServiceFile(join(file, "below"), user)).toMatchObject({ kind: "refused" });
  });

  it.each<[string, unknown]>([
    ["is not valid JSON", "{half"],
    ["has an unexpected shape", "[]"],
    ["has an unexpected shape", { ...registration, pid: -1 }],
    ["has an unexpected shape", { ...registration, url: undefined }],
    ["names an address that is not one of this machine", { ...registration, url: "http://192.168.1.9:5000" }],
    ["names an address that is not one of this machine", { ...registration, url: "http://127.0.0.1:22" }],
    ["names an address that is not one of this machine", { ...registration, url: "http://127.0.0.1:5000@evil.com" }],
    ["names no password", { ...registration, password: undefined }],
    ["names no password", { ...registration, password: "" }],
    ["is too large", " ".repeat(64 * 1024 + 1)],
  ])("refuses a file that %s", async (reason, value) => {
    write(value);
    expect(await read()).toEqual({ kind: "refused", reason: `${file} ${reason}.` });
  });
});

describe("serviceFilePath", () => {
  it("lies in the folder of states, a relative one ignored", () => {
    expect(serviceFilePath({ XDG_STATE_HOME: "/s" }, "/h")).toBe("/s/opencode/service.json");
    for (const env of [{}, { XDG_STATE_HOME: "s" }, { XDG_STATE_HOME: "" }])
      expect(serviceFilePath(env, "/h")).toBe("/h/.local/state/opencode/service.json");
  });
});
