/**
 * From the word "start" until everything is ready: 20 services in 5 levels and 100 in 10, each of which opens its port after a
 * known time and needs the whole level before. As a ratio to the critical path, the sum of the slowest of each level, in which
 * not even the start of a process is counted. Beside it a script that waits for ports, as patient as wait-on and with hardly
 * any pause, and docker compose with the smaller graph.
 */
import { join } from "node:path";
import { openStand, type Ours, type Stand } from "./environment-stand.ts";
import { median, printFigure, round, say, summarize } from "./figures.ts";
import { pause } from "./machine.ts";
import { criticalPathMs, levels, type SmallService } from "./small-service.ts";
import { composeObstacle, composeUpMs, startWaitScript } from "./start-peers.ts";

const BENCH = "environment-start";
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 5);
const MAX_RATIO = 1.1;
const GRAPHS = [
  { count: 20, depth: 5, compose: true },
  // Containers take a second of both cores each: with a hundred the engine is measured, not the order.
  { count: 100, depth: 10, compose: false },
] as const;
/** wait-on's own default between two looks. Its window, in which a port must stay open, is left out in its favour. */
const WAIT_ON_MS = 250;
const EAGER_MS = 10;
/** Between two turns, so that what has just ended is gone. */
const REST_MS = 500;

interface Turn {
  readonly name: string;
  readonly note?: string;
  run(): Promise<number>;
}

async function ours(project: Ours, stand: Stand, count: number): Promise<number> {
  stand.beats.forget();
  const begun = performance.now();
  const ready = project.until(
    "everything ready",
    (status) => status.phase === "ready" && status.services.length === count,
  );
  await project.start();
  await ready;
  const ms = performance.now() - begun;
  const opened = new Set(stand.beats.seen.filter((beat) => beat.what === "open").map((beat) => beat.name));
  if (opened.size !== count) throw new Error(`ready is said with ${opened.size} of ${count} ports open`);
  await project.stop();
  return ms;
}

async function theScript(stand: Stand, services: readonly SmallService[], interval: number): Promise<number> {
  const portOf = new Map(services.map(({ name, port }) => [name, port]));
  const jobs = stand.jobs(services).map((job, index) => ({
    ...job,
    ports: (services[index]?.needs ?? []).map((name) => portOf.get(name) ?? 0),
  }));
  stand.beats.forget();
  const begun = performance.now();
  const end = startWaitScript(jobs, join(stand.host.folder, `wait-${interval}`), interval);
  try {
    return (await stand.beats.allOpen(services.length)) - begun;
  } finally {
    await end();
    await stand.endSurvivors();
  }
}

const stand = await openStand();
try {
  const obstacle = composeObstacle();
  if (obstacle !== null) say(`Not compared with docker compose: ${obstacle}.`);
  for (const { count, depth, compose } of GRAPHS) {
    const services = await levels(count, depth);
    const critical = criticalPathMs(services);
    const project = await stand.project(`graph-${count}`, services);
    const turns: Turn[] = [
      { name: "deckhand", run: () => ours(project, stand, count) },
      {
        name: `script, looks every ${WAIT_ON_MS} ms`,
        note: "until the last port is open; it does not know that itself",
        run: () => theScript(stand, services, WAIT_ON_MS),
      },
      {
        name: `script, looks every ${EAGER_MS} ms`,
        note: "the same",
        run: () => theScript(stand, services, EAGER_MS),
      },
    ];
    if (compose && obstacle === null)
      turns.push({
        name: "docker compose",
        note: "containers",
        run: () => composeUpMs(services, join(stand.host.folder, "compose"), `${stand.marker}-start`),
      });
    const taken = new Map(turns.map((turn) => [turn, [] as number[]]));
    // The first round warms up: the login shell is asked, programs come from the disk.
    for (let index = -1; index < ROUNDS; index += 1) {
      for (const turn of turns) {
        const ms = await turn.run();
        if (index >= 0) taken.get(turn)?.push(ms);
        await pause(REST_MS);
      }
    }
    for (const [{ name, note }, list] of taken) {
      const ratio = round(median(list) / critical, 3);
      printFigure({
        bench: BENCH,
        name: `${name}: ${count} services in ${depth} levels`,
        unit: "ms",
        ...summarize(list),
        criticalPathMs: critical,
        ratio,
        ...(note === undefined ? {} : { note }),
        ...(name === "deckhand"
          ? { target: `median <= ${MAX_RATIO} x the critical path`, met: ratio <= MAX_RATIO }
          : {}),
      });
    }
  }
} finally {
  await stand.close();
}
