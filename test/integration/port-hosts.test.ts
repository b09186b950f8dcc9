/** Ports between two real hosts of one machine, and between two runs of one host. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { freePort, listen } from "../support/environment-world.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";

const top = resolve(import.meta.dirname, "../..");
let program: Awaited<ReturnType<typeof bundleProgram>>;
let base: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  program = await bundleProgram(join(top, "test/fixtures/services/port-host.ts"));
  // The native module is no part of the bundle.
  symlinkSync(join(top, "node_modules"), join(dirname(program.path), "node_modules"), "dir");
});
afterAll(() => program.remove());
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "deckhand-ports-"));
});
afterEach(async () => {
  await Promise.all([...children].map((child) => end(child)));
  rmSync(base, { recursive: true, force: true });
});

interface Host {
  readonly child: ChildProcess;
  readonly ports: number[];
}

/** Starts a host and waits for what it gives its services. */
async function host(home: string, workspace: string, port: number, count = 1): Promise<Host> {
  mkdirSync(join(base, home), { recursive: true });
  const args = [program.path, join(base, "machine"), join(base, home), workspace, String(port), String(count)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ports: (JSON.parse(line) as { ports: number[] }).ports };
  }
  throw new Error("the host gave nothing");
}

async function end(child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((done) => child.once("exit", done));
  if (signal === undefined) child.stdin?.end();
  else child.kill(signal);
  await exited;
}

test("environment case 40: two hosts with one base port, at the same time, never give the same to two services", async () => {
  const port = await freePort();
  const [one, two] = await Promise.all([host("a", "wsp_a", port, 10), host("b", "wsp_b", port, 10)]);
  expect(new Set([...one.ports, ...two.ports]).size).toBe(20);
  expect([...one.ports, ...two.ports]).toContain(port);
});

test("two hosts of which neither listens yet see what the other has given", async () => {
  const port = await freePort();
  const one = await host("a", "wsp_a", port);
  const two = await host("b", "wsp_b", port);
  expect(one.ports).toEqual([port]);
  expect(two.ports).not.toEqual([port]);
});

test("a host that is killed has nothing any more, whoever has its pid", async () => {
  const port = await freePort();
  const one = await host("a", "wsp_a", port);
  await end(one.child, "SIGKILL");
  expect((await host("b", "wsp_b", port)).ports).toEqual([port]);
});

test("the ports of a workspace are the same when its host is started again, also where it had to move", async () => {
  const port = await freePort();
  const first = await host("a", "wsp_a", port, 3);
  const second = await host("b", "wsp_b", port, 3);
  await Promise.all([end(first.child), end(second.child)]);
  // In the other order: who comes first does not get what the other one had.
  expect((await host("b", "wsp_b", port, 3)).ports).toEqual(second.ports);
  expect((await host("a", "wsp_a", port, 3)).ports).toEqual(first.ports);
});

test("what had to move because of a stranger comes back when the stranger is gone", async () => {
  const port = await freePort();
  const stranger = await listen(port);
  const moved = await host("a", "wsp_a", port);
  expect(moved.ports).not.toEqual([port]);
  await end(moved.child);
  // As long as the stranger is there, it moves to the same place.
  const again = await host("a", "wsp_a", port);
  expect(again.ports).toEqual(moved.ports);
  await end(again.child);
  await new Promise((done) => stranger.close(done));
  expect((await host("a", "wsp_a", port)).ports).toEqual([port]);
});

test("what was given is held against strangers until it is handed over", async () => {
  const port = await freePort();
  const one = await host("a", "wsp_a", port);
  await expect(listen(port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await expect(listen(port, "::1")).rejects.toMatchObject({ code: "EADDRINUSE" });
  await end(one.child);
  await new Promise((done) => listen(port).then((server) => server.close(done)));
});
