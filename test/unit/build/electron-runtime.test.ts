import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

type Found = { program: string } | { reason: string };
type Env = Record<string, string | undefined>;
const runtime = await importBuildScript<{
  findRuntime(options: { top: string; env: Env; say: (line: string) => void }): Promise<Found>;
  installedRuntime(options: { top: string; env: Env }): Found | null;
  programIn(folder: string, platform: string): string;
  sandboxTrouble(options: {
    program: string;
    platform: string;
    user: number;
    read: (path: string) => string | null;
  }): string | null;
}>("electron-runtime.mjs");

let top = "";
const servers: Server[] = [];
const sockets: Socket[] = [];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "deckhand-runtime-"));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(top, { recursive: true });
});

function program(path: string): string {
  const full = join(top, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, "");
  chmodSync(full, 0o755);
  return full;
}

/** A port on which nobody answers: connections are taken and nothing is ever said. */
async function silentServer(): Promise<number> {
  const server = createServer((socket) => sockets.push(socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const find = (env: Env) => runtime.findRuntime({ top, env, say: () => undefined });

describe("finding an Electron runtime", () => {
  it("takes the folder that ELECTRON_OVERRIDE_DIST_PATH names", async () => {
    const found = program("own/electron");
    program("node_modules/electron/dist/electron");
    writeFileSync(join(top, "node_modules/electron/path.txt"), "electron");
    if (process.platform !== "linux") return;
    expect(await find({ ELECTRON_OVERRIDE_DIST_PATH: join(top, "own") })).toEqual({ program: found });
  });

  it("says so when that folder holds none, instead of looking elsewhere", async () => {
    expect(await find({ ELECTRON_OVERRIDE_DIST_PATH: join(top, "empty") })).toEqual({
      reason: expect.stringContaining("ELECTRON_OVERRIDE_DIST_PATH names") as string,
    });
  });

  it("takes what the npm package has downloaded", async () => {
    const found = program("node_modules/electron/dist/electron");
    writeFileSync(join(top, "node_modules/electron/path.txt"), "electron\n");
    expect(await find({})).toEqual({ program: found });
  });

  it("asks the download site and gives up at once when it cannot be reached", async () => {
    // Port 1 of this machine: nobody listens there.
    expect(await find({ ELECTRON_MIRROR: "http://127.0.0.1:1/" })).toEqual({
      reason: "no Electron runtime is installed and 127.0.0.1:1 cannot be reached",
    });
  });

  it("waits 1.5 s for a site that takes the call and says nothing", async () => {
    const port = await silentServer();
    const started = performance.now();
    expect(await find({ ELECTRON_MIRROR: `http://127.0.0.1:${port}/` })).toEqual({
      reason: `no Electron runtime is installed and 127.0.0.1:${port} did not answer within 1.5 s`,
    });
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it("names a mirror that is no address", async () => {
    expect(await find({ ELECTRON_MIRROR: "nonsense" })).toEqual({
      reason: 'no Electron runtime is installed and "nonsense" is no address to download it from',
    });
  });

  it("knows the program's place on each platform", () => {
    expect(runtime.programIn("/dist", "linux")).toBe("/dist/electron");
    expect(runtime.programIn("/dist", "darwin")).toBe("/dist/Electron.app/Contents/MacOS/Electron");
  });
});

describe("the sandbox of the window", () => {
  const trouble = (closed: string | null, more: object = {}) =>
    runtime.sandboxTrouble({
      program: join(top, "electron"),
      platform: "linux",
      user: 1_000,
      read: (path) => (closed !== null && path.endsWith(closed.split("=")[0]!) ? closed.split("=")[1]! : null),
      ...more,
    });

  it.each(["apparmor_restrict_unprivileged_userns=1", "unprivileged_userns_clone=0", "max_user_namespaces=0"])(
    "is in trouble where the system has %s",
    (setting) => expect(trouble(setting)).toContain(setting.replace("=", " is ")),
  );

  it("is in none elsewhere, on macOS and for root", () => {
    expect(trouble(null)).toBeNull();
    expect(trouble("apparmor_restrict_unprivileged_userns=0")).toBeNull();
    expect(trouble("max_user_namespaces=0", { platform: "darwin" })).toBeNull();
    expect(trouble("max_user_namespaces=0", { user: 0 })).toBeNull();
  });
});
