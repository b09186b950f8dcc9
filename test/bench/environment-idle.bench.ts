/**
 * What 20 and 100 healthy services cost while nothing happens: CPU of the whole headless host and its guardian, probes
 * included, with nobody looking; and how long `environment.status` takes with them. Beside it the managers that are here with
 * the same services, which check no health. DECKHAND_BENCH_SECONDS (60) is how long each is watched.
 */
import { join } from "node:path";
import { managersOf, openStand, type Stand } from "./environment-stand.ts";
import { median, printFigure, quantile, round } from "./figures.ts";
import { costOf, pause } from "./machine.ts";
import { findPeers, type Peer } from "./peers.ts";
import { levels, type SmallService } from "./small-service.ts";

const BENCH = "environment-idle";
const SECONDS = Number(process.env["DECKHAND_BENCH_SECONDS"] ?? 60);
/** In percent of one core. */
const STATES = [
  { count: 20, depth: 5, maxCpu: 0.3 },
  { count: 100, depth: 10, maxCpu: 1 },
] as const;
const STATUS_CALLS = 500;
const MAX_STATUS_MS = 10;
/** Between two calls, so that each is one of its own. */
const STATUS_PAUSE_MS = 10;
/** After the last start: probes come at their calmer pace after a minute, and garbage of the start is collected by then. */
const SETTLE_MS = 65_000;

/** Percent of one core. */
async function idleCpu(pids: readonly number[]): Promise<number> {
  await pause(SETTLE_MS);
  const cpu = () => pids.reduce((sum, pid) => sum + costOf(pid).cpuMs, 0);
  const begun = performance.now();
  const before = cpu();
  await pause(SECONDS * 1_000);
  return (100 * (cpu() - before)) / (performance.now() - begun);
}

async function ours(stand: Stand, services: readonly SmallService[], maxCpu: number): Promise<void> {
  const count = services.length;
  const project = await stand.project(`idle-${count}`, services);
  await project.start();
  await project.until("everything ready", (status) => status.phase === "ready");
  try {
    await stand.host.look();
    const cpu = round(await idleCpu(managersOf(stand)), 3);
    printFigure({
      bench: BENCH,
      name: `deckhand, the whole headless host: ${count} services`,
      seconds: SECONDS,
      cpuPercent: cpu,
      target: `<= ${maxCpu} % of a core`,
      met: cpu <= maxCpu,
    });
    const calls: number[] = [];
    for (let call = 0; call < STATUS_CALLS; call += 1) {
      const begun = performance.now();
      const { services: told } = await project.status();
      calls.push(performance.now() - begun);
      if (told.length !== count) throw new Error(`status tells of ${told.length} services`);
      await pause(STATUS_PAUSE_MS);
    }
    const p95 = round(quantile(calls, 0.95), 1);
    printFigure({
      bench: BENCH,
      name: `status of ${count} services`,
      unit: "ms",
      calls: STATUS_CALLS,
      p50: round(median(calls), 1),
      p95,
      target: `p95 <= ${MAX_STATUS_MS} ms`,
      met: p95 <= MAX_STATUS_MS,
    });
  } finally {
    await project.stop();
  }
}

async function theirs(stand: Stand, services: readonly SmallService[], peer: Peer, label: string): Promise<void> {
  stand.beats.forget();
  const name = `idle-${label}-${services.length}`;
  const managed = await peer.start(stand.jobs(services), join(stand.host.folder, name), `${stand.marker}-${name}`);
  try {
    await stand.beats.allOpen(services.length);
    const cpu = await idleCpu(managed.managers());
    printFigure({
      bench: BENCH,
      name: `${peer.name}: ${services.length} services`,
      seconds: SECONDS,
      cpuPercent: round(cpu, 3),
      note: peer.note,
    });
  } finally {
    await managed.stop();
    await stand.endSurvivors();
  }
}

const stand = await openStand();
try {
  for (const { count, depth, maxCpu } of STATES) {
    const services = await levels(count, depth);
    await ours(stand, services, maxCpu);
    for (const [index, peer] of findPeers().entries()) await theirs(stand, services, peer, String(index));
  }
} finally {
  await stand.close();
}
