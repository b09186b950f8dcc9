/**
 * S01, as often as wanted: a host with two servers, a command of an agent running in one of them, is killed at a random moment,
 * every third time while all of that is still starting. `npm run faults -- --rounds 500 host-killed-often` is the proof that is published.
 *
 * What makes a round quick: the scripted model and OpenCode's folders are shared by all rounds, both servers are started at
 * once, and the host is spoken to over its own protocol instead of by the command line.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeAll, expect } from "vitest";
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { connectToHost } from "../../electron/cli/host-connection.ts";
import { homeIdOf, parseMarker } from "../../electron/core/process/marker.ts";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { faultCase, type Stage } from "../support/fault-case.ts";
import { processesOf, top, worldEnvironment } from "../support/world.ts";

/** The promise: this long after the host is gone, so is everything it owned. In ms. */
const LIMIT_MS = 8_000;
/** The host is killed at most this long after the agent's command began, in ms. */
const INTO_COMMAND_MS = 1_000;
/** One round in so many is killed at any moment of its start; in the others everything runs by then. */
const STARTING_EVERY = 3;
/** From the start of the second server to the agent's command, at most; more is a failure of the start. In ms. */
const START_LIMIT_MS = 60_000;

const source = systemProcesses();
let shared: string;
let model: ScriptedModel;
/** What the rehearsal took from the start of the second server to the agent's command, in ms. */
let startMs = 0;
const rounds: { reached: string; goneMs: number }[] = [];

beforeAll(async () => {
  shared = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-often-")));
  model = await startScriptedModel();
  // The library of the store keeps descriptors from its first use on; the check of the state after a round is no leak.
  new Libsql(":memory:").close();
  seedConfiguration(join(shared, "xdg", "config", "opencode"));
});
afterAll(async () => {
  await model.close();
  rmSync(shared, { recursive: true, force: true, maxRetries: 5 });
  const gone = rounds.map(({ goneMs }) => goneMs).toSorted((a, b) => a - b);
  const count = (reached: string) => rounds.filter((round) => round.reached === reached).length;
  process.stdout.write(
    `${rounds.length} hosts killed, a third within ${Math.round(startMs)} ms of the second start, the others within ${INTO_COMMAND_MS} ms of everything running: ` +
      `${count("starting")} while servers started, ${count("running")} with a server up, ${count("command")} in an agent's command; ` +
      `everything gone after ${gone[Math.floor(gone.length / 2)]} ms (median), ${gone.at(-1)} ms (longest)\n`,
  );
});

faultCase(
  "S01",
  "a host with two servers and a running command, killed at any moment, leaves nothing within 8 s",
  async (stage) => {
    // The first round also finds out how long a start takes here, and warms OpenCode's folders.
    if (startMs === 0) startMs = await rehearse(stage);
    const host = await startHost(stage, stage.home);
    const reached = follow(host, sleepsOf(stage.round));
    const isStarting = stage.round % STARTING_EVERY === 0;
    if (!isStarting) await everythingRuns(stage, reached);
    const moment = stage.random() * (isStarting ? startMs : INTO_COMMAND_MS);
    await new Promise((resolve) => setTimeout(resolve, moment));
    const phase = commandsRunning(stage.round) === 2 ? "command" : reached.up > 0 ? "running" : "starting";
    const alive = (await marked(stage.home)).length;
    await kill(host.process);
    const start = performance.now();
    await stage.until("the end of everything the host owned", () => isGone(stage), LIMIT_MS);
    rounds.push({ reached: phase, goneMs: Math.round(performance.now() - start) });
    // Looked at once more: nothing may appear behind a look.
    expect(await isGone(stage)).toBe(true);
    if (phase === "command") expect(alive).toBeGreaterThanOrEqual(5);
    expect(readdirSync(join(stage.home, "leases")).filter((name) => name.endsWith(".json"))).toEqual([]);
  },
  { timeoutMs: START_LIMIT_MS + 2 * LIMIT_MS },
);

interface HostUnderTest {
  readonly process: ChildProcess;
  readonly client: Client;
  readonly workspaces: readonly WorkspaceId[];
}

