/** S: hosts that quit, are told to quit twice, fall over a fault of their own, or meet another one in the same home. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeAll, expect } from "vitest";
import type { Client } from "#shared/client.ts";
import { connectToHost } from "../../electron/cli/host-connection.ts";
import { AppError } from "../../electron/core/lib/error.ts";
import { homeIdOf, parseMarker } from "../../electron/core/process/marker.ts";
import { acquireHostLock } from "../../electron/core/store/host-lock.ts";
import { faultCase } from "../support/fault-case.ts";
import { environmentOn } from "../support/fault-environment.ts";
import { begin, isAlive, program, programs, source } from "../support/fault-programs.ts";
import type { Stage } from "../support/fault-stage.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";
import { top } from "../support/world.ts";

let quitter: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  quitter = await bundleProgram(join(programs, "quitting-owner.ts"));
  // The library of the store keeps descriptors from its first use on; the check of the state after a round is no leak.
  new Libsql(":memory:").close();
});
afterAll(() => quitter.remove());

interface Ended {
  readonly code: number | null;
  readonly ms: number;
}

/** Runs a program; `ended` tells how it ended and how long after `since`. */
async function run(stage: Stage, argv: readonly string[], ready: string) {
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", HOME: stage.root },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  let began = 0;
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code, ms: performance.now() - began }));
  });
  stage.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });
  await stage.until("the program", () => said.includes(ready) || child.exitCode !== null, 20_000);
  const signal = (name: NodeJS.Signals) => {
    began ||= performance.now();
    child.kill(name);
  };
  return { child, signal, ended, said: () => said };
}

async function marked(home: string): Promise<number[]> {
  const table = await source.snapshot();
  return [...table.entries.keys()].filter((pid) => parseMarker(table.marker(pid) ?? "")?.homeId === homeIdOf(home));
}

const headless = (home: string) => [join(top, "out", "main", "headless.js"), "--home", home];

/** A host with one service that takes no notice of signals, up. */
async function hostWithService(stage: Stage, node: readonly string[] = []) {
  const host = await run(stage, [...node, ...headless(stage.home)], "deckhand ready");
  expect(host.said()).toContain("deckhand ready");
  const { client } = await connectToHost(stage.home);
  stage.defer(() => client.close());
  const directory = join(stage.root, "project");
  mkdirSync(directory);
  writeFileSync(join(directory, "Procfile"), `web: exec ${program("process-stubborn.mjs").join(" ")}\n`);
  await startAll(client, directory);
  const service = await stage.until("the service", async () => (await marked(stage.home))[0], 20_000);
  return { ...host, service };
}

async function startAll(client: Client, directory: string): Promise<void> {
  const { workspace } = await client.call("project.open", { directory });
  const { contentHash } = await client.call("trust.review", { workspace });
  await client.call("trust.grant", { workspace, contentHash });
  await client.call("environment.start", { workspace, server: false });
}

faultCase(
  "S07",
  "a second host of the same home is refused, whatever files it finds; the first goes on",
  async (stage) => {
    const first = await run(stage, headless(stage.home), "deckhand ready");
    rmSync(join(stage.home, "host.json"));
    const second = await run(stage, headless(stage.home), "Another Deckhand host");
    expect((await second.ended).code).toBe(4);
    expect(second.said()).toContain("Another Deckhand host owns");
    expect(isAlive(first.child.pid ?? 0)).toBe(true);
    first.signal("SIGTERM");
    await first.ended;
    expect(acquireHostLock(join(stage.home, "host.lock"))?.release()).toBeUndefined();
  },
  { maxRounds: 10 },
);

faultCase(
  "S07",
  "what a living run owns is left alone by every other, also where the lock file was deleted",
  async (stage) => {
    const held = acquireHostLock(join(stage.home, "host.lock"));
    expect(held).not.toBeNull();
    expect(acquireHostLock(join(stage.home, "host.lock"))).toBeNull();
    const { owned } = await begin(stage, ["sleep", "600"]);
    rmSync(join(stage.home, "host.lock"));
    const report = await stage.openKeeper().settle();
    expect(report).toMatchObject({ ended: [], survivors: [], foreign: [owned.id] });
    expect(isAlive(owned.pid)).toBe(true);
    held?.release();
  },
);

