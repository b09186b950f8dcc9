import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedServerSchema } from "#shared/schema/server.ts";
import { SharedServerFile } from "../../../../electron/core/opencode/shared-server.ts";

const registration = { url: "http://127.0.0.1:5000", pid: 4_321, version: "2.0.12", password: "very secret" };
let folder: string;
let path: string;
let shared: SharedServerFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-shared-"));
  path = join(folder, "service.json");
  shared = new SharedServerFile({ path, userId: process.getuid?.() ?? 0 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function register(value: object, mode = 0o600): void {
  writeFileSync(path, JSON.stringify(value));
  chmodSync(path, mode);
}

describe("what is told of the shared server", () => {
  it("is its address, process and version, and nothing else of the file", async () => {
    register({ ...registration, token: "very secret as well" });
    const found = await shared.find();
    expect(found).toEqual({ kind: "found", url: "http://127.0.0.1:5000", pid: 4_321, version: "2.0.12" });
    expect(sharedServerSchema.parse(found)).toEqual(found);
  });

  it("is that there is none, or why it is refused", async () => {
    expect(await shared.find()).toEqual({ kind: "none" });
    register(registration, 0o644);
    const refused = await shared.find();
    expect(refused).toEqual({ kind: "refused", reason: `${path} can be read or changed by others.` });
    expect(sharedServerSchema.parse(refused)).toEqual(refused);
  });
});

describe("the password of the shared server", () => {
  it("is the one that stands in the file at that moment", async () => {
    register(registration);
    expect(await shared.passwordOf(registration.url)).toBe("very secret");
    register({ ...registration, password: "another" });
    expect(await shared.passwordOf(registration.url)).toBe("another");
  });

  it.each([
    "http://127.0.0.1:5001",
    "http://127.0.0.2:5000",
    "http://localhost:5000",
    "http://127.0.0.1:5000/",
    "http://127.0.0.1:50000",
    "https://127.0.0.1:5000",
    "",
  ])("is not given for %j, which is not exactly the address in the file", async (url) => {
    register(registration);
    const error: unknown = await shared.passwordOf(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "opencode_settings",
      message: expect.stringContaining(registration.url),
      next: expect.any(String),
    });
    expect(JSON.stringify([error, String(error)])).not.toContain("very secret");
  });

  it("is not given for the address of earlier, once the file names another", async () => {
    register(registration);
    const found = await shared.find();
    register({ ...registration, url: "http://127.0.0.1:6000" });
    if (found.kind !== "found") throw new Error(found.kind);
    await expect(shared.passwordOf(found.url)).rejects.toMatchObject({ code: "opencode_settings" });
  });

  it("is not given where no server is registered, or its file may be read by others", async () => {
    await expect(shared.passwordOf(registration.url)).rejects.toMatchObject({
      code: "not_found",
      next: expect.any(String),
    });
    register(registration, 0o640);
    await expect(shared.passwordOf(registration.url)).rejects.toMatchObject({
      code: "opencode_settings",
      message: expect.stringContaining("can be read or changed by others"),
      next: expect.any(String),
    });
  });
});
