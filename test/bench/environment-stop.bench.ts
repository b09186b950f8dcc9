/**
 * The stop of 20 services in 5 levels, each of which has left one of four kinds of process behind itself, until the manager
 * says that all is over; and who lives on at that moment. Managers without an order end all at once, which is quicker and
 * takes the database from under whoever still writes to it.
 *
 * The grace is the usual one of ten seconds: what ignores SIGTERM and has lost its parent is not waited for.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStand, type Stand } from "./environment-stand.ts";
import { median, printFigure, summarize } from "./figures.ts";
import { pause } from "./machine.ts";
import { findPeers } from "./peers.ts";
import { levels, treeShapes, type SmallService } from "./small-service.ts";

const BENCH = "environment-stop";
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 5);
const COUNT = 20;
const DEPTH = 5;
const MAX_MS = 1_000;
/** Every service has started all of its tree when its port is open; a grandchild needs a moment longer. */
const GROW_MS = 300;

interface Stop {
  readonly ms: number;
  readonly survivors: number;
}

async function stopOf(stand: Stand, what: { start(): Promise<void>; stop(): Promise<void> }): Promise<Stop> {
  stand.beats.forget();
  await what.start();
  await stand.beats.allOpen(COUNT);
  await pause(GROW_MS);
  const grown = stand.survivors().length;
  if (grown < processes) throw new Error(`only ${grown} of ${processes} processes have grown`);
  const begun = performance.now();
  await what.stop();
  const ms = performance.now() - begun;
  // What is killed and not yet collected by its parent is nobody any more.
  const survivors = stand.survivors().filter((pid) => !isZombie(pid)).length;
  await stand.endSurvivors();
  return { ms, survivors };
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    // It has ended meanwhile.
    return true;
  }
}

const shapeOf = (index: number) => treeShapes[index % treeShapes.length] ?? "child";
const sizes = { child: 2, grandchild: 3, setsid: 2, stubborn: 3 } as const;
const processes = Array.from({ length: COUNT }, (_, index) => sizes[shapeOf(index)]).reduce((a, b) => a + b, 0);

function report(name: string, stops: readonly Stop[], more: Record<string, unknown>): void {
  printFigure({
    bench: BENCH,
    name: `${name}: ${COUNT} services, ${processes} processes`,
    unit: "ms",
    ...summarize(stops.map((stop) => stop.ms)),
    survivors: Math.max(...stops.map((stop) => stop.survivors)),
    ...more,
  });
}

const stand = await openStand();
try {
  const services: SmallService[] = await levels(COUNT, DEPTH, shapeOf);
  const project = await stand.project("stop", services);
  const ours = {
    async start() {
      await project.start();
      await project.until("everything ready", (status) => status.phase === "ready");
    },
    stop: () => project.stop(),
  };
  const turns = [
    { name: "deckhand", note: "the levels in reverse, a grace of ten seconds", run: () => stopOf(stand, ours) },
    ...findPeers().map((peer, index) => ({
      name: peer.name,
      note: "all at once",
      run() {
        const folder = join(stand.host.folder, `peer${index}`);
        const started = { stop: () => Promise.resolve() };
        return stopOf(stand, {
          async start() {
            const managed = await peer.start(stand.jobs(services), folder, `${stand.marker}-stop-${index}`);
            started.stop = () => managed.stop();
          },
          stop: () => started.stop(),
        });
      },
    })),
  ];
  const stops = new Map(turns.map((turn) => [turn, [] as Stop[]]));
  for (let index = -1; index < ROUNDS; index += 1) {
    for (const turn of turns) {
      const stop = await turn.run();
      if (index >= 0) stops.get(turn)?.push(stop);
    }
  }
  for (const [{ name, note }, list] of stops) {
    const met = median(list.map((stop) => stop.ms)) <= MAX_MS && list.every((stop) => stop.survivors === 0);
    const target = { target: `median <= ${MAX_MS} ms, 0 survivors`, met };
    report(name, list, { note, ...(name === "deckhand" ? target : {}) });
  }
} finally {
  await stand.close();
}
