/** What is left when whoever started the services is killed without a chance to clean up: the real command line, as its own host. */
import { createServer } from "node:http";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { environmentStatusSchema } from "#shared/schema/environment.ts";
import type { ProcessList } from "#shared/schema/host.ts";
import { freePort } from "../support/environment-world.ts";
import { until } from "../support/until.ts";
import { createWorld, type World } from "../support/world.ts";

/** The promise: this long after the host is gone, so is everything it owned. */
const LIMIT_MS = 8_000;

let world: World;
let project = "";
let port = 0;
beforeEach(async () => {
  world = await createWorld();
  project = join(world.folder, "shop");
  mkdirSync(project);
  port = await freePort();
  const serve = `require("http").createServer((_, a) => a.end("shop")).listen(${port}, "127.0.0.1")`;
  writeFileSync(join(project, "server.cjs"), serve);
  // A dev server the way package managers start one: below a shell, with a helper in a session of its own.
  writeFileSync(
    join(project, "deckhand.yaml"),
    `version: 1\ndetect: false\nservices:\n  web: { command: "setsid sleep 984 & node server.cjs; true", ports: { http: ${port} } }\n`,
  );
});
afterEach(() => world.close());

/** The command line in the foreground as the host, with the shop up and reachable. */
async function serving(): Promise<{ readonly guardianPid: number; kill(): Promise<void> }> {
  const cli = world.start("serve");
  const gone = new Promise((resolve) => cli.once("exit", resolve));
  const list = async () => (await world.deckhand("ps", "--json")).json as ProcessList;
  await until("the host", 30_000, async () => (await list()).host);
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
  const up = await world.deckhand("up", project, "--detach", "--json");
  expect(up.code, up.stderr).toBe(0);
  expect(environmentStatusSchema.parse(up.json).phase).toBe("ready");
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("shop");
  const { host, processes } = await list();
  expect(host?.pid).toBe(cli.pid);
  return {
    guardianPid: processes.find(({ kind }) => kind === "guardian")?.pid ?? 0,
    async kill() {
      cli.kill("SIGKILL");
      await gone;
    },
  };
}

/** Whether the dev server's port can be listened on again. */
function isFree(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

test("environment case 44: `kill -9` of the command line leaves no dev server, no helper of it, and its port free", async () => {
  const { kill } = await serving();
  await kill();
  await until("the end of everything", LIMIT_MS, () => world.processes().length === 0);
  expect(await isFree()).toBe(true);
  expect(readdirSync(join(world.home, "leases")).filter((name) => name.endsWith(".json"))).toEqual([]);
});

test("environment case 44: `kill -9` of an `up` in the foreground stops what ran for it", async () => {
  const trusted = await world.deckhand("trust", project, "--yes");
  expect(trusted.code, trusted.stderr).toBe(0);
  const up = world.start("up", project);
  let said = "";
  up.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  up.stdout?.resume();
  await until("its readiness", 30_000, () => said.includes("Ctrl-C stops everything"));
  expect(await isFree()).toBe(false);
  up.kill("SIGKILL");
  await until("the end of the dev server", LIMIT_MS, isFree);
  await until("the end of its helper", LIMIT_MS, () =>
    world.processes().every(({ command }) => command.includes("headless.js") || command.includes("guardian.js")),
  );
  const audit = (await world.deckhand("audit", "--json")).json as { entries: { action: string }[] };
  expect(audit.entries.map(({ action }) => action)).toContain("stop");
});

test("environment case 44: an `up` that ends by itself leaves what it says it leaves", async () => {
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
  writeFileSync(join(project, "server.cjs"), "setInterval(() => undefined, 1_000)");
  const up = await world.deckhand("up", project, "--timeout", "2");
  expect([up.code, up.stderr.includes("not ready after 2 s")], up.stderr).toEqual([1, true]);
  const status = environmentStatusSchema.parse((await world.deckhand("status", project, "--json")).json);
  expect(status.services[0]).toMatchObject({ phase: "running", ready: false });
});

test("environment case 44: prune, where nobody was left to clean up the next start does it, and starts the same again", async () => {
  const { guardianPid, kill } = await serving();
  process.kill(guardianPid, "SIGKILL");
  await kill();
  expect(await isFree()).toBe(false);
  const left = world.processes().map(({ pid }) => pid);
  expect(left.length).toBeGreaterThanOrEqual(2);
  const up = await world.deckhand("up", project, "--detach", "--json");
  expect(up.code, up.stderr).toBe(0);
  const status = environmentStatusSchema.parse(up.json);
  expect(status.services.map(({ name, phase }) => [name, phase])).toEqual([["web", "running"]]);
  const now = new Set(world.processes().map(({ pid }) => pid));
  expect(left.filter((pid) => now.has(pid))).toEqual([]);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("shop");
});
