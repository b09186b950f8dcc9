/**
 * `kill -9` of the real server under several managers: how long until health answers again. Each round goes through all of
 * them; theirs gets a port and a password from us. Ours is measured to "running", which is later and means more: strangers
 * are refused, health answers, and the event stream is connected.
 */
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorld, until } from "../support/opencode-world.ts";
import { authorization, bareEnvironment, startBare, untilHealthy } from "./bare-server.ts";
import { median, printFigure, round, summarize } from "./figures.ts";
import { builtGuardian, freePort, opencodeBinary, pause, processesOf } from "./machine.ts";
import { findPeers, type Peer } from "./peers.ts";

const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 10);
/** Long enough for supervisord's second of `startsecs`, before which it counts an end as a failed start. */
const UP_MS = 1_500;

const folder = mkdtempSync(join(tmpdir(), "deckhand-bench-crash-"));
const world = openWorld({ guardianPath: builtGuardian, binary: opencodeBinary, password: "bench" });

async function crashOurs(): Promise<number> {
  const { pid } = await world.server.start();
  await pause(UP_MS);
  if (pid === null) throw new Error("a running server has no process");
  const begun = performance.now();
  process.kill(pid, "SIGKILL");
  await until("running again", () => {
    const now = world.server.status();
    return now.state === "running" && now.pid !== pid;
  });
  const ms = performance.now() - begun;
  await world.server.stop();
  return ms;
}

async function crashOf(peer: Peer, index: number): Promise<number> {
  const port = await freePort();
  const marker = `deckhand-bench-${process.pid}-${index}-${peer.name.replaceAll(" ", "-")}`;
  const cwd = join(folder, `${index}-${peer.name}`.replaceAll(" ", "-"));
  mkdirSync(cwd, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  const env = { ...bareEnvironment(world.environment, url, "bench"), BENCH_MARKER: marker };
  const argv = [opencodeBinary, "serve", "--port", String(port), "--hostname", "127.0.0.1"] as const;
  const managed = await peer.start([{ argv: [...argv], cwd, env }], join(cwd, "manager"), marker);
  try {
    await untilHealthy(url, authorization("bench"), 20);
    await pause(UP_MS);
    const managers = managed.managers();
    const pid = processesOf(marker, opencodeBinary, "serve", String(port)).find((each) => !managers.includes(each));
    if (pid === undefined) throw new Error(`${peer.name} runs no server`);
    const begun = performance.now();
    process.kill(pid, "SIGKILL");
    // Its listener goes with it; before that an answer would be the old one's.
    await until("the end of the killed server", () => !isAlive(pid), 5_000);
    await untilHealthy(url, authorization("bench"));
    return performance.now() - begun;
  } finally {
    await managed.stop();
    for (const pid of processesOf(marker, opencodeBinary)) process.kill(pid, "SIGKILL");
  }
}

function isAlive(pid: number): boolean {
  return processesOf("", opencodeBinary).includes(pid);
}

const peers = findPeers();
const bare: number[] = [];
const ours: number[] = [];
const theirs = new Map(peers.map((peer) => [peer, [] as number[]]));
try {
  for (let index = -1; index < ROUNDS; index += 1) {
    const server = await startBare({ binary: opencodeBinary, cwd: world.directory, environment: world.environment });
    await server.stop();
    const mine = await crashOurs();
    const others = new Map<Peer, number>();
    for (const peer of peers) others.set(peer, await crashOf(peer, index + 1));
    // The first round warms up.
    if (index < 0) continue;
    bare.push(server.healthMs);
    ours.push(mine);
    for (const [peer, ms] of others) theirs.get(peer)?.push(ms);
  }
} finally {
  await world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const ratio = (list: readonly number[]) => round(median(list) / median(bare), 3);
const report = (name: string, list: readonly number[], more: Record<string, unknown> = {}) =>
  printFigure({ bench: "server-crash", name, unit: "ms", ...summarize(list), ratio: ratio(list), ...more });
report("bare: start to health", bare);
report("deckhand: running again", ours, {
  target: "median <= 1.10 x a bare start",
  met: ratio(ours) <= 1.1,
});
for (const [peer, list] of theirs) report(`${peer.name}: health again`, list, { note: peer.note });
