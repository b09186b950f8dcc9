/**
 * Start, crash and stop of a server of ours beside a bare `opencode serve` in the same folders, in turns within each round:
 * the real binary, no network, a warm disk. DECKHAND_BENCH_ROUNDS changes the number of rounds.
 */
import { openWorld, until } from "../support/opencode-world.ts";
import { startBare } from "./bare-server.ts";
import { median, printFigure, round, say, summarize } from "./figures.ts";
import { builtGuardian, opencodeBinary, pause } from "./machine.ts";

const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 15);
/** The first starts fill caches of the disk, of OpenCode's folders and of our own code. */
const WARM_UP = 2;
/** After an end, until the next start: the kernel gives some hundred MB back. */
const SETTLE_MS = 300;

const samples = {
  bareListening: [] as number[],
  bareHealth: [] as number[],
  bareStart: [] as number[],
  bareStop: [] as number[],
  start: [] as number[],
  crash: [] as number[],
  stop: [] as number[],
};
const started = performance.now();
const world = openWorld({ guardianPath: builtGuardian, binary: opencodeBinary });
let firstStart = 0;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  return ms;
}

async function bareRound(): Promise<void> {
  const bare = await startBare({ binary: opencodeBinary, cwd: world.directory, environment: world.environment });
  samples.bareListening.push(bare.listeningMs);
  samples.bareHealth.push(bare.healthMs);
  samples.bareStart.push(Math.max(bare.healthMs, bare.eventMs));
  await pause(SETTLE_MS);
  samples.bareStop.push(await timed(() => bare.stop()));
  await pause(SETTLE_MS);
}

async function ourRound(): Promise<void> {
  samples.start.push(await timed(() => world.server.start()));
  await pause(SETTLE_MS);
  const { pid } = world.server.status();
  if (pid === null) throw new Error("a running server has no process");
  samples.crash.push(
    await timed(async () => {
      process.kill(pid, "SIGKILL");
      await until("another process that runs", () => {
        const now = world.server.status();
        return now.state === "running" && now.pid !== pid;
      });
    }),
  );
  await pause(SETTLE_MS);
  samples.stop.push(await timed(() => world.server.stop()));
  await pause(SETTLE_MS);
}

try {
  firstStart = await timed(() => world.server.start());
  await world.server.stop();
  for (let index = 0; index < WARM_UP; index += 1) {
    await bareRound();
    await ourRound();
  }
  for (const list of Object.values(samples)) list.length = 0;
  for (let index = 0; index < ROUNDS; index += 1) {
    // Whoever comes second in a round may find a warmer machine.
    if (index % 2 === 0) await bareRound();
    await ourRound();
    if (index % 2 === 1) await bareRound();
  }
} finally {
  await world.close();
}

const bare = median(samples.bareStart);
const against = (ours: readonly number[]) => round(median(ours) / bare, 3);
const report = (name: string, list: readonly number[], more: Record<string, unknown> = {}) =>
  printFigure({ bench: "server-life", name, unit: "ms", ...summarize(list), ...more });

report("bare: listening", samples.bareListening);
report("bare: health answers", samples.bareHealth);
report("bare: health and first event", samples.bareStart);
report("start to running", samples.start, {
  ratio: against(samples.start),
  target: "median <= 1.05 x bare",
  met: against(samples.start) <= 1.05,
});
printFigure({
  bench: "server-life",
  name: "first start of a host, binary's version asked too",
  unit: "ms",
  value: round(firstStart),
});
report("kill -9 to running again", samples.crash, {
  ratio: against(samples.crash),
  target: "median <= 1.10 x a bare start",
  met: against(samples.crash) <= 1.1,
});
report("bare: SIGTERM to exit", samples.bareStop);
report("stop, verified empty", samples.stop, { target: "median <= 300 ms", met: median(samples.stop) <= 300 });
say(`server-life took ${round((performance.now() - started) / 1_000)} s.`);