faultCase(
  "S13",
  "an environment that is stopped while a service waits to be tried again starts nothing later",
  async (stage) => {
    const play = environmentOn(stage, { speed: 20 });
    const service = play.start({ name: "web", argv: ["sh", "-c", "exit 1"] });
    await stage.until("the wait", () => service().phase === "backoff");
    await new Promise((resolve) => setTimeout(resolve, stage.random() * 25));
    await play.environment.close();
    const started = stage.starts.length;
    // Twenty times as fast: 500 ms of a delay are 25 ms.
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(stage.starts).toHaveLength(started);
  },
);

faultCase(
  "S13",
  "a keeper that closes while starts are under way owns nothing afterwards, and starts nothing later",
  async (stage) => {
    const all = Array.from({ length: 6 }, () => begin(stage, ["sleep", "600"]));
    const settled = Promise.allSettled(all);
    await new Promise((resolve) => setTimeout(resolve, stage.random() * 12));
    await stage.keeper.close();
    for (const result of await settled) {
      if (result.status === "fulfilled") expect(isAlive(result.value.owned.pid)).toBe(false);
      else
        expect(result.reason instanceof AppError ? result.reason.code : (result.reason as Error).name).toMatch(
          /cancelled|AbortError/,
        );
    }
    await expect(begin(stage, ["true"])).rejects.toMatchObject({ code: "cancelled" });
    expect(await marked(stage.home)).toEqual([]);
  },
);

faultCase(
  "S14",
  "signals while it quits, and a cleanup that fails: it ends once, in order, with everything it owned",
  async (stage) => {
    const host = await run(stage, [quitter.path, stage.home, stage.guardianPath, programs, "0.4"], "ready");
    host.signal("SIGTERM");
    for (const name of ["SIGINT", "SIGHUP", "SIGTERM"] as const) {
      await new Promise((resolve) => setTimeout(resolve, stage.random() * 150));
      host.signal(name);
    }
    const { ms } = await host.ended;
    expect(ms).toBeLessThan(10_000);
    expect(await marked(stage.home)).toEqual([]);
    expect(readdirSync(join(stage.home, "leases"))).toEqual([]);
  },
  { maxRounds: 30 },
);

faultCase(
  "S14",
  "a cleanup that never ends: the process is gone after 10 s, and its guardian finishes",
  async (stage) => {
    const argv = [quitter.path, stage.home, stage.guardianPath, programs, "0.4", "--hang"];
    const host = await run(stage, argv, "ready");
    host.signal("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 200));
    host.signal("SIGINT");
    const { code, ms } = await stage.until("the end", () => host.ended, 15_000);
    expect(code).toBe(1);
    expect(ms).toBeGreaterThan(9_900);
    expect(ms).toBeLessThan(11_000);
    await stage.until("the guardian's work", async () => (await marked(stage.home)).length === 0, 8_000);
  },
  { maxRounds: 1, timeoutMs: 40_000 },
);

for (const [what, code] of [
  ["an uncaught exception", "process.on('SIGUSR2', () => { throw new Error('injected fault') })"],
  ["an unhandled rejection", "process.on('SIGUSR2', () => { Promise.reject(new Error('injected fault')) })"],
] as const) {
  faultCase(
    "S15",
    `${what} in the host: logged, everything ended, and it ends with 1`,
    async (stage) => {
      const host = await hostWithService(stage, ["--import", `data:text/javascript,${encodeURIComponent(code)}`]);
      host.signal("SIGUSR2");
      host.signal("SIGUSR2");
      const { code: exitCode, ms } = await stage.until("the end", () => host.ended, 15_000);
      expect(exitCode, host.said()).toBe(1);
      expect(ms).toBeLessThan(11_500);
      expect(host.said()).toContain("injected fault");
      const log = join(stage.home, "logs", "app");
      expect(
        readdirSync(log)
          .map((name) => readFileSync(join(log, name), "utf8"))
          .join(),
      ).toContain(what);
      await stage.until("the end of the service", async () => (await marked(stage.home)).length === 0, 8_000);
    },
    { maxRounds: 3, timeoutMs: 60_000 },
  );
}
