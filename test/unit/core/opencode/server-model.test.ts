/**
 * Random lives of a server: what people ask for and what goes wrong, in any order and at any time, on a clock moved by hand.
 * The server is real; its process, its answers and its event stream are made up, so that the truth is known.
 *
 * DECKHAND_MODEL_RUNS sets the number of lives, DECKHAND_MODEL_SEED repeats one series.
 */
import {
  asyncModelRun,
  asyncProperty,
  assert,
  commands,
  constant,
  constantFrom,
  integer,
  type AsyncCommand,
} from "fast-check";
import { expect, it } from "vitest";
import type { ServerState } from "#shared/schema/server.ts";
import { ServerWorld, settled, type Life } from "../../../support/server-world.ts";

const RUNS = Number(process.env["DECKHAND_MODEL_RUNS"] ?? 10_000);
const SEED = Number(process.env["DECKHAND_MODEL_SEED"] ?? Date.now() % 2 ** 31);

type Model = Record<string, never>;

/** One thing that happens. */
class Step implements AsyncCommand<Model, ServerWorld> {
  readonly #name: string;
  readonly #run: (world: ServerWorld) => unknown;

  constructor(name: string, run: (world: ServerWorld) => unknown) {
    this.#name = name;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  async run(_model: Model, world: ServerWorld): Promise<void> {
    await this.#run(world);
    await settled();
    expect(world.wrong).toEqual([]);
    expect(world.lives.size).toBeLessThanOrEqual(1);
  }

  toString(): string {
    return this.#name;
  }
}

const step = (name: string, run: (world: ServerWorld) => unknown) => constant(new Step(name, run));

/** Something happens to the process that runs, if one does. */
const fault = (name: string, change: (life: Life) => void) =>
  step(name, (world) => {
    const life = world.live;
    if (life === null) return;
    const had = life.streams;
    change(life);
    world.judge(life);
    if (had && !life.streams) life.listeners.onDisconnected("no bytes for 25 s");
    if (!had && life.streams) life.listeners.onConnected();
  });

function crash(world: ServerWorld): void {
  const life = world.live;
  if (life === null) return;
  life.ended = true;
  life.die({ code: null, signal: "SIGKILL" });
}

const steps = [
  step("start", (world) => world.ask("start")),
  step("stop", (world) => world.ask("stop")),
  step("restart", (world) => world.ask("restart")),
  step("crash", crash),
  integer({ min: 2, max: 4 }).map(
    (times) =>
      new Step(`crash ${times} times`, async (world) => {
        for (let left = times; left > 0; left -= 1) {
          crash(world);
          await world.clock.pass(3_000);
        }
      }),
  ),
  fault("stall", (life) => Object.assign(life, { answer: "hangs", streams: false })),
  fault("answers fail", (life) => (life.answer = "fails")),
  fault("answers hang", (life) => (life.answer = "hangs")),
  fault("stream breaks", (life) => (life.streams = false)),
  fault("401", (life) => (life.answer = "refuses")),
  fault("recover", (life) => Object.assign(life, { answer: "well", streams: true })),
  step("turn begins", (world) => (world.busy = true)),
  step("turn ends", (world) => (world.busy = false)),
  step("keep", (world) => world.server.keep()),
  constantFrom(30_000, 120_000, 3_600_000).map(
    (ms) =>
      new Step(`sleep ${ms}`, (world) => {
        world.clock.sleep(ms);
        world.live?.muteSince(world.clock.monotonic());
      }),
  ),
  step("resumed", (world) => {
    world.server.resumed();
    world.live?.muteSince(world.clock.monotonic());
  }),
  integer({ min: 1, max: 1_000 }).map((ms) => new Step(`wait ${ms}`, (world) => world.clock.pass(ms))),
  integer({ min: 1, max: 9 }).map(
    (count) => new Step(`wait ${count * 8_000}`, (world) => world.clock.pass(count * 8_000)),
  ),
];

/** Nothing more goes wrong, and everything under way comes to its end. */
async function calm(world: ServerWorld): Promise<void> {
  world.busy = false;
  for (let round = 0; round < 6; round += 1) {
    const life = world.live;
    if (life !== null && (life.answer !== "well" || !life.streams)) {
      const had = life.streams;
      Object.assign(life, { answer: "well", streams: true });
      world.judge(life);
      if (!had) life.listeners.onConnected();
    }
    await world.clock.pass(4_000);
  }
}

it(`keeps its promises through ${RUNS} random lives (seed ${SEED})`, { timeout: 300_000 }, async () => {
  const seen = new Set<ServerState>();
  await assert(
    asyncProperty(commands(steps, { maxCommands: 24 }), async (life) => {
      const world = new ServerWorld();
      world.server.onChange(({ state }) => seen.add(state));
      await asyncModelRun(() => ({ model: {}, real: world }), life);
      await calm(world);
      const { state, plan } = world.server.status();
      expect(world.wrong).toEqual([]);
      expect(world.asked.size).toBe(0);
      expect(plan).toBeNull();
      if (world.wanted === "down") expect(state).toBe("stopped");
      else expect(["running", "crashed", "gave_up"]).toContain(state);
      // What is shown is what is.
      expect(world.lives.size).toBe(state === "running" ? 1 : 0);
      expect(world.live === null).toBe(state !== "running");
      const closing = world.server.close();
      world.asked.add(closing);
      await world.clock.pass(1_000);
      await closing;
      expect([world.lives.size, world.clock.pending, world.server.status().state]).toEqual([0, 0, "stopped"]);
      expect(world.wrong).toEqual([]);
    }),
    { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 280_000, markInterruptAsFailure: true },
  );
  if (RUNS >= 1_000) {
    const all = [
      "starting",
      "waiting_ready",
      "running",
      "degraded",
      "auth",
      "stopping",
      "stopped",
      "crashed",
      "gave_up",
    ];
    expect([...seen].sort()).toEqual(all.sort());
  }
});