/** A whole round whose host ends in order. Answers how long the agent's command took to begin. */
async function rehearse(stage: Stage): Promise<number> {
  const home = join(stage.root, "rehearsal");
  mkdirSync(home);
  const host = await startHost(stage, home);
  const began = performance.now();
  const reached = follow(host, sleepsOf(stage.round));
  await everythingRuns(stage, reached);
  const ms = performance.now() - began;
  const ended = new Promise((resolve) => host.process.once("exit", resolve));
  host.process.kill("SIGTERM");
  await ended;
  return ms;
}

/** Both servers are up and the agent's command runs. */
async function everythingRuns(stage: Stage, reached: ReturnType<typeof follow>): Promise<void> {
  await stage.until(
    "both servers and the agent's command",
    () => {
      if (reached.error !== null) throw reached.error;
      return reached.up === 2 && commandsRunning(stage.round) === 2;
    },
    START_LIMIT_MS,
  );
}

async function startHost(stage: Stage, home: string): Promise<HostUnderTest> {
  const config = { ...scriptedModelConfig(model.url), permission: { bash: "allow", edit: "allow" } };
  const env = {
    ...worldEnvironment(shared, model),
    DECKHAND_DEMO_CONFIG: JSON.stringify(config),
  };
  const child = spawn(process.execPath, [join(top, "out", "main", "headless.js"), "--home", home], {
    cwd: stage.root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  stage.defer(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await stage.until("the host", () => said.includes("deckhand ready"), 30_000);
  const { client } = await connectToHost(home);
  stage.defer(() => client.close());
  const workspaces = await Promise.all(
    ["one", "two"].map(async (name) => {
      const directory = join(stage.root, name);
      mkdirSync(directory, { recursive: true });
      const { workspace } = await client.call("project.open", { directory });
      const { contentHash } = await client.call("trust.review", { workspace });
      await client.call("trust.grant", { workspace, contentHash });
      return workspace;
    }),
  );
  return { process: child, client, workspaces };
}

/** Starts both servers and lets an agent run its command in the first; whatever the kill interrupts is meant to be. */
function follow({ client, workspaces }: HostUnderTest, [one, two]: readonly [string, string]) {
  const reached = { up: 0, error: null as Error | null };
  const [first, ...others] = workspaces.map(async (workspace) => {
    await client.call("server.start", { workspace });
    reached.up += 1;
    return workspace;
  });
  const work = async () => {
    const workspace = (await first) as WorkspaceId;
    const session = await client.call("session.create", { workspace, title: "to be killed" });
    await client.call("session.prompt", { workspace, session: session.id, text: `#bash ${one} & ${two}` });
  };
  for (const each of [work(), ...others]) {
    each.catch((error: unknown) => (reached.error ??= error instanceof Error ? error : new Error(String(error))));
  }
  return reached;
}

/** Two commands of this round that nobody else on the machine runs. */
function sleepsOf(round: number): readonly [string, string] {
  const base = 2 * (process.pid * 1_000 + round);
  return [`sleep ${base}`, `sleep ${base + 1}`];
}

function commandsRunning(round: number): number {
  const wanted = new Set(sleepsOf(round).map((command) => `${command.replace(" ", "\0")}\0`));
  let count = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (wanted.has(readFileSync(`/proc/${name}/cmdline`, "utf8"))) count += 1;
    } catch {
      // It ended while it was looked at.
    }
  }
  return count;
}

async function marked(home: string): Promise<number[]> {
  const homeId = homeIdOf(home);
  const table = await source.snapshot();
  return [...table.entries.keys()].filter((pid) => parseMarker(table.marker(pid) ?? "")?.homeId === homeId);
}

/** By the marker, by the commands, and by the folder of the stage in whatever a process was started with. */
async function isGone(stage: Stage): Promise<boolean> {
  return (
    (await marked(stage.home)).length === 0 &&
    commandsRunning(stage.round) === 0 &&
    processesOf(stage.root).length === 0
  );
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/**
 * OpenCode installs a package into every folder of its configuration, unless the lock file there names it: 50 MB and four
 * seconds of CPU that no round can wait for.
 */
function seedConfiguration(folder: string): void {
  const dependencies = { "@opencode-ai/plugin": opencodeVersion() };
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies }));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ name: "x", lockfileVersion: 3, packages: { "": { dependencies } } }),
  );
}

function opencodeVersion(): string {
  const { version } = JSON.parse(readFileSync(join(top, "node_modules", "opencode-ai", "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
