/** A server that somebody else started: used, watched, looked for, and never ended. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { fakeOpencode, type Fault } from "../fakes/fake-opencode/fake-opencode.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { openWorld, until, type World } from "../support/opencode-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
const worlds: World[] = [];
const children: ChildProcess[] = [];
beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
  for (const child of children.splice(0)) await end(child);
});
afterAll(() => guardian.remove());

function open(): World {
  const world = openWorld({ guardianPath: guardian.path });
  worlds.push(world);
  return world;
}

/** Starts one the way a person would. Resolves when it listens. */
async function theirs(world: World, port: number, fault: Fault = {}): Promise<ChildProcess> {
  const binary = fakeOpencode(join(world.root, "theirs"), fault);
  const child = spawn(process.execPath, [binary, "serve", "--port", String(port), "--hostname", "127.0.0.1"], {
    env: { OPENCODE_SERVER_PASSWORD: "of theirs", OPENCODE_SERVER_USERNAME: "opencode" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it("is used in place of ours, and left as it is", async () => {
  const world = open();
  const port = await freePort();
  const child = await theirs(world, port);
  const adopted = await world.server.adopt({ url: `http://127.0.0.1:${port}/`, password: "of theirs" });
  expect(adopted).toMatchObject({
    state: "running",
    ownership: "adopted",
    port,
    pid: null,
    protocol: 1,
    failure: null,
  });
  expect(world.server.client()?.url).toBe(`http://127.0.0.1:${port}`);
  expect(world.keeper.list()).toEqual([]);
  expect((await world.server.restart()).ownership).toBe("adopted");
  expect(await world.server.stop()).toMatchObject({ state: "stopped", ownership: "owned", url: null });
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  expect(world.book.secrets).toContain("of theirs");
});

it("is not adopted with a wrong password, from another machine, or where nobody is", async () => {
  const world = open();
  const port = await freePort();
  const child = await theirs(world, port);
  const url = `http://127.0.0.1:${port}`;
  await expect(world.server.adopt({ url, password: "wrong" })).rejects.toMatchObject({
    code: "opencode_auth",
    next: expect.stringContaining("OPENCODE_SERVER_PASSWORD") as string,
  });
  await expect(world.server.adopt({ url: "http://10.0.0.1:4096", password: "x" })).rejects.toMatchObject({
    code: "opencode_settings",
  });
  await expect(
    world.server.adopt({ url: `http://127.0.0.1:${await freePort()}`, password: "x" }),
  ).rejects.toMatchObject({
    code: "opencode_unreachable",
    // Not "restart the server": it is none of ours.
    next: expect.stringContaining("adopt it again") as string,
  });
  await world.server.stop();
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
});

it("says so when no event comes", { timeout: 30_000 }, async () => {
  const world = open();
  const port = await freePort();
  await theirs(world, port, { serve: "silent" });
  await expect(world.server.adopt({ url: `http://127.0.0.1:${port}`, password: "of theirs" })).rejects.toMatchObject({
    code: "opencode_no_events",
  });
});

it("is looked for when it is gone, and found when it is there again", { timeout: 90_000 }, async () => {
  const world = openWorld({ guardianPath: guardian.path, settings: { failuresBeforeRestart: 1 } });
  worlds.push(world);
  const port = await freePort();
  const first = await theirs(world, port);
  await world.server.adopt({ url: `http://127.0.0.1:${port}`, password: "of theirs" });
  await end(first);
  await until("the loss", () => world.server.status().state === "crashed", 30_000);
  expect(world.server.status()).toMatchObject({
    ownership: "adopted",
    failure: { next: expect.any(String) as string },
  });
  await theirs(world, port);
  await until("the return", () => world.server.status().state === "running", 60_000);
  expect(world.server.status()).toMatchObject({ ownership: "adopted", failure: null });
  expect(world.keeper.list()).toEqual([]);
});
