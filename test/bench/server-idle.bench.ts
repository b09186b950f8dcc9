/**
 * What managing costs while nothing happens: CPU and memory of the managing process with 0, 1 and 4 idle servers, by a line
 * through the three. Ours is the whole headless host, with everything else it does; beside it the managers that are here.
 * DECKHAND_BENCH_SECONDS (60) is how long each state is watched.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorization, bareEnvironment, untilHealthy } from "./bare-server.ts";
import { printFigure, round, slope } from "./figures.ts";
import { openHostWorld } from "./host-world.ts";
import { costOf, freePort, opencodeBinary, pause } from "./machine.ts";
import { findPeers, type Job, type Peer } from "./peers.ts";

const SECONDS = Number(process.env["DECKHAND_BENCH_SECONDS"] ?? 60);
const SERVERS = [0, 1, 4] as const;
/** After the last start: connections are idle, garbage of the start is collected. */
const SETTLE_MS = 5_000;
const MAX_CPU_PERCENT = 0.1;
const MAX_MB = 3;
const MB = 1024 * 1024;

interface Cost {
  readonly servers: number;
  /** Percent of one core. */
  readonly cpu: number;
  readonly mb: number;
}

/** @param pids Of the managers. @param collect Lets go of garbage, where that can be asked for. */
async function watchIdle(servers: number, pids: readonly number[], collect: () => Promise<unknown>): Promise<Cost> {
  await pause(SETTLE_MS);
  await collect();
  const cpu = () => pids.reduce((sum, pid) => sum + costOf(pid).cpuMs, 0);
  const begun = performance.now();
  const before = cpu();
  await pause(SECONDS * 1_000);
  const used = cpu() - before;
  const elapsed = performance.now() - begun;
  await collect();
  const bytes = pids.reduce((sum, pid) => sum + costOf(pid).rssBytes, 0);
  return { servers, cpu: (100 * used) / elapsed, mb: bytes / MB };
}

async function ours(): Promise<Cost[]> {
  const host = await openHostWorld();
  const costs: Cost[] = [];
  let running = 0;
  try {
    await host.client.call("settings.change", { opencodeBinary });
    for (const servers of SERVERS) {
      for (; running < servers; running += 1) {
        const { workspace } = await host.openProject(`project${running}`);
        await host.client.call("server.start", { workspace });
      }
      costs.push(await watchIdle(servers, [host.pid], () => host.look()));
    }
  } finally {
    await host.close();
  }
  return costs;
}

async function theirs(peer: Peer): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const servers of SERVERS) {
    const folder = mkdtempSync(join(tmpdir(), "deckhand-bench-idle-"));
    const marker = folder;
    const jobs: Job[] = [];
    const urls: string[] = [];
    for (let index = 0; index < servers; index += 1) {
      const cwd = join(folder, `project${index}`);
      mkdirSync(cwd);
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const base = { ...foldersIn(folder), PATH: process.env["PATH"] ?? "" };
      const env = { ...bareEnvironment(base, url, "bench"), BENCH_MARKER: marker };
      jobs.push({ argv: [opencodeBinary, "serve", "--port", String(port), "--hostname", "127.0.0.1"], cwd, env });
      urls.push(url);
    }
    const managed = await peer.start(jobs, join(folder, "manager"), marker);
    try {
      for (const url of urls) await untilHealthy(url, authorization("bench"), 50);
      costs.push(await watchIdle(servers, managed.managers(), () => Promise.resolve()));
    } finally {
      await managed.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return costs;
}

function foldersIn(folder: string): Record<string, string> {
  return {
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_STATE_HOME: join(folder, "state"),
    XDG_CACHE_HOME: join(folder, "cache"),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
  };
}

function report(name: string, costs: readonly Cost[], ourTarget: boolean): void {
  const rise = (pick: (cost: Cost) => number) => slope(costs.map((cost) => ({ x: cost.servers, y: pick(cost) })));
  const cpu = round(
    rise((cost) => cost.cpu),
    3,
  );
  const mb = round(
    rise((cost) => cost.mb),
    2,
  );
  const states = costs.map((cost) => ({ servers: cost.servers, cpu: round(cost.cpu, 3), mb: round(cost.mb, 1) }));
  printFigure({
    bench: "server-idle",
    name,
    seconds: SECONDS,
    states,
    cpuPercentPerServer: cpu,
    mbPerServer: mb,
    ...(ourTarget
      ? {
          target: `<= ${MAX_CPU_PERCENT} % of a core and <= ${MAX_MB} MB for each server`,
          met: cpu <= MAX_CPU_PERCENT && mb <= MAX_MB,
        }
      : {}),
  });
}

report("deckhand, the whole headless host", await ours(), true);
for (const peer of findPeers()) report(peer.name, await theirs(peer), false);
